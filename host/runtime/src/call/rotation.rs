//! `rotation`: the provider makes a new secret, and ends old ones.
//!
//! The kind of the credential says which fields of a replacement are secret, so a plugin can't pass a new secret off as
//! text. A field that the rotation leaves as it was (a Slack app's signing secret) is left out, or is the subject's own
//! stand-in in that very field; at least one secret is new. A text field that origins or positions are filled from
//! (`{base_url}`, `header:{header}`) can't be changed: it decides where secrets go, and that was fixed when they were stored.

use super::kept::Secretly;
use super::{Operation, Texts, record, unsupported};
use crate::contract::told::{Context, Credential};
use crate::contract::{Answering, Guest, Pairs, Rotation, said};
use crate::egress::Role;
use crate::manifest::{Kind, Manifest, Place, Position};
use crate::origin::OriginPattern;
use crate::outcome::{CallError, CallOutcome, Failure, Replacement};
use crate::plugin::{Capability, Plugin};
use crate::subject::{CallContext, Field, FieldValue, Subject};

struct Create<'p> {
    rotation: &'p dyn Rotation,
    kind: &'p Kind,
    /// The text fields that can't be changed, as they are.
    fixed: Pairs,
}

struct Retire<'p>(&'p dyn Rotation);

impl Plugin {
    /// Has the provider make a new secret in the place of the current one. Whether both work for a while is in the
    /// manifest (`overlap`).
    pub async fn create(&self, context: CallContext, current: Subject) -> CallOutcome<Replacement> {
        let Some(rotation) = self.contract.rotation() else {
            return unsupported(Capability::Rotation);
        };
        let Some(kind) = self.manifest.kind(&current.kind) else {
            return CallOutcome::refused(CallError::Failure(Failure {
                code: "invalid-input".to_owned(),
                message: format!("the plugin's manifest has no kind `{}`", current.kind),
                retry_after_ms: None,
                details: Vec::new(),
            }));
        };
        let operation = Create {
            rotation,
            kind,
            fixed: fixed(&self.manifest, kind, &current),
        };
        self.call(
            context,
            |session| record::credential(session, Role::Subject, &current),
            operation,
        )
        .await
    }

    /// Ends an old version at the provider. It succeeds where that is gone already.
    pub async fn retire(&self, context: CallContext, old: Subject) -> CallOutcome<()> {
        let Some(rotation) = self.contract.rotation() else {
            return unsupported(Capability::Rotation);
        };
        self.call(
            context,
            |session| record::credential(session, Role::Subject, &old),
            Retire(rotation),
        )
        .await
    }
}

/// The text fields that the manifest's origins and its kind's positions are filled from; empty where the subject lacks one:
/// it can't come to have it.
fn fixed(manifest: &Manifest, kind: &Kind, subject: &Subject) -> Pairs {
    let named = |name: &str| {
        let is = |pattern: &OriginPattern| matches!(pattern, OriginPattern::Field(field) if field == name);
        let of_place =
            |place: &Place| matches!(&place.at, Position::HeaderOf(field) if field == name);
        manifest.origins.iter().any(is) || kind.places().any(of_place)
    };
    let rules = kind.fields.iter();
    let named = rules.filter(|rule| !rule.secret && named(&rule.name));
    named
        .map(|rule| {
            let mut fields = subject.fields.iter();
            let text = fields.find_map(|field| match &field.value {
                FieldValue::Text(text) if field.name == rule.name => Some(text.clone()),
                _ => None,
            });
            (rule.name.clone(), text.unwrap_or_default())
        })
        .collect()
}

impl Operation for Create<'_> {
    type Told = Credential;
    type Raw = said::Replacement;
    type Answer = Replacement;

    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        current: Credential,
    ) -> Answering<'a, said::Replacement> {
        self.rotation.create(guest, context, current)
    }

    fn accept(&self, raw: said::Replacement, texts: &Texts<'_>) -> Result<Replacement, CallError> {
        Ok(Replacement {
            fields: fields(self.kind, &self.fixed, raw.fields, texts)?,
            external_id: texts.kept_optional("external-id", raw.external_id)?,
            handle: texts.kept_optional("handle", raw.handle)?,
            expires_at_ms: texts.expiry(raw.expires_at_ms)?,
            details: texts.pairs(raw.details),
        })
    }
}

