//! What a manifest must hold to, beyond its shape.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{CaptureSource, FieldRule, Kind, Manifest, Place};
use crate::origin::OriginPattern;

/// The longest manifest that is read, in bytes: a plugin describes itself, it doesn't ship data.
const LONGEST: usize = 256 * 1024;

/// The most kinds, fields of a kind, and captures. Each may have a pattern, which is compiled when the plugin is loaded.
const MOST_KINDS: usize = 32;
const MOST_FIELDS: usize = 16;
const MOST_CAPTURES: usize = 32;

/// Why a manifest is refused. The texts are for the plugin's author.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// It is longer than the host reads.
    #[error("the manifest has {0} bytes; at most {LONGEST} are read")]
    TooLong(usize),
    /// It isn't JSON of the manifest's shape.
    #[error("the manifest is not of the shape of manifest.schema.json: {0}")]
    Shape(#[from] serde_json::Error),
    /// It breaks a rule.
    #[error("manifest: {at}: {rule}")]
    Rule {
        /// Where: `kinds.api_key.fields.api_key`.
        at: String,
        /// What must hold.
        rule: &'static str,
    },
}

impl Manifest {
    /// Parses and checks the text that a plugin's `describe` returned.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        if text.len() > LONGEST {
            return Err(ManifestError::TooLong(text.len()));
        }
        let manifest: Self = serde_json::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), ManifestError> {
        rule(
            is_plugin_name(&self.name),
            "name",
            "1 to 64 of a-z, 0-9, `-` and `_`, a letter first",
        )?;
        rule(
            !self.description.trim().is_empty(),
            "description",
            "one sentence for the operator",
        )?;
        rule(self.kinds.len() <= MOST_KINDS, "kinds", "at most 32")?;
        rule(
            self.captures.len() <= MOST_CAPTURES,
            "captures",
            "at most 32",
        )?;
        let mut kinds = BTreeSet::new();
        for kind in &self.kinds {
            let at = format!("kinds.{}", kind.name);
            rule(
                is_word(&kind.name),
                &at,
                "a kind's name is of a-z, 0-9 and `_`, a letter first, at most 64",
            )?;
            rule(kinds.insert(&kind.name), &at, "each kind is declared once")?;
            self.check_kind(kind, &at)?;
        }
        for capture in &self.captures {
            let at = format!("captures.{}", capture.name);
            rule(!capture.name.is_empty(), &at, "a capture has a name")?;
            rule(
                capture.path_prefix.starts_with('/'),
                &at,
                "path-prefix begins with `/`",
            )?;
            self.check_asked(&capture.origin, &at)?;
            capture
                .places
                .iter()
                .try_for_each(|place| self.check_place(place, &at))?;
            match &capture.source {
                CaptureSource::Pattern(pattern) => {
                    rule(
                        pattern.groups() == 1,
                        &at,
                        "a capture's pattern has exactly one group",
                    )?;
                }
                CaptureSource::JsonPointer(pointer) => {
                    rule(
                        pointer.starts_with('/'),
                        &at,
                        "a JSON pointer begins with `/`",
                    )?;
                }
                CaptureSource::Header(name) => {
                    rule(
                        !name.is_empty() && !name.bytes().any(|b| b.is_ascii_uppercase()),
                        &at,
                        "in lower case",
                    )?;
                }
            }
        }
        if let Some(connection) = &self.connection {
            rule(is_word(connection), "connection", "the name of a kind")?;
        }
        Ok(())
    }

    fn check_kind(&self, kind: &Kind, at: &str) -> Result<(), ManifestError> {
        rule(!kind.fields.is_empty(), at, "a kind has at least one field")?;
        rule(kind.fields.len() <= MOST_FIELDS, at, "at most 16 fields")?;
        let mut names = BTreeSet::new();
        for field in &kind.fields {
            let at = format!("{at}.fields.{}", field.name);
            rule(
                is_word(&field.name),
                &at,
                "a field's name is of a-z, 0-9 and `_`, a letter first, at most 64",
            )?;
            rule(
                names.insert(&field.name),
                &at,
                "each field is declared once",
            )?;
            self.check_field(field, &at)?;
        }
        let recognised = kind.recognises.iter().all(|prefix| prefix.len() >= 3);
        rule(
            recognised,
            &format!("{at}.recognises"),
            "a prefix has at least 3 characters",
        )?;
        let needs_main = kind.recognises.is_empty() || kind.main_field().is_some();
        rule(
            needs_main,
            &format!("{at}.recognises"),
            "the kind has exactly one required secret field",
        )
    }

    fn check_field(&self, field: &FieldRule, at: &str) -> Result<(), ManifestError> {
        let bare =
            field.places.is_empty() && field.signs.is_empty() && field.signature_places.is_empty();
        rule(
            field.secret || bare,
            at,
            "places and signs are for secret fields",
        )?;
        rule(
            field.signature_places.is_empty() || !field.signs.is_empty(),
            at,
            "signature-places need the schemes in signs",
        )?;
        field
            .places
            .iter()
            .chain(&field.signature_places)
            .try_for_each(|place| self.check_place(place, at))
    }

    fn check_place(&self, place: &Place, at: &str) -> Result<(), ManifestError> {
        rule(
            place.path_prefix.starts_with('/'),
            at,
            "path-prefix begins with `/`",
        )?;
        let upper =
            |method: &String| !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
        rule(
            !place.methods.is_empty() && place.methods.iter().all(upper),
            at,
            "methods are named, in upper case",
        )?;
        self.check_asked(&place.origin, at)
    }

    fn check_asked(&self, origin: &OriginPattern, at: &str) -> Result<(), ManifestError> {
        rule(
            self.origins.contains(origin),
            at,
            "its origin is one of the manifest's `origins`, to the letter",
        )
    }
}

fn rule(holds: bool, at: &str, rule: &'static str) -> Result<(), ManifestError> {
    if holds {
        Ok(())
    } else {
        Err(ManifestError::Rule {
            at: at.to_owned(),
            rule,
        })
    }
}

fn is_plugin_name(name: &str) -> bool {
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
