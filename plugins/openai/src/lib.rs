//! OpenAI: checks API keys and admin keys.
//!
//! Both are checked with the cheapest call that needs them and that spends nothing: listing models, or projects.
//! What an answer means is in [`answer`].

mod answer;

use claviger_sdk::http::{self, Request};
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct OpenAi;

claviger_sdk::export!(OpenAi, manifest: "../manifest.json", capabilities: [validation]);

impl Validation for OpenAi {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        answer::read(&question(&credential)?.send()?, &context)
    }
}

fn question(credential: &Credential) -> Result<Request, Failure> {
    const API: &str = "https://api.openai.com/v1";
    match credential.kind.as_str() {
        "api_key" => Ok(http::get(format!("{API}/models")).bearer(credential.secret("api_key")?)),
        "openai_admin" => {
            let request = match credential.field("project_id") {
                Some(project) => http::get(format!(
                    "{API}/organization/projects/{}",
                    http::percent(project)
                )),
                None => http::get(format!("{API}/organization/projects?limit=1")),
            };
            Ok(request.bearer(credential.secret("admin_key")?))
        }
        kind => Err(Failure::unsupported(format!(
            "OpenAI has no credentials of kind `{kind}`"
        ))),
    }
}
