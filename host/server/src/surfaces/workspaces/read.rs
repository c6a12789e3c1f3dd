//! `GET …/credentials/{id}`: what is known of a credential and, for those who may see it, its secret.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::permission::credential;

use super::credential::{CredentialView, reference};
use super::envelope::Reply;
use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{Authenticated, PathOf, Query};

pub(super) async fn handle(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, id)): PathOf<(String, String)>,
    Query(mut query): Query,
    reply: Reply,
) -> Result<Response, Refusal> {
    let include_secret = query.boolean("include_secret");
    query.finish()?;
    if include_secret == Some(true) {
        let permit = app
            .permit::<credential::Reveal>(&caller, workspace.as_str())
            .await?;
        let revealed = app
            .vault()
            .reveal(&permit, &reference(&id)?)
            .await
            .map_err(about(&id))?;
        let length = revealed.fields.iter().map(|field| field.value.len()).sum();
        return Ok(reply.secret(&CredentialView::revealed(&revealed), length));
    }
    let permit = app
        .permit::<credential::Read>(&caller, workspace.as_str())
        .await?;
    let credential = app
        .vault()
        .credential(&permit, &reference(&id)?)
        .await
        .map_err(about(&id))?;
    Ok(reply.data(&CredentialView::of(&credential)))
}
