//! Whether a key is there, as far as the Management API can tell.
//!
//! That an access token works says nothing of the key, and the Management API shows no key that could be compared. So a
//! report says what was found out: that a key of the same id is there, or one of the same name, or nothing of the key.

use claviger_sdk::{Context, Credential, Failure, Report};

use crate::project::Project;

pub fn validate(context: &Context, credential: &Credential) -> Result<Report, Failure> {
    let keys = Project::of(credential)?.keys(context)?;
    let found = keys.iter().find(|key| key.is_of(credential));
    let known = match (&credential.external_id, credential.field("key_name")) {
        (Some(_), _) if found.is_none() => {
            return Err(Failure::rejected(
                "the access token works, and the project no longer has the key: it was deleted",
            ));
        }
        (Some(_), _) => "the project has a key of this id".to_owned(),
        // Whoever stored it may have misspelt the name: nothing is held against the key.
        (None, Some(name)) if found.is_none() => {
            return Err(Failure::not_found(format!(
                "the access token works, and the project has no key `{name}`: it was deleted or renamed"
            )));
        }
        (None, Some(name)) => format!(
            "the project has a key `{name}`; whether it is this one can't be told without the key's id"
        ),
        (None, None) => {
            "not checked: neither the key's id nor its name is known, only the access token was tried"
                .to_owned()
        }
    };
    let report = Report {
        account: credential.field("project_ref").map(str::to_owned),
        ..Report::default()
    };
    let report = report.with_detail("api-key", known);
    Ok(match found.and_then(|key| key.kind.as_deref()) {
        Some(kind) => report.with_detail("api-key-type", kind),
        None => report,
    })
}
