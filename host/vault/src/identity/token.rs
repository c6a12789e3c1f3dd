//! Tokens: JWTs signed with Ed25519 (RFC 7519, RFC 8037).
//!
//! A token says whose it is, which one it is and when it ends; what its user may do is looked up, so that a change takes
//! effect at the next request. Anything but this server's own key and algorithm is refused before a signature is looked
//! at, and the time is the vault's clock's, not the library's.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::InternalError;
use crate::ids::UserId;
use crate::seal::random;

/// The longest token that is looked at, in bytes. Ours are shorter by far.
pub(crate) const LONGEST_TOKEN: usize = 8 * 1024;

/// Who signs: the `iss` of every token.
const ISSUER: &str = "claviger";

/// What stands before the 32 bytes of an Ed25519 seed to make it a PKCS #8 private key (RFC 8410, section 7).
const PKCS8_HEADER: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// Which token it is: the `jti`, 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenId([u8; 16]);

impl TokenId {
    pub(crate) fn draw() -> Self {
        Self(random::bytes())
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        (length == bytes.len()).then_some(Self(bytes))
    }
}

impl fmt::Display for TokenId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    iss: String,
    /// Whose it is.
    pub(crate) sub: UserId,
    /// Which token it is.
    pub(crate) jti: String,
    /// When it was issued, in seconds since the Unix epoch.
    pub(crate) iat: i64,
    /// When it ends, in seconds since the Unix epoch.
    pub(crate) exp: i64,
    /// How often the user's tokens had all been ended when it was issued: a new password ends them.
    pub(crate) era: i64,
}

impl Claims {
    pub(crate) fn new(
        user: UserId,
        token: TokenId,
        issued_at: i64,
        expires_at: i64,
        era: i64,
    ) -> Self {
        Self {
            iss: ISSUER.to_owned(),
            sub: user,
            jti: token.to_string(),
            iat: issued_at,
            exp: expires_at,
            era,
        }
    }
}

/// The key that signs tokens, and what knows its signatures again.
pub(crate) struct TokenKey {
    id: String,
    private: EncodingKey,
    public: DecodingKey,
    rules: Validation,
}

