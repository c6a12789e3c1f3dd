//! n8n's credentials: made, changed, deleted.

use claviger_sdk::http::Response;
use claviger_sdk::{Credential, Failure};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::{Api, path, said};
use crate::mark::Mark;
use crate::schema::Schema;
use crate::wanted::Wanted;
use crate::workflow::Workflow;

/// A credential as n8n tells it: never its data.
#[derive(Deserialize)]
pub struct Stored {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A credential for the operation to use.
pub struct Made {
    /// It.
    pub stored: Stored,
    /// Whether this very call has made it, so that nothing else can refer to it.
    pub is_new: bool,
}

impl From<Stored> for Made {
    fn from(stored: Stored) -> Self {
        Self {
            stored,
            is_new: false,
        }
    }
}

/// What became of a change of a credential's data.
pub enum Changed {
    /// It is changed.
    Yes(Stored),
    /// There is no credential of that id any more.
    Gone,
    /// This n8n has no way to change one.
    Unsupported,
}

/// The data as this n8n takes it.
pub fn fitted(api: &Api<'_>, wanted: &Wanted) -> Result<Map<String, Value>, Failure> {
    let answer = api.get(&path("credentials/schema", &wanted.kind))?;
    match answer.status() {
        200 => answer.json::<Schema>()?.fit(&wanted.data),
        404 if said(&answer).is_some() => Err(Failure::unsupported(format!(
            "this n8n has no credential type `{}`",
            wanted.kind
        ))),
        _ => Err(api.refusal("the credential type", "credential:create", &answer)),
    }
}

/// Writes new data into a credential. What somebody has set there besides, in n8n, stays.
pub fn change(
    api: &Api<'_>,
    id: &str,
    wanted: &Wanted,
    data: &Map<String, Value>,
) -> Result<Changed, Failure> {
    // With data of another type it would be broken for all that use it. A key that may not read is no reason to give up.
    let known = api.get(&path("credentials", id))?;
    match known.status() {
        200 => {
            let known: Stored = known.json()?;
            if known.kind != wanted.kind {
                return Err(Failure::conflict(format!(
                    "n8n keeps the credential as `{}`, so it can't be `{}` as well",
                    known.kind, wanted.kind
                )));
            }
        }
        404 if said(&known).is_some() => return Ok(Changed::Gone),
        403 | 405 if said(&known).is_some() => {}
        _ => return Err(api.refusal("the credential", "credential:read", &known)),
    }
    let send = |body: Value| api.send("PATCH", &path("credentials", id), Some(&body));
    let mut answer = send(json!({ "data": data, "isPartialData": true }))?;
    if answer.status() == 400 && said(&answer).is_some_and(|it| it.contains("isPartialData")) {
        answer = send(json!({ "data": data }))?;
    }
    match answer.status() {
        200 => Ok(Changed::Yes(answer.json()?)),
        404 if said(&answer).is_some() => Ok(Changed::Gone),
        405 if said(&answer).is_some() => Ok(Changed::Unsupported),
        _ => Err(api.refusal("the credential", "credential:update", &answer)),
    }
}

/// Makes a credential under the operation's own id. Where an earlier attempt has made it, that one is used; where n8n takes
/// no ids, one that holds this very version and is in a workflow is.
pub fn create(
    api: &Api<'_>,
    credential: &Credential,
    mark: &Mark,
    wanted: &Wanted,
    data: &Map<String, Value>,
) -> Result<Made, Failure> {
    let body = json!({
        "id": mark.id, "name": credential.name, "type": wanted.kind, "data": data,
    });
    let answer = api.send("POST", "/credentials", Some(&body))?;
    match answer.status() {
        200 => made(&answer),
        409 if said(&answer).is_some() => match change(api, &mark.id, wanted, data)? {
            Changed::Yes(stored) => Ok(stored.into()),
            Changed::Gone => Err(Failure::conflict(format!(
                "n8n has a credential `{}` that the API key can't see",
                mark.id
            ))),
            // The same operation is about the same secret.
            Changed::Unsupported => Ok(Made::from(Stored {
                id: mark.id.clone(),
                name: credential.name.clone(),
                kind: wanted.kind.clone(),
            })),
        },
        400 if said(&answer).is_some_and(|it| it.starts_with("request/body/id")) => {
            without_id(api, mark, wanted, data)
        }
        _ => Err(api.refusal("a credential", "credential:create", &answer)),
    }
}

fn without_id(
    api: &Api<'_>,
    mark: &Mark,
    wanted: &Wanted,
    data: &Map<String, Value>,
) -> Result<Made, Failure> {
    if let Some(stored) = in_use(api, mark, wanted)? {
        return Ok(stored.into());
    }
    let body = json!({ "name": mark.name, "type": wanted.kind, "data": data });
    let answer = api.send("POST", "/credentials", Some(&body))?;
    match answer.status() {
        200 => made(&answer),
        _ => Err(api.refusal("a credential", "credential:create", &answer)),
    }
}

/// A credential of this version that a workflow uses.
fn in_use(api: &Api<'_>, mark: &Mark, wanted: &Wanted) -> Result<Option<Stored>, Failure> {
    let workflows = Workflow::all(api, |it| {
        it.kind == wanted.kind && !it.id.is_empty() && mark.is_current(it.name)
    })?;
    let mut references = workflows.iter().flat_map(Workflow::references);
    let found = references.find(|it| it.kind == wanted.kind && mark.is_current(it.name));
    Ok(found.map(|it| Stored {
        id: it.id.to_owned(),
        name: it.name.to_owned(),
        kind: it.kind.to_owned(),
    }))
}

fn made(answer: &Response) -> Result<Made, Failure> {
    let stored = answer.json().map_err(|failure| Failure {
        code: "unknown-outcome".to_owned(),
        ..failure
    })?;
    Ok(Made {
        stored,
        is_new: true,
    })
}

/// Deletes what was made for a change that didn't come about. Where that fails too, the failure says so.
pub fn undo(api: &Api<'_>, made: &Made, failure: Failure) -> Failure {
    if !made.is_new {
        return failure;
    }
    let id = &made.stored.id;
    match delete(api, id) {
        Ok(()) => failure,
        Err(left) => failure.with_detail("left-behind", format!("{id}: {}", left.message)),
    }
}

/// Deletes a credential. One that is gone already is deleted.
pub fn delete(api: &Api<'_>, id: &str) -> Result<(), Failure> {
    let answer = api.send("DELETE", &path("credentials", id), None)?;
    match answer.status() {
        200 | 204 => Ok(()),
        404 if said(&answer).is_some() => Ok(()),
        _ => Err(api.refusal("the replaced credential", "credential:delete", &answer)),
    }
}
