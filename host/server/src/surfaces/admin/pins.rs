//! Which versions of its plugin a credential keeps to.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::{Credential, CredentialRef};
use claviger_vault::permission::credential;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{Authenticated, Fields, JsonBody, PathOf};
use crate::surfaces::{answer, credential_id, parse_credential_id};

#[derive(Serialize)]
struct PinAnswer<'a> {
    credential: String,
    plugin: Option<&'a str>,
    /// The range; `null` where there is none.
    version: Option<String>,
}

impl<'a> PinAnswer<'a> {
    fn of(credential: &'a Credential) -> Self {
        Self {
            credential: credential_id(credential.id),
            plugin: credential.plugin.as_deref(),
            version: credential.pin.as_ref().map(ToString::to_string),
        }
    }
}

/// `PUT /admin/workspaces/{workspace}/credentials/{credential}/pin`
pub(super) async fn put(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, credential)): PathOf<(String, String)>,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<credential::Update>(&caller, workspace.as_str())
        .await?;
    let version = read(body.fields()?)?;
    let pinned = app
        .vault()
        .pin_credential(&permit, &reference(&credential)?, &version)
        .await
        .map_err(about(&credential))?;
    Ok(answer::json(StatusCode::OK, &PinAnswer::of(&pinned)))
}

/// `DELETE /admin/workspaces/{workspace}/credentials/{credential}/pin`
pub(super) async fn remove(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, credential)): PathOf<(String, String)>,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<credential::Update>(&caller, workspace.as_str())
        .await?;
    let unpinned = app
        .vault()
        .unpin_credential(&permit, &reference(&credential)?)
        .await
        .map_err(about(&credential))?;
    Ok(answer::json(StatusCode::OK, &PinAnswer::of(&unpinned)))
}

fn read(mut fields: Fields) -> Result<String, Refusal> {
    let version = fields.required_text("version");
    fields.finish().map(|()| version)
}

fn reference(id: &str) -> Result<CredentialRef, Refusal> {
    let parsed = parse_credential_id(id).map(CredentialRef::Id);
    parsed.ok_or_else(|| Refusal::NotFound {
        what: "Credential",
        name: id.to_owned(),
    })
}