impl TokenKey {
    /// The key that has this id and this seed.
    pub(crate) fn new(id: String, seed: &[u8; 32]) -> Result<Self, InternalError> {
        let mut pkcs8 = Zeroizing::new([0; 48]);
        pkcs8[..16].copy_from_slice(&PKCS8_HEADER);
        pkcs8[16..].copy_from_slice(seed);
        let private = EncodingKey::from_ed_der(&pkcs8[..]);
        let jwk = Jwk::from_encoding_key(&private, Algorithm::EdDSA).map_err(InternalError::new)?;
        let public = DecodingKey::from_jwk(&jwk).map_err(InternalError::new)?;
        let mut rules = Validation::new(Algorithm::EdDSA);
        rules.set_issuer(&[ISSUER]);
        rules.set_required_spec_claims(&["iss", "sub", "exp"]);
        // Compared by the caller with the vault's own clock.
        rules.validate_exp = false;
        Ok(Self {
            id,
            private,
            public,
            rules,
        })
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<Zeroizing<String>, InternalError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.private)
            .map(Zeroizing::new)
            .map_err(InternalError::new)
    }

    /// What a token says, if this key signed it. Whether it ended or was revoked is for the caller to see.
    pub(crate) fn verify(&self, token: &str) -> Option<Claims> {
        if token.len() > LONGEST_TOKEN {
            return None;
        }
        let header = jsonwebtoken::decode_header(token).ok()?;
        if header.alg != Algorithm::EdDSA
            || header.kid.as_deref() != Some(&self.id)
            || header.crit.is_some()
        {
            return None;
        }
        jsonwebtoken::decode(token, &self.public, &self.rules)
            .ok()
            .map(|token| token.claims)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn key(seed: u8) -> TokenKey {
        TokenKey::new(format!("key {seed}"), &[seed; 32]).unwrap()
    }

    fn claims() -> Claims {
        Claims::new(UserId::from([3; 8]), TokenId::draw(), 1_000, 2_000, 0)
    }

    fn part(value: &serde_json::Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let claims = claims();
        let token = key(1).sign(&claims).unwrap();
        assert_eq!(key(1).verify(&token), Some(claims));
    }

    #[test]
    fn another_key_and_another_issuer_sign_nothing() {
        assert_eq!(key(1).verify(&key(2).sign(&claims()).unwrap()), None);
        let mut renamed = key(2);
        renamed.id = key(1).id;
        assert_eq!(key(1).verify(&renamed.sign(&claims()).unwrap()), None);
        let foreign = Claims {
            iss: "elsewhere".to_owned(),
            ..claims()
        };
        assert_eq!(key(1).verify(&key(1).sign(&foreign).unwrap()), None);
    }

    #[test]
    fn no_algorithm_but_ours_is_taken() {
        let key = key(1);
        let body = part(&serde_json::to_value(claims()).unwrap());
        for alg in ["none", "None", "HS256", "ES256", "RS256"] {
            let header = part(&json!({ "alg": alg, "typ": "JWT", "kid": key.id }));
            for signature in ["", "AAAA"] {
                assert_eq!(
                    key.verify(&format!("{header}.{body}.{signature}")),
                    None,
                    "{alg}"
                );
            }
        }
        // The classic confusion: the public key taken for a shared secret.
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(key.id.clone());
        let secret = EncodingKey::from_secret(key.public.try_get_as_bytes().unwrap());
        assert_eq!(
            key.verify(&jsonwebtoken::encode(&header, &claims(), &secret).unwrap()),
            None
        );
    }

    #[test]
    fn a_header_that_wants_more_is_refused() {
        let key = key(1);
        let mut header = Header::new(Algorithm::EdDSA);
        assert_eq!(
            key.verify(&jsonwebtoken::encode(&header, &claims(), &key.private).unwrap()),
            None
        );
        header.kid = Some(key.id.clone());
        assert!(
            key.verify(&jsonwebtoken::encode(&header, &claims(), &key.private).unwrap())
                .is_some()
        );
        header.crit = Some(vec!["b64".to_owned()]);
        assert_eq!(
            key.verify(&jsonwebtoken::encode(&header, &claims(), &key.private).unwrap()),
            None
        );
    }

    #[test]
    fn garbage_is_refused() {
        let key = key(1);
        let long = "a".repeat(LONGEST_TOKEN + 1);
        let dots = ".".repeat(LONGEST_TOKEN);
        for token in [
            "", ".", "..", "...", "a.b.c", "ключ", "null", "{}", &long, &dots,
        ] {
            assert_eq!(key.verify(token), None);
        }
    }

    #[test]
    fn token_ids_read_back() {
        let id = TokenId::draw();
        assert!(TokenId::parse(&id.to_string()) == Some(id));
        assert!(TokenId::parse("").is_none());
        assert!(TokenId::parse("AAAA").is_none());
        assert!(TokenId::parse(&"A".repeat(64)).is_none());
    }

    proptest! {
        #[test]
        fn a_changed_token_is_refused(place in 0_usize..1_000, to in "[A-Za-z0-9_.-]") {
            let token = key(1).sign(&claims()).unwrap();
            let place = place % token.len();
            // The last character of a part may carry bits that mean nothing.
            prop_assume!(!token[place..].starts_with(&to) && !token[place + 1..].starts_with('.'));
            prop_assume!(place + 1 < token.len());
            let changed = format!("{}{to}{}", &token[..place], &token[place + 1..]);
            prop_assert_eq!(key(1).verify(&changed), None);
        }

        #[test]
        fn no_text_makes_it_panic(token in ".{0,300}") {
            prop_assert_eq!(key(1).verify(&token), None);
        }
    }
}
