//! The fields of a secret that no plugin works with.

use std::collections::BTreeMap;

use claviger_runtime::manifest::{FieldRule, Kind};
use claviger_runtime::secret::Secret;
use claviger_runtime::subject::{Field, FieldValue};

use super::{Given, LONGEST_VALUE, Problems, SHORTEST_SECRET, VALUE};

/// The most fields of a secret that no plugin knows.
const MOST_FIELDS: usize = 32;

/// That a secret of a known kind, whose provider no plugin knows, has all that the kind requires by one of the plugins
/// that declare it. What is missing is told by the first of them.
pub(super) fn require_one_of(kinds: &[&Kind], given: Given<'_>, problems: &mut Problems) {
    let missing = |kind: &Kind| -> Vec<_> {
        let main = kind.main_field().filter(|_| given.value.is_some());
        let is_given = |rule: &FieldRule| {
            main.is_some_and(|main| main.name == rule.name)
                || given.fields.iter().any(|(name, _)| *name == rule.name)
        };
        kind.fields
            .iter()
            .filter(|rule| rule.required && !is_given(rule))
            .map(|rule| (rule.name.clone(), format!("is missing: {}", rule.label)))
            .collect()
    };
    let told: Vec<_> = kinds.iter().map(|kind| missing(kind)).collect();
    if told.iter().any(Vec::is_empty) {
        return;
    }
    for (name, message) in told.into_iter().next().unwrap_or_default() {
        problems.add(name, message);
    }
}

/// Fields of a secret that no plugin works with: all of them secret, but those that every plugin of the kind shows.
pub(super) fn opaque_fields(
    kinds: &[&Kind],
    given: Given<'_>,
    problems: &mut Problems,
) -> Vec<Field> {
    let is_secret = |name: &str| {
        let mut rules = kinds.iter().filter_map(|kind| kind.field(name)).peekable();
        rules.peek().is_none() || rules.any(|rule| rule.secret)
    };
    let fields = given
        .fields
        .iter()
        .map(|(name, value)| (name.as_str(), value));
    let mut seen = BTreeMap::new();
    for (name, value) in given
        .value
        .map(|value| (VALUE, value))
        .into_iter()
        .chain(fields)
    {
        let plain = name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        if !plain || name.is_empty() || name.len() > 64 {
            problems.add(
                "fields",
                "have names of 1 to 64 letters, digits, `_` and `-`",
            );
        } else if value.len() > LONGEST_VALUE {
            problems.add(name, "is longer than 64 KiB");
        } else if value.expose_str().is_none() {
            problems.add(name, "is not text");
        } else if value.len() < SHORTEST_SECRET && is_secret(name) {
            problems.add(
                name,
                "is shorter than 8 bytes, which is too short for a secret",
            );
        } else if value.is_empty() {
            problems.add(name, "is empty; leave it out");
        } else if seen.insert(name, value).is_some() {
            problems.add(name, "is given twice");
        }
    }
    if seen.len() > MOST_FIELDS {
        problems.add("fields", "are more than 32");
    }
    let field = |(name, value): (&str, &Secret)| Field {
        name: name.to_owned(),
        value: match value.expose_str() {
            Some(text) if !is_secret(name) => FieldValue::Text(text.to_owned()),
            _ => FieldValue::Secret(value.clone()),
        },
    };
    seen.into_iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{kind, secret};
    use super::*;

    fn check_opaque(value: Option<&str>, fields: &[(&str, &str)]) -> (Vec<Field>, Vec<String>) {
        let value = value.map(secret);
        let fields: Vec<_> = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), secret(value)))
            .collect();
        let given = Given {
            kind: "n8n",
            provider: Some("acme"),
            value: value.as_ref(),
            fields: &fields,
            secretless: false,
        };
        let kind = kind();
        let mut problems = Problems::default();
        require_one_of(&[&kind], given, &mut problems);
        let fields = opaque_fields(&[&kind], given, &mut problems);
        let told = match problems.settle() {
            Err(crate::error::VaultError::Invalid(problems)) => {
                problems.into_iter().map(|problem| problem.field).collect()
            }
            _ => Vec::new(),
        };
        (fields, told)
    }

    #[test]
    fn a_known_kind_has_its_fields_with_any_provider() {
        assert_eq!(check_opaque(None, &[]).1, ["base_url", "api_key"]);
        let misspelt = [("base_url", "https://x"), ("apikey", "anything at all")];
        assert_eq!(check_opaque(None, &misspelt).1, ["api_key"]);
        // Another provider's keys look as they like, and what is no secret stays none.
        let (fields, told) = check_opaque(Some("acme-key-1"), &[("base_url", "x")]);
        assert!(told.is_empty(), "{told:?}");
        let shown = |field: &Field| {
            (
                field.name.clone(),
                matches!(field.value, FieldValue::Text(_)),
            )
        };
        let shown: Vec<_> = fields.iter().map(shown).collect();
        assert_eq!(
            shown,
            [("base_url".to_owned(), true), ("value".to_owned(), false)]
        );
    }
}
