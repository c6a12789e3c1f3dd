//! `DELETE …/credentials/{id}`: shreds a credential's ciphertext and frees its name.

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
struct Deleted {
    success: bool,
    deleted_id: String,
}

pub(super) async fn handle(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, id)): PathOf<(String, String)>,
    reply: Reply,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<credential::Delete>(&caller, workspace.as_str())
        .await?;
    app.vault()
        .delete_credential(&permit, &reference(&id)?)
        .await
        .map_err(about(&id))?;
    Ok(reply.done(
        "Credential deleted successfully.",
        &Deleted {
            success: true,
            deleted_id: id,
        },
    ))
}
