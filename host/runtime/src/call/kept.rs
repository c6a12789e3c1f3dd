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
        match self.meaning(&value) {
            Meaning::Captured(secret) => Ok(Secretly::New(secret.clone())),
            Meaning::Own(field, secret) if field == name => Ok(Secretly::Own(secret.clone())),
            Meaning::Text | Meaning::Secret
                if self.may_reveal() && (SHORTEST..=LONGEST).contains(&value.len()) =>
            {
                Ok(Secretly::New(Secret::from(value)))
            }
            _ => Err(self.refuse(&format!(
                "`fields.{name}` is a secret and has to be the whole stand-in of a capture of this call"
            ))),
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
mod tests {
    use super::*;

    fn kept(text: &str) -> Result<String, CallError> {
        Texts::of(None).kept("handle", text.to_owned())
    }

    #[test]
    fn what_is_kept_is_not_cut() {
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
