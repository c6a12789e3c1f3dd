//! Sends what a test tells it to: the credential's text field `script` is a [script](claviger_guests::script), and the
//! report's details tell what came of each step. The guest itself fails only when the script isn't one.
//!
//! Where its secrets may go is in `sender.json`; the path names the position: `/header`, `/query`, `/json`, `/form`,
//! `/path`, `/basic`, `/capture`, `/signed`.

use claviger_guests::script::{self, Words};
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Sender;

claviger_sdk::export!(Sender, manifest: "sender.json", capabilities: [validation]);

impl Validation for Sender {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let text = credential.field("script").unwrap_or("[]");
        let steps = serde_json::from_str(text)
            .map_err(|error| Failure::invalid_input(format!("the script is none: {error}")))?;
        script::run(
            steps,
            &mut Words::of(&context, &credential),
            Report::default(),
        )
    }
}
