//! `issuance`: short-lived credentials, made from a root credential.
//!
//! What is issued has no kind that would say which of its fields are secret, so a value says it itself: the stand-in of a
//! capture is a secret, and anything else is text that holds none of the call's secrets. `token` is always a secret, and
//! at least one field is: a plugin that forgot to capture is refused, rather than its token kept where text is kept.
//!
//! **To revoke**, a provider may want the issued secret itself (GitHub's `DELETE /installation/token`). The plugin gets it
//! as a stand-in, and the places where it goes are those of the manifest's capture of the field's name, at the origins
//! that the root was stored for. They are not those of the root's own fields: to let a token end itself, a plugin would
//! have to ask for a place for the root's private key. A capture without `places` is never sent, which is what most
//! revocations need, as they go by the handle.

use super::kept::Secretly;
use super::{Operation, Texts, record, unsupported};
use crate::ask::IssueRequest;
use crate::contract::told::{Context, Credential};
use crate::contract::{Answering, Guest, Issuance, Pairs, said};
use crate::egress::Role;
use crate::outcome::{CallError, CallOutcome, Issued, Revocation};
use crate::plugin::{Capability, Plugin};
use crate::subject::{CallContext, Field, FieldValue, Subject};

/// The most fields that are issued.
const MOST_FIELDS: usize = 32;

/// The field that is a secret in any case.
const TOKEN: &str = "token";

struct Issue<'p> {
    issuance: &'p dyn Issuance,
    /// What was asked for.
    scopes: Vec<String>,
}

struct Revoke<'p>(&'p dyn Issuance);

impl Plugin {
    /// Makes a short-lived credential from a root credential, for no more scopes than are asked for.
    pub async fn issue(
        &self,
        context: CallContext,
        root: Subject,
        request: IssueRequest,
    ) -> CallOutcome<Issued> {
        let Some(issuance) = self.contract.issuance() else {
            return unsupported(Capability::Issuance);
        };
        let operation = Issue {
            issuance,
            scopes: request.scopes.clone(),
        };
        self.call(
            context,
            |session| {
                let root = record::credential(session, Role::Subject, &root);
                (root, request)
            },
            operation,
        )
        .await
    }

    /// Ends what was issued before its time.
    pub async fn revoke(
        &self,
        context: CallContext,
        root: Subject,
        issued: Issued,
    ) -> CallOutcome<Revocation> {
        let Some(issuance) = self.contract.issuance() else {
            return unsupported(Capability::Issuance);
        };
        self.call(
            context,
            |session| {
                let told = record::credential(session, Role::Subject, &root);
                let issued = said::Issued {
                    fields: session.admit_issued(&root, &issued.fields),
                    scopes: issued.scopes,
                    expires_at_ms: issued.expires_at_ms,
                    handle: issued.handle,
                    details: issued.details,
                };
                (told, issued)
            },
            Revoke(issuance),
        )
        .await
    }
}

impl Operation for Issue<'_> {
    type Told = (Credential, IssueRequest);
    type Raw = said::Issued;
    type Answer = Issued;

    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        (root, request): (Credential, IssueRequest),
    ) -> Answering<'a, said::Issued> {
        self.issuance.issue(guest, context, root, request)
    }

    fn accept(&self, raw: said::Issued, texts: &Texts<'_>) -> Result<Issued, CallError> {
        Ok(Issued {
            fields: fields(raw.fields, texts)?,
            scopes: scopes(&self.scopes, &raw.scopes, texts)?,
            expires_at_ms: texts.expiry(raw.expires_at_ms)?,
            handle: texts.kept_optional("handle", raw.handle)?,
            details: texts.pairs(raw.details),
        })
    }
}

impl Operation for Revoke<'_> {
    type Told = (Credential, said::Issued);
    type Raw = Revocation;
    type Answer = Revocation;

    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        (root, issued): (Credential, said::Issued),
    ) -> Answering<'a, Revocation> {
        self.0.revoke(guest, context, root, issued)
    }

    fn accept(&self, raw: Revocation, _: &Texts<'_>) -> Result<Revocation, CallError> {
        Ok(raw)
    }
}

