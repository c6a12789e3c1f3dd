//! Anthropic: checks API keys, by listing models, which spends nothing.

mod answer;

use claviger_sdk::{Context, Credential, Failure, Report, Validation, http};

struct Anthropic;

claviger_sdk::export!(Anthropic, manifest: "../manifest.json", capabilities: [validation]);

impl Validation for Anthropic {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let answer = http::get("https://api.anthropic.com/v1/models?limit=1")
            .header("x-api-key", credential.secret("api_key")?)
            .header("anthropic-version", "2023-06-01")
            .send()?;
        answer::read(&answer, &context)
    }
}
