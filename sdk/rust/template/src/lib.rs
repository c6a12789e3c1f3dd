//! Checks keys of {{ type }}'s API.

use claviger_sdk::{Context, Credential, Failure, Report, Validation, http};

struct {{ type }};

claviger_sdk::export!({{ type }}, manifest: "../manifest.json", capabilities: [{{ capabilities | join(", ") }}]);

impl Validation for {{ type }} {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        // A stand-in: a random word, good for this call, that the host replaces on the way out.
        let key = credential.secret("api_key")?;
        let answer = http::get("https://api.{{ name }}.example/v1/me").bearer(key).send()?;
        match answer.status() {
            200 => Ok(Report {
                account: answer.header("{{ name }}-account").map(str::to_owned),
                ..Report::default()
            }),
            401 => Err(Failure::rejected("{{ type }} says that the key is not valid")),
            _ => Err(answer.unexpected(&context)),
        }
    }
}
