//! Asks to be shown the secret, says so in its manifest, and reports what it was shown.

use claviger_sdk::disclosure::reveal;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Revealer;

claviger_sdk::export!(Revealer, manifest: "revealer.json", capabilities: [validation]);

impl Validation for Revealer {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        let shown = reveal(credential.secret("secret")?)?;
        let guessed =
            reveal("clvaaaaaaaaaaaaaaaaaaaaaaaaaa").unwrap_or_else(|failure| failure.code);
        // The length proves that it was shown; the text itself must come back scrubbed.
        let report = Report {
            quota_remaining: u32::try_from(shown.len()).ok(),
            ..Report::default()
        };
        Ok(report
            .with_detail("shown", shown)
            .with_detail("guessed", guessed))
    }
}