impl Operation for Retire<'_> {
    type Told = Credential;
    type Raw = ();
    type Answer = ();

    fn run<'a>(&'a self, guest: Guest<'a>, context: Context, old: Credential) -> Answering<'a, ()> {
        self.0.retire(guest, context, old)
    }

    fn accept(&self, (): (), _: &Texts<'_>) -> Result<(), CallError> {
        Ok(())
    }
}

/// The fields of a replacement, as the kind has them.
fn fields(
    kind: &Kind,
    fixed: &[(String, String)],
    said: Pairs,
    texts: &Texts<'_>,
) -> Result<Vec<Field>, CallError> {
    let mut fields: Vec<Field> = Vec::new();
    let mut is_new = false;
    for (name, value) in said {
        let Some(rule) = kind.field(&name) else {
            let kind = &kind.name;
            return Err(texts.refuse(&format!("`fields.{name}` is no field of the kind `{kind}`")));
        };
        if fields.iter().any(|field| field.name == name) {
            return Err(texts.refuse(&format!("`fields.{name}` is there twice")));
        }
        let value = if rule.secret {
            FieldValue::Secret(match texts.secret(&name, value)? {
                Secretly::New(secret) => {
                    is_new = true;
                    secret
                }
                Secretly::Own(secret) => secret,
            })
        } else {
            let text = texts.kept(&format!("fields.{name}"), value)?;
            if fixed
                .iter()
                .any(|(field, was)| *field == name && *was != text)
            {
                return Err(texts.refuse(&format!(
                    "`fields.{name}` decides where secrets go, so a replacement can't change it"
                )));
            }
            FieldValue::Text(text)
        };
        fields.push(Field { name, value });
    }
    let missing = kind.fields.iter().find(|rule| {
        rule.secret && rule.required && fields.iter().all(|field| field.name != rule.name)
    });
    if let Some(rule) = missing {
        let name = &rule.name;
        return Err(texts.refuse(&format!(
            "`fields.{name}` is missing; a replacement has every required secret field"
        )));
    }
    if !is_new {
        return Err(texts.refuse("`fields` of a replacement has no new secret"));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::super::kept::tests::Trial;
    use super::*;

    fn kind() -> Kind {
        let manifest = Manifest::parse(
            r#"{"name": "a", "version": "1.0.0", "description": "For tests.", "origins": ["{base_url}"],
                "kinds": [{"name": "test", "label": "Test", "fields": [
                    {"name": "secret", "label": "S", "secret": true, "required": true},
                    {"name": "other", "label": "O", "secret": true},
                    {"name": "note", "label": "N", "required": true},
                    {"name": "base_url", "label": "B"}]}]}"#,
        );
        manifest.expect("a manifest").kinds.remove(0)
    }

    /// The names that are accepted, or why none are.
    fn said(trial: &Trial, said: &[(&str, &str)]) -> Result<Vec<String>, String> {
        let pairs = said
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let fixed = [("base_url".to_owned(), "https://a.example".to_owned())];
        let accepted = fields(&kind(), &fixed, pairs.collect(), &trial.texts());
        accepted
            .map(|fields| fields.into_iter().map(|field| field.name).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_replacement_has_the_fields_of_its_kind() {
        let trial = Trial::new(false);
        let new = ("secret", trial.captured.as_str());
        let same = ("base_url", "https://a.example");
        for fields in [
            &[new][..],
            &[new, ("other", &trial.other), ("note", "n"), same],
        ] {
            let names: Vec<_> = fields.iter().map(|(name, _)| (*name).to_owned()).collect();
            assert_eq!(said(&trial, fields), Ok(names));
        }
        for (fields, reason) in [
            (&[][..], "`fields.secret` is missing"),
            (
                &[("other", trial.captured.as_str())],
                "`fields.secret` is missing",
            ),
            (&[new, ("unknown", "x")], "no field of the kind `test`"),
            (&[new, new], "`fields.secret` is there twice"),
            (&[("secret", trial.secret.as_str())], "no new secret"),
            (&[new, ("note", &trial.captured)], "`fields.note`"),
            (
                &[new, ("base_url", "https://b.example")],
                "`fields.base_url` decides",
            ),
        ] {
            let error = said(&trial, fields).expect_err(reason);
            assert!(error.contains(reason), "{error}");
        }
    }
}
