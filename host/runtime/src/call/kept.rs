//! What of an answer outlives the call: it is kept as the plugin wrote it, or refused, but never cut or scrubbed, because
//! it is told to the plugin again or given to others.
//!
//! A stand-in means nothing once its call is over, so text that is kept has none. A secret in an answer is the stand-in of
//! a capture, the whole of the value: what the host keeps is what it took out of the provider's answer itself, and the
//! guest's text is not used.

use super::Texts;
use super::text::{LONGEST, is_unfit};
use crate::egress::Meaning;
use crate::outcome::CallError;
use crate::secret::Secret;

/// The end of the year 9999 in milliseconds since the Unix epoch: later dates can't be written in RFC 3339.
const LATEST_MS: u64 = 253_402_300_799_999;

/// The shortest secret that is kept, in bytes, as with those that users store: scrubbing must never eat ordinary text.
const SHORTEST: usize = 8;

/// A secret of an answer.
pub(super) enum Secretly {
    /// One that the provider made in this call.
    New(Secret),
    /// That of the subject's own field of this name, unchanged.
    Own(Secret),
}

impl Texts<'_> {
    /// An answer that breaks a rule. The text may quote the plugin: it is scrubbed.
    pub(super) fn refuse(&self, what: &str) -> CallError {
        CallError::InvalidResult {
            what: self.text(what),
        }
    }

    /// Text that outlives the call. `what` names the part of the answer.
    pub(super) fn kept(&self, what: &str, text: String) -> Result<String, CallError> {
        if text.len() > LONGEST {
            let length = text.len();
            return Err(self.refuse(&format!(
                "`{what}` has {length} bytes; at most {LONGEST} are kept"
            )));
        }
        if text.chars().any(is_unfit) {
            return Err(self.refuse(&format!("`{what}` has control characters")));
        }
        match self.meaning(&text) {
            Meaning::Text => Ok(text),
            _ => Err(self.refuse(&format!(
                "`{what}` is text and holds a secret or a stand-in of this call, which means nothing after it"
            ))),
        }
    }

    /// The same, where there is one.
    pub(super) fn kept_optional(
        &self,
        what: &str,
        text: Option<String>,
    ) -> Result<Option<String>, CallError> {
        text.map(|text| self.kept(what, text)).transpose()
    }

    /// The secret that is the value of the field `name`.
    pub(super) fn secret(&self, name: &str, value: String) -> Result<Secretly, CallError> {
        let refused = || {
            self.refuse(&format!(
                "`fields.{name}` is a secret and has to be the whole stand-in of a capture of this call"
            ))
        };
        if value.len() > LONGEST {
            return Err(refused());
        }
        match self.meaning(&value) {
            Meaning::Captured(secret) => Ok(Secretly::New(secret.clone())),
            Meaning::Own(field, secret) if field == name => Ok(Secretly::Own(secret.clone())),
            Meaning::Text | Meaning::Secret if self.may_reveal() && value.len() >= SHORTEST => {
                Ok(Secretly::New(Secret::from(value)))
            }
            _ => Err(refused()),
        }
    }

    /// When something ends.
    pub(super) fn expiry(&self, ms: Option<u64>) -> Result<Option<u64>, CallError> {
        if ms.is_some_and(|ms| ms > LATEST_MS) {
            return Err(self.refuse(
                "`expires-at-ms` is in milliseconds since 1970, and before the year 10000",
            ));
        }
        Ok(ms)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;
    use crate::clock::SystemClock;
    use crate::egress::{EgressRules, PluginEgress, Role, Session, SystemResolver};
    use crate::subject::{Field, FieldValue, Subject};

    /// A call about a credential with the fields `secret` and `other`, in which a new secret was captured.
    pub(crate) struct Trial {
        pub(crate) session: Session,
        /// The stand-ins.
        pub(crate) secret: String,
        pub(crate) other: String,
        pub(crate) captured: String,
    }

    impl Trial {
        pub(crate) fn new(reveal: bool) -> Self {
            let rules = EgressRules {
                reveal,
                ..EgressRules::default()
            };
            let egress = PluginEgress::new(rules, Arc::new(SystemResolver)).expect("a way out");
            let mut session = Session::new(
                Arc::new(egress),
                StdRng::seed_from_u64(1),
                Arc::new(SystemClock),
            );
            let field = |name: &str, secret: &str| Field {
                name: name.to_owned(),
                value: FieldValue::Secret(Secret::from(secret.to_owned())),
            };
            let subject = Subject {
                id: "1".to_owned(),
                name: "key".to_owned(),
                kind: "test".to_owned(),
                version: 1,
                fields: vec![
                    field("secret", "stored-0123456789"),
                    field("other", "another-0123456789"),
                ],
                metadata: Vec::new(),
                external_id: None,
                handle: None,
                expires_at_ms: None,
                origins: Vec::new(),
            };
            let shown = session.admit(Role::Subject, &subject);
            let captured = session.hold_captured(Secret::from("captured-0123456789".to_owned()));
            Self {
                secret: shown[0].1.clone(),
                other: shown[1].1.clone(),
                captured,
                session,
            }
        }

        pub(crate) fn texts(&self) -> Texts<'_> {
            Texts::of(Some(&self.session))
        }
    }

    fn exposed(said: Result<Secretly, CallError>) -> Option<(bool, String)> {
        let (is_new, secret) = match said.ok()? {
            Secretly::New(secret) => (true, secret),
            Secretly::Own(secret) => (false, secret),
        };
        Some((is_new, secret.expose_str()?.to_owned()))
    }

    #[test]
    fn a_secret_is_the_stand_in_of_a_capture_or_the_fields_own() {
        let trial = Trial::new(false);
        let said = |value: &str| exposed(trial.texts().secret("secret", value.to_owned()));
        assert_eq!(
            said(&trial.captured),
            Some((true, "captured-0123456789".to_owned()))
        );
        assert_eq!(
            said(&trial.secret),
            Some((false, "stored-0123456789".to_owned()))
        );
        for value in [
            &trial.other,
            &format!("{}x", trial.captured),
            &trial.captured.to_ascii_uppercase(),
            "captured-0123456789",
            "in-the-open-0123456789",
            "",
        ] {
            assert_eq!(said(value), None, "{value}");
        }
    }

    #[test]
    fn who_may_reveal_may_make_secrets_itself() {
        let trial = Trial::new(true);
        let said = |value: &str| exposed(trial.texts().secret("secret", value.to_owned()));
        for value in ["in-the-open-0123456789", "derived:captured-0123456789"] {
            assert_eq!(said(value), Some((true, value.to_owned())));
        }
        // A stand-in still means nothing inside of text, and a short secret would eat other text.
        for value in [&format!("x{}", trial.captured), &trial.other, "short", ""] {
            assert_eq!(said(value), None, "{value}");
        }
    }

    #[test]
    fn text_that_is_kept_has_no_secret_of_the_call() {
        let trial = Trial::new(true);
        for text in [
            &trial.secret,
            &trial.captured,
            &format!("id-{}", trial.other),
            "stored-0123456789",
            "id=captured-0123456789",
            "c3RvcmVkLTAxMjM0NTY3ODk=",
        ] {
            let error = trial.texts().kept("handle", text.to_owned());
            let error = error.expect_err(text).to_string();
            assert!(
                error.contains("`handle`") && !error.contains("0123456789"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_kept_is_not_cut() {
        let kept = |text: &str| Texts::of(None).kept("handle", text.to_owned());
        assert_eq!(
            kept("{\"id\":\n\"k-1\"}"),
            Ok("{\"id\":\n\"k-1\"}".to_owned())
        );
        assert_eq!(kept(&"a".repeat(LONGEST)), Ok("a".repeat(LONGEST)));
        for text in [&"a".repeat(LONGEST + 1), "a\0b", "a\u{202e}b"] {
            let error = kept(text).expect_err("refused").to_string();
            assert!(error.contains("`handle`"), "{error}");
        }
    }

    #[test]
    fn an_end_can_be_written_down() {
        let expiry = |ms| Texts::of(None).expiry(ms);
        assert_eq!(expiry(None), Ok(None));
        assert_eq!(expiry(Some(LATEST_MS)), Ok(Some(LATEST_MS)));
        assert!(expiry(Some(LATEST_MS + 1)).is_err());
    }
}
