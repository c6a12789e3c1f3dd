//! What is left of secrets in a memory, where tests look for them.

use super::matcher::Matcher;

/// How much of what was freed an allocator writes over at either end, in bytes: the links of its lists of free blocks, and
/// how long they are.
const OVERWRITTEN: usize = 8;

/// The shortest text that is looked for, in bytes, be it a secret or the rest of one: less may be there by chance.
const SHORTEST: usize = 12;

/// Secrets, whole or without their beginning or end, plain or encoded.
pub(crate) struct Remains(Matcher);

impl Remains {
    /// Those of these secrets.
    pub(crate) fn of<'s>(secrets: impl Iterator<Item = &'s [u8]>) -> Self {
        let mut matcher = Matcher::default();
        for (word, secret) in secrets.enumerate() {
            let end = secret.len().saturating_sub(OVERWRITTEN);
            let (rest, start) = (secret.get(OVERWRITTEN..), secret.get(..end));
            let middle = secret.get(OVERWRITTEN..end);
            let parts = [Some(secret), rest, start, middle];
            for part in parts.into_iter().flatten() {
                if part.len() >= SHORTEST {
                    matcher.add(word, part);
                }
            }
        }
        Self(matcher)
    }

    /// Whether one of them is in there.
    pub(crate) fn are_in(&self, memory: &[u8]) -> bool {
        self.0.is_in(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_whole_encoded_and_without_its_ends() {
        let secret: &[u8] = b"sk-live-9f8e7d6c5b4a3928";
        let remains = Remains::of([secret].into_iter());
        for memory in [
            &b"..sk-live-9f8e7d6c5b4a3928.."[..],
            b"\x00\x01\x02\x03\x04\x05\x06\x079f8e7d6c5b4a3928",
            b"sk-live-9f8e7d6c\x00\x01\x02\x03",
            b"c2stbGl2ZS05ZjhlN2Q2YzViNGEzOTI4",
        ] {
            assert!(remains.are_in(memory), "{memory:?}");
        }
        assert!(!remains.are_in(b"sk-live-9f8"));
    }
}
