//! What a manifest must hold to, beyond its shape.

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use super::{CaptureRule, CaptureSource, FieldRule, Kind, Manifest, Place, Position, SubjectKind};
use crate::origin::OriginPattern;
use crate::printable::{is_printable, printable};

/// The longest manifest that is read, in bytes: a plugin describes itself, it doesn't ship data.
const LONGEST: usize = 256 * 1024;

/// The most kinds, fields of a kind, and captures. Each may have a pattern, which is compiled when the plugin is loaded.
const MOST_KINDS: usize = 32;
const MOST_FIELDS: usize = 16;
const MOST_CAPTURES: usize = 32;

/// The most broken rules that are told: enough to work on, and no flood for a log.
const MOST_BROKEN: usize = 50;

/// The longest name of a kind or field, in bytes, and what is told of a longer one.
const LONGEST_NAME: usize = 64;

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
        let texts = [
            ("description", Some(&self.description)),
            ("homepage", self.homepage.as_ref()),
            ("licence", self.licence.as_ref()),
            ("reveal", self.reveal.as_ref()),
        ];
        for (at, text) in texts {
            check_text(text.map_or("", String::as_str), at, rules);
        }
        rules.hold(self.kinds.len() <= MOST_KINDS, "kinds", "at most 32");
        rules.hold(
            self.captures.len() <= MOST_CAPTURES,
            "captures",
            "at most 32",
        );
        let mut kinds = BTreeSet::new();
        for kind in &self.kinds {
            let at = format!("kinds.{}", told(&kind.name));
            rules.hold(
                is_word(&kind.name),
                &at,
                "a kind's name is of a-z, 0-9 and `_`, a letter first, at most 64",
            );
            rules.hold(kinds.insert(&kind.name), &at, "each kind is declared once");
            self.check_kind(kind, &at, rules);
        }
        rules.hold(self.subjects.len() <= MOST_KINDS, "subjects", "at most 32");
        rules.hold(
            self.subjects.is_empty() || self.connection.is_some(),
            "subjects",
            "only where `connection` names the kind of what opens the target",
        );
        let mut kinds = BTreeSet::new();
        for subject in &self.subjects {
            let at = format!("subjects.{}", told(&subject.kind));
            rules.hold(
                is_word(&subject.kind),
                &at,
                "a kind's name is of a-z, 0-9 and `_`, a letter first, at most 64",
            );
            rules.hold(
                kinds.insert(&subject.kind),
                &at,
                "each kind is declared once",
            );
            self.check_subject(subject, &at, rules);
        }
        for capture in &self.captures {
            self.check_capture(capture, rules);
        }
        if let Some(connection) = &self.connection {
            rules.hold(is_word(connection), "connection", "the name of a kind");
        }
        rules.hold(
            self.connection_for.is_empty() || self.connection.is_some(),
            "connection-for",
            "only where `connection` names a kind",
        );
    }

    fn check_capture(&self, capture: &CaptureRule, rules: &mut Rules) {
        let at = format!("captures.{}", told(&capture.name));
        rules.hold(!capture.name.is_empty(), &at, "a capture has a name");
        rules.hold(
            capture.path_prefix.starts_with('/'),
            &at,
            "path-prefix begins with `/`",
        );
        self.check_asked(&capture.origin, &at, rules);
        for place in &capture.places {
            self.check_place(place, &at, rules);
            rules.hold(
                !matches!(place.at, Position::HeaderOf(_)),
                &at,
                "a header that a field names is for a kind's fields",
            );
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

    fn check_kind(&self, kind: &Kind, at: &str, rules: &mut Rules) {
        check_text(&kind.label, &format!("{at}.label"), rules);
        rules.hold(!kind.fields.is_empty(), at, "a kind has at least one field");
        rules.hold(kind.fields.len() <= MOST_FIELDS, at, "at most 16 fields");
        let mut names = BTreeSet::new();
        for field in &kind.fields {
            let at = format!("{at}.fields.{}", told(&field.name));
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
            self.check_field(kind, field, &at, rules);
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

    fn check_subject(&self, subject: &SubjectKind, at: &str, rules: &mut Rules) {
        rules.hold(
            !subject.fields.is_empty(),
            at,
            "a kind has at least one field",
        );
        rules.hold(subject.fields.len() <= MOST_FIELDS, at, "at most 16 fields");
        let mut names = BTreeSet::new();
        for field in &subject.fields {
            let at = format!("{at}.fields.{}", told(&field.name));
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
            for place in &field.places {
                self.check_place(place, &at, rules);
            }
        }
    }

    fn check_field(&self, kind: &Kind, field: &FieldRule, at: &str, rules: &mut Rules) {
        check_text(&field.label, &format!("{at}.label"), rules);
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
            if let Position::HeaderOf(named) = &place.at {
                rules.hold(
                    kind.field(named).is_some_and(|field| !field.secret),
                    at,
                    "the header is named by a text field of the same kind",
                );
            }
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

/// What people read is shown to them as it is, before they decide.
fn check_text(text: &str, at: &str, rules: &mut Rules) {
    rules.hold(
        text.chars().all(is_printable),
        at,
        "one line, without control characters and those that turn text around",
    );
}

/// A name as broken rules tell it, which may be any text.
fn told(name: &str) -> String {
    let beginning = &name[..name.floor_char_boundary(LONGEST_NAME)];
    let more = if beginning.len() < name.len() {
        "…"
    } else {
        ""
    };
    format!("{}{more}", printable(beginning))
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
    name.len() <= LONGEST_NAME && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn manifest() -> Value {
        json!({
            "name": "acme",
            "version": "0.1.0",
            "description": "Checks keys.",
            "origins": [],
            "kinds": [{
                "name": "api_key",
                "label": "API key",
                "fields": [{ "name": "api_key", "label": "Key", "secret": true }],
            }],
        })
    }

    fn broken(manifest: &Value) -> Vec<String> {
        match Manifest::parse(&manifest.to_string()) {
            Ok(_) => Vec::new(),
            Err(ManifestError::Rules(broken)) => broken.into_iter().map(|it| it.at).collect(),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn long_names_are_told_by_their_beginning() {
        let mut manifest = manifest();
        let fields = |name: String| json!([{ "name": name, "label": "l" }]);
        let kind = |n: usize| {
            let name = format!("{n}\u{1b}{}", "ä".repeat(1000));
            json!({ "name": name, "label": "l", "fields": fields("Ä".repeat(1000)) })
        };
        manifest["kinds"] = (0..50).map(kind).collect();
        let error = Manifest::parse(&manifest.to_string()).expect_err("refused");
        let text = error.to_string();
        assert!(text.len() < MOST_BROKEN * 300, "{}", text.len());
        assert!(text.contains("kinds.0\u{fffd}ä"), "{text}");
    }

    #[test]
    fn a_header_is_named_by_a_text_field_of_the_same_kind() {
        let with = |at: &str, secret: bool| {
            let mut manifest = manifest();
            manifest["origins"] = json!(["https://a.example"]);
            let place = json!({ "origin": "https://a.example", "methods": ["GET"], "path-prefix": "/", "at": at });
            manifest["kinds"][0]["fields"] = json!([
                { "name": "api_key", "label": "Key", "secret": true, "places": [place] },
                { "name": "header", "label": "Header", "secret": secret },
            ]);
            broken(&manifest)
        };
        assert_eq!(with("header:{header}", false), [""; 0]);
        for (at, secret) in [("header:{header}", true), ("header:{other}", false)] {
            assert_eq!(with(at, secret), ["kinds.api_key.fields.api_key"], "{at}");
        }
    }

    #[test]
    fn what_is_put_to_use_is_declared_like_everything_else() {
        let place =
            json!({ "origin": "{url}", "methods": ["POST"], "path-prefix": "/", "at": "json:/k" });
        let with = |subjects: Value| {
            let mut manifest = manifest();
            manifest["origins"] = json!(["{url}"]);
            manifest["connection"] = "acme".into();
            manifest["subjects"] = subjects;
            manifest
        };
        let subject = |kind: &str, fields: Value| json!({ "kind": kind, "fields": fields });
        let field = json!({ "name": "key", "places": [place] });
        // Its kind is another plugin's: it needn't be among `kinds`.
        let good = with(json!([subject(
            "foreign",
            json!([field, { "name": "region" }])
        )]));
        assert_eq!(broken(&good), [""; 0]);
        let mut alone = good.clone();
        alone["connection"] = Value::Null;
        assert_eq!(broken(&alone), ["subjects"]);
        let mut elsewhere = good.clone();
        elsewhere["origins"] = json!([]);
        assert_eq!(broken(&elsewhere), ["subjects.foreign.fields.key"]);
        for (subjects, at) in [
            (
                json!([subject("Foreign", json!([field]))]),
                "subjects.Foreign",
            ),
            (
                json!([subject("a", json!([field])), subject("a", json!([field]))]),
                "subjects.a",
            ),
            (json!([subject("a", json!([]))]), "subjects.a"),
            (
                json!([subject("a", json!([{ "name": "no!" }]))]),
                "subjects.a.fields.no!",
            ),
            (
                json!([subject("a", json!([field, field]))]),
                "subjects.a.fields.key",
            ),
        ] {
            assert_eq!(broken(&with(subjects.clone())), [at], "{subjects}");
        }
        let mut misspelt = good;
        misspelt["subjects"][0]["fields"][0]["signs"] = json!(["rs256"]);
        assert!(Manifest::parse(&misspelt.to_string()).is_err());
    }

    #[test]
    fn texts_for_people_are_shown_as_they_are() {
        assert_eq!(broken(&manifest()), [""; 0]);
        let texts = [
            ("/description", "description"),
            ("/homepage", "homepage"),
            ("/licence", "licence"),
            ("/reveal", "reveal"),
            ("/kinds/0/label", "kinds.api_key.label"),
            (
                "/kinds/0/fields/0/label",
                "kinds.api_key.fields.api_key.label",
            ),
        ];
        for (pointer, at) in texts {
            for unfit in ["a\u{1b}[2J", "a\nb", "a\u{202e}b", "a\u{200f}"] {
                let mut manifest = manifest();
                match manifest.pointer_mut(pointer) {
                    Some(text) => *text = unfit.into(),
                    None => manifest[at] = unfit.into(),
                }
                assert_eq!(broken(&manifest), [at], "{unfit:?}");
            }
        }
    }
}
