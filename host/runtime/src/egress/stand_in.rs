//! The random word that a guest holds in a secret's place.

use std::fmt;

use rand::CryptoRng;

/// What every stand-in begins with.
const PREFIX: &[u8; 3] = b"clv";

/// RFC 4648's base32, in lower case: it survives JSON, URLs, headers and host names as it is.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// `clv` and 26 characters of base32: 128 random bits.
///
/// It is no secret. It is good for one call, and means one secret of that call.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StandIn([u8; Self::LENGTH]);

impl StandIn {
    /// Its length in bytes, all of them ASCII.
    pub const LENGTH: usize = 29;

    /// Draws one.
    pub fn draw(random: &mut dyn CryptoRng) -> Self {
        let mut drawn = [0; 16];
        random.fill_bytes(&mut drawn);
        let mut bits = u128::from_be_bytes(drawn);
        let mut word = [0; Self::LENGTH];
        word[..PREFIX.len()].copy_from_slice(PREFIX);
        for place in &mut word[PREFIX.len()..] {
            *place = ALPHABET[usize::from((bits & 31) as u8)];
            bits >>= 5;
        }
        Self(word)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever written to it.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// As bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn it_is_clv_and_26_of_base32() {
        let mut random = StdRng::seed_from_u64(1);
        let (one, other) = (StandIn::draw(&mut random), StandIn::draw(&mut random));
        assert_ne!(one, other);
        assert_eq!(one.as_str().len(), 29);
        assert!(one.as_str().starts_with("clv"));
        assert!(one.as_bytes()[3..].iter().all(|b| ALPHABET.contains(b)));
    }
}
