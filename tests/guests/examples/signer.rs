//! Signs with the secret, as a plugin that makes JWTs would, and sends the signature: where signatures of that field go,
//! and then where they don't. The field `what` is the scheme.

use claviger_guests::{UPSTREAM, outcome};
use claviger_sdk::signing::{Encoding, sign};
use claviger_sdk::{Context, Credential, Failure, Report, Validation, http};

struct Signer;

claviger_sdk::export!(Signer, manifest: "signer.json", capabilities: [validation]);

impl Validation for Signer {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        let key = credential.secret("secret")?;
        let scheme = credential.field("what").unwrap_or("hmac-sha256");
        let signature = sign(key, scheme, Encoding::Base64url, b"header.claims")?;
        let token = format!("header.claims.{signature}");
        let get = |path: &str| http::get(format!("{UPSTREAM}{path}"));
        Ok(claviger_guests::report([
            ("signature".to_owned(), signature.clone()),
            (
                "allowed".to_owned(),
                outcome(&get("/signed").bearer(&token).send()),
            ),
            (
                "other-header".to_owned(),
                outcome(&get("/signed").header("x-signature", &token).send()),
            ),
            (
                "other-path".to_owned(),
                outcome(&get("/other").bearer(&token).send()),
            ),
            (
                "key".to_owned(),
                outcome(&get("/signed").bearer(key).send()),
            ),
            (
                "other-scheme".to_owned(),
                sign(key, "none", Encoding::Hex, b"x").unwrap_or_else(|failure| failure.code),
            ),
            (
                "no-stand-in".to_owned(),
                sign("guess", scheme, Encoding::Hex, b"x").unwrap_or_else(|failure| failure.code),
            ),
            (
                "signature-as-key".to_owned(),
                sign(&signature, scheme, Encoding::Hex, b"x")
                    .unwrap_or_else(|failure| failure.code),
            ),
        ]))
    }
}
