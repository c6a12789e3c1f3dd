//! Who may sign plugin files: Ed25519 public keys, and signatures over a file's bytes.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{SIGNATURE_LENGTH, Signature, VerifyingKey};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The public key of somebody whose plugins are loaded: 32 bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Author(VerifyingKey);

/// Why a text is no public key.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
#[error("wants an Ed25519 public key: 32 bytes in base64")]
pub struct NotAKey;

/// Why a file's signature doesn't count.
#[derive(Debug, Clone, Copy, Error, PartialEq, Eq)]
pub enum SignatureError {
    /// There is none.
    #[error("it is not signed: put its signature beside it, as `<file>.sig`")]
    Missing,
    /// It isn't an Ed25519 signature.
    #[error("its signature is neither the 64 bytes of an Ed25519 signature nor these in base64")]
    Malformed,
    /// It is by somebody else, or over something else.
    #[error(
        "its signature is by none of the configured authors, or the file is not what they signed"
    )]
    Wrong,
}

/// Whether one of `authors` signed these bytes. `signature` is raw, or base64 with white space around it.
pub fn verify(
    authors: &[Author],
    bytes: &[u8],
    signature: Option<&[u8]>,
) -> Result<(), SignatureError> {
    let signature = signature.ok_or(SignatureError::Missing)?;
    let raw: [u8; SIGNATURE_LENGTH] = match signature.try_into() {
        Ok(raw) => raw,
        Err(_) => STANDARD
            .decode(signature.trim_ascii())
            .ok()
            .and_then(|decoded| decoded.try_into().ok())
            .ok_or(SignatureError::Malformed)?,
    };
    let signature = Signature::from_bytes(&raw);
    let signed = |author: &Author| author.0.verify_strict(bytes, &signature).is_ok();
    if authors.iter().any(signed) {
        Ok(())
    } else {
        Err(SignatureError::Wrong)
    }
}

impl FromStr for Author {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| NotAKey)?;
        let bytes = bytes.try_into().map_err(|_| NotAKey)?;
        VerifyingKey::from_bytes(&bytes)
            .map(Self)
            .map_err(|_| NotAKey)
    }
}

impl TryFrom<String> for Author {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        text.parse()
    }
}

impl From<Author> for String {
    fn from(author: Author) -> Self {
        STANDARD.encode(author.0.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    fn key(byte: u8) -> (SigningKey, Author) {
        let key = SigningKey::from_bytes(&[byte; 32]);
        let author = STANDARD.encode(key.verifying_key().as_bytes());
        (key, author.parse().expect("a public key"))
    }

    #[test]
    fn one_of_the_authors_signs_raw_or_in_base64() {
        let (key, author) = key(1);
        let (_, other) = self::key(2);
        let raw = key.sign(b"plugin").to_bytes();
        let text = format!("{}\n", STANDARD.encode(raw));
        let authors = [other, author];
        assert_eq!(verify(&authors, b"plugin", Some(&raw)), Ok(()));
        assert_eq!(verify(&authors, b"plugin", Some(text.as_bytes())), Ok(()));
    }

    #[test]
    fn anything_else_is_refused_with_its_reason() {
        let (key, author) = key(1);
        let (_, other) = self::key(2);
        let raw = key.sign(b"plugin").to_bytes();
        let check = |authors: &[Author], signature| verify(authors, b"plugin", signature);
        let ours = [author];
        assert_eq!(check(&ours, None), Err(SignatureError::Missing));
        for garbage in [&b""[..], b"garbage", &raw[..63]] {
            assert_eq!(check(&ours, Some(garbage)), Err(SignatureError::Malformed));
        }
        assert_eq!(check(&[other], Some(&raw)), Err(SignatureError::Wrong));
        assert_eq!(check(&[], Some(&raw)), Err(SignatureError::Wrong));
        assert_eq!(
            verify(&ours, b"plugim", Some(&raw)),
            Err(SignatureError::Wrong)
        );
    }

    #[test]
    fn a_key_is_32_bytes_in_base64() {
        for text in ["", "abc", "AAAA", "not base64 at all"] {
            assert_eq!(text.parse::<Author>(), Err(NotAKey), "{text}");
        }
    }
}
