//! New keys, and the end of old ones.
//!
//! OpenAI has no call that makes a key for a person. It makes service accounts, each with a key of its own, so a rotated
//! API key is that of a new service account, and ending it is deleting that account. Admin keys are made and deleted as
//! they are.
//!
//! What is made is named after the operation. That is how an earlier try of it is found.

use claviger_sdk::http;
use claviger_sdk::{Context, Credential, Failure, Replacement};
use serde::{Deserialize, Serialize};

use crate::collection::Collection;
use crate::{API, answer, of_no_kind};

/// What is kept with a version, to find it at OpenAI.
#[derive(Serialize, Deserialize)]
struct Handle {
    project: String,
    service_account: String,
}

/// Makes a new key.
pub fn create(context: &Context, current: &Credential) -> Result<Replacement, Failure> {
    let name = name(context);
    match current.kind.as_str() {
        "api_key" => {
            let (project, accounts) = service_accounts(context)?;
            let made = accounts.make(context, &name)?;
            let handle = Handle {
                project: project.to_owned(),
                service_account: made.id,
            };
            let handle = serde_json::to_string(&handle).map_err(|error| {
                Failure::unknown_outcome(format!("the handle can't be written: {error}"))
            })?;
            let replacement = Replacement {
                external_id: made.key_id,
                handle: Some(handle),
                ..Replacement::default()
            };
            Ok(replacement
                .with_field("api_key", made.secret)
                .with_detail("service-account", name))
        }
        "openai_admin" => {
            let made = Collection::admin_keys(current.secret("admin_key")?).make(context, &name)?;
            let replacement = Replacement {
                external_id: Some(made.id),
                ..Replacement::default()
            };
            Ok(replacement.with_field("admin_key", made.secret))
        }
        kind => Err(of_no_kind(kind)),
    }
}

/// Ends an old key.
pub fn retire(context: &Context, old: &Credential) -> Result<(), Failure> {
    match old.kind.as_str() {
        "api_key" => retire_api_key(context, old),
        "openai_admin" => {
            let id = old.external_id.as_deref().ok_or_else(unknown_id)?;
            let keys = Collection::admin_keys(old.secret("admin_key")?);
            match keys.remove(context, id) {
                // It is asked with the very key that is to end: a key that OpenAI doesn't take has ended.
                Err(failure) if failure.code == "rejected" => Ok(()),
                ended => ended,
            }
        }
        kind => Err(of_no_kind(kind)),
    }
}

/// Ends what the operation made, if it made anything.
pub fn abandon(context: &Context, subject: &Credential) -> Result<(), Failure> {
    let name = name(context);
    match subject.kind.as_str() {
        "api_key" => service_accounts(context)?.1.remove_named(context, &name),
        "openai_admin" => {
            Collection::admin_keys(subject.secret("admin_key")?).remove_named(context, &name)
        }
        kind => Err(of_no_kind(kind)),
    }
}

fn retire_api_key(context: &Context, old: &Credential) -> Result<(), Failure> {
    let admin_key = context.connection()?.secret("admin_key")?;
    if let Some(handle) = &old.handle {
        let handle: Handle = serde_json::from_str(handle).map_err(|_| {
            Failure::invalid_input("the version's handle is not one of this plugin")
        })?;
        return Collection::service_accounts(admin_key, &handle.project)
            .remove(context, &handle.service_account);
    }
    let id = old.external_id.as_deref().ok_or_else(unknown_id)?;
    retire_key_of_a_person(context, admin_key, id)
}

/// The first version's key, which a person made in the dashboard.
fn retire_key_of_a_person(context: &Context, admin_key: &str, id: &str) -> Result<(), Failure> {
    let (project, id) = (http::percent(project(context)?), http::percent(id));
    let url = format!("{API}/organization/projects/{project}/api_keys/{id}");
    let answer = http::delete(url).bearer(admin_key).send()?;
    match answer.status() {
        200 => Ok(()),
        _ if answer::is_gone(&answer) => Ok(()),
        // The account may have further keys, which others work with.
        400 => Err(Failure::unsupported(
            "OpenAI deletes this key only together with the service account that it belongs to, which may have others; \
             delete it in the dashboard",
        )),
        _ => Err(answer::refusal(&answer, answer.unexpected_change(context))),
    }
}

/// The project that the connection is for, and its service accounts.
fn service_accounts(context: &Context) -> Result<(&str, Collection<'_>), Failure> {
    let project = project(context)?;
    let admin_key = context.connection()?.secret("admin_key")?;
    Ok((project, Collection::service_accounts(admin_key, project)))
}

fn project(context: &Context) -> Result<&str, Failure> {
    let connection = context.connection()?;
    connection.field("project_id").ok_or_else(|| {
        Failure::invalid_input(format!(
            "the connection `{}` has no `project_id`, so it isn't known in which project keys are made and ended; store \
             it with the admin key",
            connection.name
        ))
    })
}

fn name(context: &Context) -> String {
    format!("claviger-{}", context.idempotency_key)
}

fn unknown_id() -> Failure {
    Failure::unsupported(
        "nobody knows this key's id at OpenAI, so it can't be ended from here; delete it in the dashboard",
    )
}
