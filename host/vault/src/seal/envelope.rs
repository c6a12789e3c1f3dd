//! A sealed text: one byte of format, twelve of nonce, then what AES-256-GCM makes of it, its tag at the end.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use thiserror::Error;
use zeroize::Zeroizing;

use super::random;

/// AES-256-GCM with a random nonce of 96 bits. A key may seal 2³² texts (NIST SP 800-38D, 8.3) before it is rotated.
const FORMAT: u8 = 1;
const NONCE: usize = 12;

/// A sealed text doesn't open: another key, another place than it was sealed for, or damage. Which, nobody can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a sealed text doesn't open under its key: it was moved, changed or cut")]
pub(crate) struct Unopened;

/// A key with its schedule made.
#[derive(Clone)]
pub(crate) struct SealKey(Box<Aes256Gcm>);

impl SealKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(Box::new(Aes256Gcm::new(key.into())))
    }

    /// Seals `plaintext` for the place that `associated` names.
    pub(crate) fn seal(&self, plaintext: &[u8], associated: &[u8]) -> Result<Vec<u8>, Unopened> {
        let nonce = random::bytes::<NONCE>();
        let payload = Payload {
            msg: plaintext,
            aad: associated,
        };
        // Fails only for texts of 64 GiB and more.
        let sealed = self
            .0
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| Unopened)?;
        Ok([&[FORMAT][..], &nonce, &sealed].concat())
    }

    /// Opens what was sealed for that place.
    pub(crate) fn open(
        &self,
        sealed: &[u8],
        associated: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Unopened> {
        let (format, rest) = sealed.split_first().ok_or(Unopened)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE>().ok_or(Unopened)?;
        if *format != FORMAT {
            return Err(Unopened);
        }
        let payload = Payload {
            msg: sealed,
            aad: associated,
        };
        self.0
            .decrypt(&Nonce::from(*nonce), payload)
            .map(Zeroizing::new)
            .map_err(|_| Unopened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_only_with_its_key_at_its_place_and_whole() {
        let key = SealKey::new(&[7; 32]);
        let sealed = key.seal(b"sk-canary", b"here").unwrap();
        assert_eq!(key.open(&sealed, b"here").unwrap().as_slice(), b"sk-canary");
        assert_eq!(key.open(&sealed, b"there"), Err(Unopened));
        assert_eq!(SealKey::new(&[8; 32]).open(&sealed, b"here"), Err(Unopened));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(&changed, b"here"), Err(Unopened), "{at}");
            assert_eq!(key.open(&sealed[..at], b"here"), Err(Unopened), "{at}");
        }
        assert_ne!(key.seal(b"sk-canary", b"here").unwrap(), sealed);
    }
}
