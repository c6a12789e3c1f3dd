//! Becomes any plugin: a test writes another manifest over its own, which is text of a fixed length in its data.
//!
//! It answers with its version as the account. The field `what` says what else to do: `trap 1.2.0` traps in that version
//! alone, `send https://…` puts the secret into the header `authorization` of a request.

use std::hint::black_box;

use claviger_guests::outcome;
use claviger_sdk::http;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Dropped;

claviger_guests::guest!(Dropped, describe());

/// As many bytes as a test's manifest may have: `dropped` in `tests/bundle` writes over all of them.
const LENGTH: usize = 4096;

static MANIFEST: [u8; LENGTH] =
    padded(br#"{"name": "dropped", "version": "0.1.0", "description": "A test plugin.", "kinds": [], "origins": []}"#);

const fn padded(text: &[u8]) -> [u8; LENGTH] {
    let mut padded = [b' '; LENGTH];
    let mut at = 0;
    while at < text.len() {
        padded[at] = text[at];
        at += 1;
    }
    padded
}

fn describe() -> String {
    // Read at run time, or the compiler would know it.
    String::from_utf8_lossy(black_box(&MANIFEST)).into_owned()
}

/// `1.2.0` of `"version": "1.2.0"`.
fn version() -> Option<String> {
    let manifest = describe();
    let (_, after) = manifest.split_once("\"version\"")?;
    after.split('"').nth(1).map(str::to_owned)
}

impl Validation for Dropped {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        let version = version().unwrap_or_default();
        let mut report = Report::default();
        if let Some(what) = credential.field("what") {
            assert_ne!(
                what.strip_prefix("trap "),
                Some(version.as_str()),
                "told to"
            );
            if let Some(url) = what.strip_prefix("send ") {
                let secret = credential.secret("secret")?;
                let answer = http::get(url).header("authorization", secret).send();
                report = report.with_detail("sent", outcome(&answer));
            }
        }
        report.account = Some(version);
        Ok(report)
    }
}
