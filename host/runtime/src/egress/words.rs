//! What a call's secrets are replaced by in everything that comes back.
//!
//! Stored secrets and signatures first, captured ones in what is left. A guest has a say in what is captured: were both
//! looked for in one go, a captured word that begins with text before a stored secret and ends with a guess of its first
//! characters would take its place where the guess is right, and tell so. For the same reason no captured word is looked
//! for across a stand-in.

use std::ops::Range;

use super::matcher::{Hit, Matcher, TooMuchWork, Work};
use super::stand_in::StandIn;

/// The words of a call, by their number: the secrets, and the stand-ins that mean them.
#[derive(Default, Clone)]
pub(crate) struct Words {
    /// Secrets that no guest has a say in.
    own: Matcher,
    captured: Matcher,
    stand_ins: Matcher,
    shown: Vec<StandIn>,
}

impl Words {
    /// Takes a secret in, under the next number.
    pub(crate) fn add(&mut self, secret: &[u8], stand_in: StandIn, is_captured: bool) {
        let word = self.shown.len();
        let secrets = if is_captured {
            &mut self.captured
        } else {
            &mut self.own
        };
        secrets.add(word, secret);
        self.stand_ins.add_in_any_case(word, stand_in.as_bytes());
        self.shown.push(stand_in);
    }

    /// What finds the stand-ins.
    pub(crate) fn stand_ins(&self) -> &Matcher {
        &self.stand_ins
    }

    /// Whether a secret is in a text, encoded or plain.
    pub(crate) fn has_secret(&self, text: &[u8]) -> bool {
        self.own.is_in(text) || self.captured.is_in(text)
    }

    /// The text with a stand-in for each secret in it, encoded or plain; none where there is nothing to replace.
    pub(crate) fn scrubbed(&self, text: &[u8]) -> Result<Option<Vec<u8>>, TooMuchWork> {
        let work = Work::of(text.len());
        let mut replaced = Replaced {
            text,
            written: Vec::new(),
            from: 0,
        };
        let mut from = 0;
        loop {
            let hit = self.own.next_hit(text, from, &work)?;
            let until = hit.as_ref().map_or(text.len(), |hit| hit.range.start);
            self.replace_captured(from..until, &mut replaced, &work)?;
            let Some(hit) = hit else {
                return Ok(replaced.whole());
            };
            from = hit.range.end;
            replaced.put(&hit, &self.shown);
        }
    }

    fn replace_captured(
        &self,
        within: Range<usize>,
        replaced: &mut Replaced<'_>,
        work: &Work,
    ) -> Result<(), TooMuchWork> {
        if self.captured.is_empty() {
            return Ok(());
        }
        let text = &replaced.text[..within.end];
        let mut from = within.start;
        loop {
            let stand_in = self.stand_ins.next_hit(text, from, work)?;
            let until = stand_in.as_ref().map_or(text.len(), |hit| hit.range.start);
            while let Some(hit) = self.captured.next_hit(&text[..until], from, work)? {
                from = hit.range.end;
                replaced.put(&hit, &self.shown);
            }
            let Some(stand_in) = stand_in else {
                return Ok(());
            };
            from = stand_in.range.end;
        }
    }
}

/// A text of which parts are replaced, one after the other. Nothing is copied while there is nothing to replace.
struct Replaced<'t> {
    text: &'t [u8],
    written: Vec<u8>,
    from: usize,
}

impl Replaced<'_> {
    fn put(&mut self, hit: &Hit, shown: &[StandIn]) {
        self.written
            .extend_from_slice(&self.text[self.from..hit.range.start]);
        self.written.extend_from_slice(shown[hit.word].as_bytes());
        self.from = hit.range.end;
    }

    fn whole(mut self) -> Option<Vec<u8>> {
        if self.from == 0 {
            return None;
        }
        self.written.extend_from_slice(&self.text[self.from..]);
        Some(self.written)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    fn words(stored: &str, captured: &[&str]) -> (Words, Vec<StandIn>) {
        let mut random = StdRng::seed_from_u64(1);
        let mut words = Words::default();
        words.add(stored.as_bytes(), StandIn::draw(&mut random), false);
        for word in captured {
            words.add(word.as_bytes(), StandIn::draw(&mut random), true);
        }
        let shown = words.shown.clone();
        (words, shown)
    }

    fn scrub(words: &Words, text: &str) -> String {
        let scrubbed = words.scrubbed(text.as_bytes()).expect("little work");
        let scrubbed = scrubbed.unwrap_or_else(|| text.as_bytes().to_vec());
        String::from_utf8(scrubbed).expect("text")
    }

    #[test]
    fn a_captured_guess_beside_a_stored_secret_tells_nothing() {
        let secret = "sk-0123456789abcdef";
        let text = format!(r#"{{"api_key":"{secret}","after":1}}"#);
        let (alone, shown) = words(secret, &[]);
        let expected = scrub(&alone, &text);
        assert_eq!(expected, text.replace(secret, shown[0].as_str()));
        for guess in [
            // Right and wrong, at the beginning and at the end, and longer than the secret.
            r#""api_key":"sk-0"#,
            r#""api_key":"sk-1"#,
            r#"def","after""#,
            r#"dee","after""#,
            r#""api_key":"sk-0123456789abcdef","after""#,
        ] {
            let (with_guess, _) = words(secret, &[guess]);
            assert_eq!(scrub(&with_guess, &text), expected, "{guess}");
            // What was scrubbed is scrubbed once more after a capture.
            assert_eq!(scrub(&with_guess, &expected), expected, "{guess}");
        }
    }

    #[test]
    fn no_captured_word_reaches_into_a_stand_in() {
        let (alone, shown) = words("sk-0123456789abcdef", &[]);
        let text = format!("key: {} end", shown[0]);
        let (start, end) = shown[0].as_str().split_at(6);
        for word in [format!("key: {start}"), format!("{end} end")] {
            let (words, _) = words("sk-0123456789abcdef", &[&word]);
            assert_eq!(scrub(&words, &text), scrub(&alone, &text), "{word}");
        }
    }

    #[test]
    fn captured_words_are_replaced_between_the_others() {
        let (words, shown) = words("sk-0123456789abcdef", &["brand-new-secret"]);
        let text = "brand-new-secret sk-0123456789abcdef brand-new-secret";
        let expected = format!("{1} {0} {1}", shown[0], shown[1]);
        assert_eq!(scrub(&words, text), expected);
        assert_eq!(scrub(&words, &expected), expected);
        assert_eq!(
            scrub(&words, &format!("{expected}{text}")),
            expected.repeat(2)
        );
    }
}
