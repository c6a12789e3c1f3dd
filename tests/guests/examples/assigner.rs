//! Sets secrets that the host made: `PUT /allowed/current`, with the current one to show who asks.

use claviger_guests::UPSTREAM;
use claviger_sdk::http::{self, Request};
use claviger_sdk::{Assignment, Context, Credential, Failure, Report, Validation};

struct Assigner;

claviger_sdk::export!(
    Assigner,
    manifest: "assigner.json",
    capabilities: [validation, assignment]
);

impl Validation for Assigner {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let answer = http::get(format!("{UPSTREAM}/allowed"))
            .bearer(credential.secret("secret")?)
            .send()?;
        match answer.status() {
            200 => Ok(Report::default()),
            401 => Err(Failure::rejected("the provider says no")),
            _ => Err(answer.unexpected(&context)),
        }
    }
}

impl Assignment for Assigner {
    fn assign(context: Context, current: Credential, proposed: Credential) -> Result<(), Failure> {
        let key = serde_json::json!({ "key": proposed.secret("secret")? });
        let request = Request::new("PUT", format!("{UPSTREAM}/allowed/current")).json(&key);
        let answer = request.bearer(current.secret("secret")?).send()?;
        match answer.status() {
            200..=299 => Ok(()),
            401 => Err(Failure::rejected("the provider says no")),
            _ => Err(answer.unexpected(&context)),
        }
    }
}
