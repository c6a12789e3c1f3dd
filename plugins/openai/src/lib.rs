//! OpenAI: checks API keys and admin keys.
use claviger_sdk::{Context, Credential, Failure, Report, Validation, http};
struct OpenAi;
claviger_sdk::export!(OpenAi, manifest: "../manifest.json", capabilities: [validation]);
impl Validation for OpenAi {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let answer = http::get("https://api.openai.com/v1/models")
            .bearer(credential.secret("api_key")?)
            .send()?;
        Err(answer.unexpected(&context))
    }
}
