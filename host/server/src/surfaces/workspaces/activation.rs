//! `POST …/credentials/{id}/activate` and `/deactivate`: whether a credential is in use. Its name stays taken either way.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::permission::credential;
use serde::Serialize;

use super::credential::reference;
use super::envelope::Reply;
use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{Authenticated, PathOf};

#[derive(Serialize)]
struct Activation {
    success: bool,
    is_active: bool,
}

pub(super) async fn activate(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, id)): PathOf<(String, String)>,
    reply: Reply,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<credential::Update>(&caller, workspace.as_str())
        .await?;
    app.vault()
        .activate_credential(&permit, &reference(&id)?)
        .await
        .map_err(about(&id))?;
    Ok(reply.done(
        "Credential activated successfully.",
        &Activation {
            success: true,
            is_active: true,
        },
    ))
}

pub(super) async fn deactivate(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, id)): PathOf<(String, String)>,
    reply: Reply,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<credential::Update>(&caller, workspace.as_str())
        .await?;
    app.vault()
        .deactivate_credential(&permit, &reference(&id)?)
        .await
        .map_err(about(&id))?;
    Ok(reply.done(
        "Credential deactivated successfully.",
        &Activation {
            success: true,
            is_active: false,
        },
    ))
}
