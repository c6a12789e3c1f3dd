//! Signatures that the host makes with a secret of the call, over a message that the plugin composes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::errors::Error;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use zeroize::Zeroizing;

use super::encode;
use super::failure::SendFailure;
use super::keyring::{FieldOf, Keyring};
use super::rules::EgressRules;
use super::session::Role;
use crate::secret::Secret;

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// RFC 4648 with padding.
    Base64,
    /// RFC 4648's URL-safe alphabet without padding, as in a JWT.
    Base64Url,
    /// In lower case.
    Hex,
}

/// Whether a field of a credential signs with a scheme.
pub(crate) fn may_sign(
    keyring: &Keyring,
    rules: &EgressRules,
    field: &FieldOf,
    scheme: &str,
) -> bool {
    let credential = keyring.credential(field);
    // What was issued has no kind, and the kind of what is put to use is another plugin's: a field of the root, or a kind of
    // the plugin's own, may have the same name.
    if matches!(credential.role, Role::Issued | Role::Applied) {
        return false;
    }
    let kind = rules.kinds.get(&credential.kind);
    kind.and_then(|fields| fields.get(&field.name))
        .is_some_and(|grant| grant.signs.contains(scheme))
}

/// Signs. `key` is a PEM private key, or for `hmac-sha256` the secret's own bytes.
pub(crate) fn sign(
    key: &Secret,
    scheme: &str,
    encoding: Encoding,
    message: &[u8],
) -> Result<Secret, SendFailure> {
    let pem = key.expose();
    let (key, algorithm): (Result<EncodingKey, Error>, _) = match scheme {
        "rs256" => (EncodingKey::from_rsa_pem(pem), Algorithm::RS256),
        "es256" => (EncodingKey::from_ec_pem(pem), Algorithm::ES256),
        "ed25519" => (EncodingKey::from_ed_pem(pem), Algorithm::EdDSA),
        "hmac-sha256" => (Ok(EncodingKey::from_secret(pem)), Algorithm::HS256),
        _ => {
            return Err(SendFailure::unsupported(
                "this host signs with rs256, es256, ed25519 and hmac-sha256 only",
            ));
        }
    };
    // What the library says of a key is not for the guest: it may quote the key.
    let unusable = |_| {
        SendFailure::invalid("the secret is no key for that scheme; it takes a PEM private key")
    };
    let signed = crypto::sign(message, &key.map_err(unusable)?, algorithm).map_err(unusable)?;
    let signed = Zeroizing::new(signed);
    let raw = URL_SAFE_NO_PAD.decode(&*signed).map(Zeroizing::new);
    let raw = raw.map_err(|_| {
        SendFailure::unsupported("the signature can't be written in another encoding")
    })?;
    Ok(Secret::new(match encoding {
        Encoding::Base64Url => signed.as_bytes().to_vec(),
        Encoding::Base64 => STANDARD.encode(&*raw).into_bytes(),
        Encoding::Hex => encode::hex(&raw).to_vec(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hmac_is_what_rfc_4231_says() {
        let key = Secret::new(b"Jefe".to_vec());
        let signed = sign(
            &key,
            "hmac-sha256",
            Encoding::Hex,
            b"what do ya want for nothing?",
        )
        .expect("a signature");
        let expected = b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signed.expose(), expected);
    }

    #[test]
    fn each_scheme_signs_in_each_encoding() {
        let pair = |algorithm| {
            rcgen::KeyPair::generate_for(algorithm)
                .expect("a key pair")
                .serialize_pem()
        };
        let keys = [
            ("es256", pair(&rcgen::PKCS_ECDSA_P256_SHA256)),
            ("ed25519", pair(&rcgen::PKCS_ED25519)),
        ];
        for (scheme, pem) in keys {
            for (encoding, length) in [
                (Encoding::Base64, 88),
                (Encoding::Base64Url, 86),
                (Encoding::Hex, 128),
            ] {
                let signed = sign(&Secret::from(pem.clone()), scheme, encoding, b"message")
                    .expect("a signature");
                assert_eq!(signed.len(), length, "{scheme} {encoding:?}");
            }
        }
    }

    /// GitHub hands out the first, `openssl genpkey` makes the second.
    #[test]
    fn rs256_is_what_others_verify_from_either_sort_of_pem() {
        use ring::signature::{
            KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey,
        };

        let pem = include_str!("sign/rsa.pkcs8.pem");
        let der = pem.lines().filter(|line| !line.starts_with('-'));
        let der = STANDARD.decode(der.collect::<String>()).expect("base64");
        let pair = RsaKeyPair::from_pkcs8(&der).expect("a key");
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key());
        for pem in [pem, include_str!("sign/rsa.pkcs1.pem")] {
            let key = Secret::from(pem.to_owned());
            let message = b"header.claims";
            let signed = sign(&key, "rs256", Encoding::Base64Url, message).expect("a signature");
            let signed = URL_SAFE_NO_PAD.decode(signed.expose()).expect("base64url");
            public
                .verify(message, &signed)
                .expect("the signature holds");
            public
                .verify(b"header.other", &signed)
                .expect_err("another message");
        }
    }

    #[test]
    fn what_is_no_key_is_not_quoted() {
        let key = Secret::new(b"-----BEGIN nonsense, but secret-----".to_vec());
        for scheme in ["rs256", "es256", "ed25519"] {
            let failure = sign(&key, scheme, Encoding::Base64, b"")
                .err()
                .expect("no signature");
            assert!(!failure.message.contains("nonsense"), "{}", failure.message);
        }
    }
}
