//! Texts on their way out of the sandbox: scrubbed of the call's secrets, of bounded length, fit to be shown.

use crate::contract::Pairs;
use crate::egress::{Meaning, Session};
use crate::outcome::{CallError, Failure};
use crate::printable::is_printable;

/// The longest message or detail that is kept, in bytes.
pub(super) const LONGEST: usize = 4 << 10;
/// The most details or scopes that are kept.
const MOST: usize = 256;

/// Takes the call's secrets out of texts.
pub(crate) struct Texts<'s>(Option<&'s Session>);

impl<'s> Texts<'s> {
    /// For texts of a call; of no call, where a plugin describes itself and there are no secrets.
    pub(crate) fn of(session: Option<&'s Session>) -> Self {
        Self(session)
    }

    /// Scrubbed, then cut: the other way round would leave the beginning of a secret.
    pub(crate) fn text(&self, text: &str) -> String {
        capped(&self.scrub(text), LONGEST)
    }

    /// Scrubbed, and of it the last `most` bytes.
    pub(crate) fn tail(&self, text: &str, most: usize) -> String {
        let text = self.scrub(text);
        let start = text.ceil_char_boundary(text.len().saturating_sub(most));
        text[start..].to_owned()
    }

    /// An optional text.
    pub(crate) fn optional(&self, text: Option<String>) -> Option<String> {
        text.map(|text| self.text(&text))
    }

    /// A list, cut to what anyone reads.
    pub(crate) fn list(&self, texts: Vec<String>) -> Vec<String> {
        texts
            .into_iter()
            .take(MOST)
            .map(|text| self.text(&text))
            .collect()
    }

    /// Pairs, cut likewise.
    pub(crate) fn pairs(&self, pairs: Pairs) -> Pairs {
        pairs
            .into_iter()
            .take(MOST)
            .map(|(key, value)| (self.text(&key), self.text(&value)))
            .collect()
    }

    /// A failure that the plugin reported.
    pub(crate) fn failure(&self, failure: Failure) -> CallError {
        // A word of 64 letters and digits could be a secret that is one.
        if !is_code(&failure.code) || self.scrub(&failure.code) != failure.code {
            let what = format!(
                "`code` of a failure is `{}`; use a word as `rate-limited`",
                self.text(&failure.code)
            );
            return CallError::InvalidResult { what };
        }
        CallError::Failure(Failure {
            code: failure.code,
            message: self.text(&failure.message),
            retry_after_ms: failure.retry_after_ms,
            details: self.pairs(failure.details),
        })
    }

    /// What a value of an answer means.
    pub(super) fn meaning(&self, value: &str) -> Meaning<'s> {
        self.0
            .map_or(Meaning::Text, |session| session.meaning(value))
    }

    /// Whether a value is the stand-in of a capture.
    pub(super) fn is_captured(&self, value: &str) -> bool {
        value.len() <= LONGEST && matches!(self.meaning(value), Meaning::Captured(_))
    }

    /// Whether the plugin may be shown secrets, and so may make them itself.
    pub(super) fn may_reveal(&self) -> bool {
        self.0.is_some_and(Session::may_reveal)
    }

    fn scrub(&self, text: &str) -> String {
        let scrubbed = self
            .0
            .map_or_else(|| text.to_owned(), |session| session.scrub(text));
        if scrubbed.chars().any(is_unfit) {
            scrubbed.replace(is_unfit, "\u{fffd}")
        } else {
            scrubbed
        }
    }
}

/// At most `most` bytes, whole characters. A copy: a text that is only truncated keeps the memory that it had.
pub(crate) fn capped(text: &str, most: usize) -> String {
    if text.len() > most {
        format!("{}…", &text[..text.floor_char_boundary(most)])
    } else {
        text.to_owned()
    }
}

/// Would move a terminal's cursor, turn text around, or end a C string. Marks of a direction are fine: texts in scripts
/// that run from right to left have them.
pub(super) fn is_unfit(c: char) -> bool {
    !is_printable(c) && !matches!(c, '\n' | '\t' | '\u{61c}' | '\u{200e}' | '\u{200f}')
}

fn is_code(code: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=64).contains(&code.len()) && code.bytes().all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: &str, message: &str) -> CallError {
        let details = vec![("k".to_owned(), "v".to_owned()); 10_000];
        Texts::of(None).failure(Failure {
            code: code.to_owned(),
            message: message.to_owned(),
            retry_after_ms: None,
            details,
        })
    }

    #[test]
    fn failures_are_cut_and_fit_to_be_shown() {
        let CallError::Failure(failure) = failure("rejected", &"ä\u{1b}[2J".repeat(10_000)) else {
            panic!("a failure")
        };
        assert!(failure.message.len() <= LONGEST + '…'.len_utf8());
        assert!(!failure.message.contains('\u{1b}'));
        assert_eq!(failure.details.len(), MOST);
    }

    #[test]
    fn a_code_is_a_word() {
        for code in ["", "Not A Word", "a\nb", &"a".repeat(65)] {
            assert!(
                matches!(failure(code, "m"), CallError::InvalidResult { .. }),
                "{code}"
            );
        }
    }

    #[test]
    fn a_tail_has_whole_characters() {
        assert_eq!(Texts::of(None).tail("aää", 3), "ä");
        assert_eq!(Texts::of(None).tail("abc", 10), "abc");
    }
}
