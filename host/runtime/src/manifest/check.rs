//! What a manifest must hold to, beyond its shape.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use super::{CaptureSource, FieldRule, Kind, Manifest, Place};
use crate::origin::OriginPattern;

/// The longest manifest that is read, in bytes: a plugin describes itself, it doesn't ship data.
const LONGEST: usize = 256 * 1024;

/// The most kinds, fields of a kind, and captures. Each may have a pattern, which is compiled when the plugin is loaded.
const MOST_KINDS: usize = 32;
const MOST_FIELDS: usize = 16;
const MOST_CAPTURES: usize = 32;

/// The most broken rules that are told: enough to work on, and no flood for a log.
const MOST_BROKEN: usize = 50;

/// Why a manifest is refused. The texts are for the plugin's author.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It is longer than the host reads.
    #[error("the manifest has {0} bytes; at most {LONGEST} are read")]
    TooLong(usize),
    /// It isn't JSON of the manifest's shape.
    #[error("the manifest is not of the shape of manifest.schema.json: {0}")]
    Shape(#[from] serde_json::Error),
    /// It breaks rules: these, at least one.
    #[error("manifest: {}", listed(.0))]
    Rules(Vec<BrokenRule>),
}

/// A rule that a manifest breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRule {
    /// Where: `kinds.api_key.fields.api_key`.
    pub at: String,
    /// What must hold.
    pub rule: &'static str,
}

fn listed(broken: &[BrokenRule]) -> String {
    let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
    broken.join("; ")
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.rule)
    }
}

/// Holds a manifest to the rules, and keeps those that it breaks: its author sees them all at once.
#[derive(Default)]
struct Rules {
    broken: Vec<BrokenRule>,
}

impl Rules {
    fn hold(&mut self, holds: bool, at: &str, rule: &'static str) {
        if !holds && self.broken.len() < MOST_BROKEN {
            self.broken.push(BrokenRule {
                at: at.to_owned(),
                rule,
            });
        }
    }
}

impl Manifest {
    /// Parses and checks the text that a plugin's `describe` returned.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > LONGEST {
            return Err(ManifestError::TooLong(text.len()));
        }
        let manifest: Self = serde_json::from_str(text)?;
        let mut rules = Rules::default();
        manifest.check(&mut rules);
        if rules.broken.is_empty() {
            Ok(manifest)
        } else {
            Err(ManifestError::Rules(rules.broken))
        }
    }

    fn check(&self, rules: &mut Rules) {
        rules.hold(
            is_plugin_name(&self.name),
            "name",
            "1 to 64 of a-z, 0-9, `-` and `_`, a letter first",
        );
        rules.hold(
            !self.description.trim().is_empty(),
            "description",
            "one sentence for the operator",
        );
        rules.hold(self.kinds.len() <= MOST_KINDS, "kinds", "at most 32");
        rules.hold(
            self.captures.len() <= MOST_CAPTURES,
            "captures",
            "at most 32",
        );
        let mut kinds = BTreeSet::new();
        for kind in &self.kinds {
            let at = format!("kinds.{}", kind.name);
            rules.hold(
                is_word(&kind.name),
                &at,
                "a kind's name is of a-z, 0-9 and `_`, a letter first, at most 64",
            );
            rules.hold(kinds.insert(&kind.name), &at, "each kind is declared once");
            self.check_kind(kind, &at, rules);
        }
        for capture in &self.captures {
            let at = format!("captures.{}", capture.name);
            rules.hold(!capture.name.is_empty(), &at, "a capture has a name");
            rules.hold(
                capture.path_prefix.starts_with('/'),
                &at,
                "path-prefix begins with `/`",
            );
            self.check_asked(&capture.origin, &at, rules);
            for place in &capture.places {
                self.check_place(place, &at, rules);
            }
            match &capture.source {
                CaptureSource::Pattern(pattern) => {
                    rules.hold(
                        pattern.groups() == 1,
                        &at,
                        "a capture's pattern has exactly one group",
                    );
                }
                CaptureSource::JsonPointer(pointer) => {
                    rules.hold(
                        pointer.starts_with('/'),
                        &at,
                        "a JSON pointer begins with `/`",
                    );
                }
                CaptureSource::Header(name) => {
                    rules.hold(
                        !name.is_empty() && !name.bytes().any(|b| b.is_ascii_uppercase()),
                        &at,
                        "in lower case",
                    );
                }
            }
        }
        if let Some(connection) = &self.connection {
            rules.hold(is_word(connection), "connection", "the name of a kind");
        }
    }

    fn check_kind(&self, kind: &Kind, at: &str, rules: &mut Rules) {
        rules.hold(!kind.fields.is_empty(), at, "a kind has at least one field");
        rules.hold(kind.fields.len() <= MOST_FIELDS, at, "at most 16 fields");
        let mut names = BTreeSet::new();
        for field in &kind.fields {
            let at = format!("{at}.fields.{}", field.name);
            rules.hold(
                is_word(&field.name),
                &at,
                "a field's name is of a-z, 0-9 and `_`, a letter first, at most 64",
            );
            rules.hold(
                names.insert(&field.name),
                &at,
                "each field is declared once",
            );
            self.check_field(field, &at, rules);
        }
        let recognised = kind.recognises.iter().all(|prefix| prefix.len() >= 3);
        rules.hold(
            recognised,
            &format!("{at}.recognises"),
            "a prefix has at least 3 characters",
        );
        let needs_main = kind.recognises.is_empty() || kind.main_field().is_some();
        rules.hold(
            needs_main,
            &format!("{at}.recognises"),
            "the kind has exactly one required secret field",
        );
    }

    fn check_field(&self, field: &FieldRule, at: &str, rules: &mut Rules) {
        let bare =
            field.places.is_empty() && field.signs.is_empty() && field.signature_places.is_empty();
        rules.hold(
            field.secret || bare,
            at,
            "places and signs are for secret fields",
        );
        rules.hold(
            field.signature_places.is_empty() || !field.signs.is_empty(),
            at,
            "signature-places need the schemes in signs",
        );
        for place in field.places.iter().chain(&field.signature_places) {
            self.check_place(place, at, rules);
        }
    }

    fn check_place(&self, place: &Place, at: &str, rules: &mut Rules) {
        rules.hold(
            place.path_prefix.starts_with('/'),
            at,
            "path-prefix begins with `/`",
        );
        let upper =
            |method: &String| !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
        rules.hold(
            !place.methods.is_empty() && place.methods.iter().all(upper),
            at,
            "methods are named, in upper case",
        );
        self.check_asked(&place.origin, at, rules);
    }

    fn check_asked(&self, origin: &OriginPattern, at: &str, rules: &mut Rules) {
        rules.hold(
            self.origins.contains(origin),
            at,
            "its origin is one of the manifest's `origins`, to the letter",
        );
    }
}

/// Whether a plugin may be named so: 1 to 64 of `a-z`, `0-9`, `-` and `_`, a letter first.
#[must_use]
pub fn is_plugin_name(name: &str) -> bool {
    starts_with_letter(name)
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
}

fn is_word(name: &str) -> bool {
    starts_with_letter(name)
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn starts_with_letter(name: &str) -> bool {
    name.len() <= 64 && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
}
