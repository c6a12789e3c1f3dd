//! Whether n8n takes an API key: the one list that every version has.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::N8nPlugin;
use crate::api::{Api, is_unauthorized, said};

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "data")]
    _data: Vec<IgnoredAny>,
}

impl Validation for N8nPlugin {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let api = Api::of(&context, &credential)?;
        let answer = api.get("/workflows?limit=1")?;
        match answer.status() {
            200 => answer.json::<Listed>().map(|_| Report::default()),
            401 if is_unauthorized(&answer) => {
                Err(Failure::rejected("n8n says that the API key is not valid"))
            }
            403 if said(&answer).is_some() => Err(Failure::restricted(
                "n8n knows the API key, and it lacks the scope workflow:list",
            )),
            _ => Err(answer.unexpected(&context)),
        }
    }
}
