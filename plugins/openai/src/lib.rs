//! OpenAI: checks API keys and admin keys, and rotates both.
//!
//! Both are checked with the cheapest call that needs them and that spends nothing: listing models, or projects.
//! What an answer means is in [`answer`]; how new keys are made and old ones end is in [`rotation`].

mod answer;
mod collection;
mod rotation;

use claviger_sdk::http::{self, Request};
use claviger_sdk::{
    Context, Credential, Failure, Recovery, Replacement, Report, Rotation, Validation,
};

const API: &str = "https://api.openai.com/v1";

struct OpenAi;

claviger_sdk::export!(
    OpenAi,
    manifest: "../manifest.json",
    capabilities: [validation, rotation, recovery]
);

impl Validation for OpenAi {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        answer::read(&question(&credential)?.send()?, &context)
    }
}

impl Rotation for OpenAi {
    fn create(context: Context, current: Credential) -> Result<Replacement, Failure> {
        rotation::create(&context, &current)
    }

    fn retire(context: Context, old: Credential) -> Result<(), Failure> {
        rotation::retire(&context, &old)
    }
}

impl Recovery for OpenAi {
    fn abandon(context: Context, subject: Credential) -> Result<(), Failure> {
        rotation::abandon(&context, &subject)
    }
}

fn question(credential: &Credential) -> Result<Request, Failure> {
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
        kind => Err(of_no_kind(kind)),
    }
}

fn of_no_kind(kind: &str) -> Failure {
    Failure::unsupported(format!("OpenAI has no credentials of kind `{kind}`"))
}