/// The fields of what was issued.
fn fields(said: Pairs, texts: &Texts<'_>) -> Result<Vec<Field>, CallError> {
    if said.len() > MOST_FIELDS {
        return Err(texts.refuse(&format!("`fields` are at most {MOST_FIELDS}")));
    }
    let mut fields: Vec<Field> = Vec::new();
    for (name, value) in said {
        if !is_word(&name) {
            return Err(texts.refuse(&format!(
                "`fields.{name}`: a field's name is of a-z, 0-9 and `_`, a letter first, at most 64"
            )));
        }
        let name = texts.kept("fields", name)?;
        if fields.iter().any(|field| field.name == name) {
            return Err(texts.refuse(&format!("`fields.{name}` is there twice")));
        }
        let value = if name == TOKEN || texts.is_captured(&value) {
            match texts.secret(&name, value)? {
                Secretly::New(secret) => FieldValue::Secret(secret),
                Secretly::Own(_) => {
                    return Err(texts.refuse(&format!(
                        "`fields.{name}` is the root credential's own secret, which is not issued"
                    )));
                }
            }
        } else {
            FieldValue::Text(texts.kept(&format!("fields.{name}"), value)?)
        };
        fields.push(Field { name, value });
    }
    let is_secret = |field: &Field| matches!(field.value, FieldValue::Secret(_));
    if !fields.iter().any(is_secret) {
        return Err(texts.refuse(
            "`fields` of what is issued has no secret; have it captured, and answer with its stand-in",
        ));
    }
    Ok(fields)
}

/// Those of the scopes that were asked for; an error where there is any other.
fn scopes(asked: &[String], said: &[String], texts: &Texts<'_>) -> Result<Vec<String>, CallError> {
    if let Some(scope) = said.iter().find(|scope| !asked.contains(scope)) {
        return Err(texts.refuse(&format!("`scopes` has `{scope}`, which wasn't asked for")));
    }
    let given = asked.iter().filter(|scope| said.contains(scope));
    Ok(given.cloned().collect())
}

fn is_word(name: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    name.len() <= 64
        && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && name.bytes().all(word)
}

#[cfg(test)]
mod tests {
    use super::super::kept::tests::Trial;
    use super::*;

    /// The names that are accepted, secret ones with an asterisk, or why none are.
    fn said(trial: &Trial, said: &[(&str, &str)]) -> Result<String, String> {
        let pairs = said
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let accepted =
            fields(pairs.collect(), &trial.texts()).map_err(|error| error.to_string())?;
        let names = accepted.iter().map(|field| match field.value {
            FieldValue::Secret(_) => format!("{}* ", field.name),
            FieldValue::Text(_) => format!("{} ", field.name),
        });
        Ok(names.collect())
    }

    #[test]
    fn a_value_says_whether_it_is_a_secret() {
        let trial = Trial::new(false);
        let token = ("token", trial.captured.as_str());
        assert_eq!(
            said(&trial, &[token, ("url", "x")]),
            Ok("token* url ".to_owned())
        );
        assert_eq!(
            said(&trial, &[("key", &trial.captured)]),
            Ok("key* ".to_owned())
        );
        for (fields, reason) in [
            (&[][..], "no secret"),
            (&[("url", "x")], "no secret"),
            (&[("token", "in-the-open-0123456789")], "`fields.token`"),
            (&[("token", trial.secret.as_str())], "`fields.token`"),
            (&[token, token], "`fields.token` is there twice"),
            (&[token, ("url", &trial.secret)], "`fields.url`"),
            (&[token, ("Url", "x")], "`fields.Url`"),
        ] {
            let error = said(&trial, fields).expect_err(reason);
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn who_may_reveal_may_issue_a_token_of_its_own() {
        let trial = Trial::new(true);
        let made = [("token", "in-the-open-0123456789")];
        assert_eq!(said(&trial, &made), Ok("token* ".to_owned()));
    }

    #[test]
    fn scopes_are_those_that_were_asked_for() {
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        let given = |asked, said| scopes(&words(asked), &words(said), &Texts::of(None));
        assert_eq!(given("a b c", "c a a"), Ok(words("a c")));
        assert_eq!(given("", ""), Ok(Vec::new()));
        for (asked, said) in [("a", "a b"), ("", "a"), ("a:read", "a")] {
            assert!(given(asked, said).is_err(), "{asked}: {said}");
        }
    }
}
