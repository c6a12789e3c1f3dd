//! A new secret that a caller brings, in the place of the one that is there.

use claviger_runtime::catalogue::Catalogue;
use claviger_runtime::manifest::{FieldRule, Kind, Position};
use claviger_runtime::origin::OriginPattern;
use claviger_runtime::plugin::Plugin;
use claviger_runtime::secret::Secret;
use claviger_runtime::subject::{Field, FieldValue};

use super::{Given, Problems, VALUE, known_fields, opaque::opaque_fields, text_of};
use crate::credentials::sealed::Payload;
use crate::error::VaultError;

/// What takes the place of what is there: a bare value, fields, or both.
#[derive(Clone, Copy)]
pub(crate) struct New<'n> {
    pub(crate) value: Option<&'n Secret>,
    pub(crate) fields: &'n [(String, Secret)],
}

/// The fields of the version that follows `current`: those that are new, checked as those of a new credential are, and for
/// the rest those that are there. What decides where secrets go can't be new: that was fixed when they were stored.
pub(crate) fn replace(
    catalogue: &Catalogue,
    plugin: Option<&Plugin>,
    current: &Payload,
    new: New<'_>,
) -> Result<Vec<Field>, VaultError> {
    let mut problems = Problems::default();
    let kind = plugin.and_then(|plugin| plugin.manifest().kind(&current.kind));
    let main = match kind {
        Some(kind) => kind.main_field().map(|rule| rule.name.as_str()),
        None => Some(VALUE),
    };
    let is_new = |name: &str| {
        (new.value.is_some() && main == Some(name))
            || new.fields.iter().any(|(given, _)| given == name)
    };
    let known = |name: &str| kind.is_none_or(|kind| kind.field(name).is_some());
    let kept = current.fields.iter();
    let kept = kept.filter(|field| !is_new(&field.name) && known(&field.name));
    let kept = kept.map(|field| (field.name.clone(), value(field)));
    let fields: Vec<_> = new.fields.iter().cloned().chain(kept).collect();
    let given = Given {
        kind: &current.kind,
        provider: None,
        value: new.value,
        fields: &fields,
        secretless: false,
    };
    let fields = if let Some(kind) = kind {
        stay_put(kind, current, new, &mut problems);
        known_fields(kind, given, &mut problems)
    } else {
        let kinds = catalogue.routing_kind(&current.kind);
        let kinds = kinds.iter().map(|plugin| plugin.manifest());
        let kinds: Vec<_> = kinds
            .filter_map(|manifest| manifest.kind(&current.kind))
            .collect();
        opaque_fields(&kinds, given, &mut problems)
    };
    if !fields.iter().any(|field| is_another(field, current)) {
        problems.add(VALUE, "is needed: a secret that isn't the current one");
    }
    problems.settle()?;
    Ok(fields)
}

/// Whether it is a secret that isn't there.
fn is_another(field: &Field, current: &Payload) -> bool {
    let FieldValue::Secret(secret) = &field.value else {
        return false;
    };
    let was = current.fields.iter().find(|was| was.name == field.name);
    !was.is_some_and(
        |was| matches!(&was.value, FieldValue::Secret(was) if was.expose() == secret.expose()),
    )
}

/// That no field is new that origins or headers' names are filled from.
fn stay_put(kind: &Kind, current: &Payload, new: New<'_>, problems: &mut Problems) {
    let decides = |name: &str| {
        let places = |rule: &FieldRule| {
            let mut places = rule.places.iter().chain(&rule.signature_places);
            places.any(|place| {
                matches!(&place.origin, OriginPattern::Field(field) if field == name)
                    || matches!(&place.at, Position::HeaderOf(field) if field == name)
            })
        };
        kind.fields.iter().any(places)
    };
    for (name, value) in new.fields {
        if decides(name) && value.expose_str() != text_of(&current.fields, name) {
            problems.add(
                name,
                "decides where the secrets go, which was fixed when they were stored; store another credential instead",
            );
        }
    }
}

fn value(field: &Field) -> Secret {
    match &field.value {
        FieldValue::Text(text) => Secret::from(text.clone()),
        FieldValue::Secret(secret) => secret.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::secret;
    use super::*;

    fn field(name: &str, value: FieldValue) -> Field {
        Field {
            name: name.to_owned(),
            value,
        }
    }

    fn opaque(fields: Vec<Field>) -> Payload {
        Payload {
            kind: "database".to_owned(),
            plugin: None,
            connection: None,
            origins: Vec::new(),
            fields,
            handle: None,
            expires_at_ms: None,
        }
    }

    fn names(fields: &[Field]) -> Vec<&str> {
        fields.iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn what_is_not_given_stays_and_the_same_secret_is_none() {
        let catalogue = Catalogue::default();
        let current = opaque(vec![
            field("value", FieldValue::Secret(secret("first-0123456789"))),
            field("what", FieldValue::Secret(secret("stays-0123456789"))),
        ]);
        let replaced = |value: Option<&str>, fields: &[(&str, &str)]| {
            let value = value.map(secret);
            let fields: Vec<_> = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), secret(value)))
                .collect();
            let new = New {
                value: value.as_ref(),
                fields: &fields,
            };
            replace(&catalogue, None, &current, new)
        };
        let fields = replaced(Some("second-0123456789"), &[]).unwrap();
        assert_eq!(names(&fields), ["value", "what"]);
        assert!(
            matches!(&fields[1].value, FieldValue::Secret(kept) if kept.expose() == b"stays-0123456789")
        );
        let fields = replaced(None, &[("what", "other-0123456789")]).unwrap();
        assert_eq!(names(&fields), ["value", "what"]);
        for (value, fields) in [
            (None, &[][..]),
            (Some("first-0123456789"), &[]),
            (Some("short"), &[]),
            (None, &[("what", "stays-0123456789")]),
            (Some("second-0123456789"), &[("value", "third-0123456789")]),
        ] {
            let refused = replaced(value, fields);
            assert!(matches!(refused, Err(VaultError::Invalid(_))), "{value:?}");
        }
    }

    #[test]
    fn where_secrets_go_stays_as_it_was() {
        let kind = super::super::tests::kind();
        let current = opaque(vec![field(
            "base_url",
            FieldValue::Text("https://a.example".to_owned()),
        )]);
        let told = |url: &str| {
            let fields = [("base_url".to_owned(), secret(url))];
            let mut problems = Problems::default();
            let new = New {
                value: None,
                fields: &fields,
            };
            stay_put(&kind, &current, new, &mut problems);
            problems.settle().is_err()
        };
        assert!(!told("https://a.example"));
        assert!(told("https://b.example"));
    }
}
