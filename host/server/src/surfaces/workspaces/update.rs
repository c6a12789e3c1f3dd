//! `PUT …/credentials/{id}`: changes what is known of a credential. What isn't sent stays as it is.

use axum::extract::State;
use axum::response::Response;
use claviger_runtime::Catalogue;
use claviger_vault::credentials::CredentialPatch;
use claviger_vault::permission::credential;

use super::credential::{CredentialView, reference};
use super::envelope::Reply;
use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{Authenticated, Fields, JsonBody, PathOf};
use crate::surfaces::fixed::Elsewhere;

const ELSEWHERE: Elsewhere = Elsewhere {
    store: "POST …/credentials/{kind}",
    state: "POST …/credentials/{id}/activate and …/deactivate do it",
};

pub(super) async fn handle(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, id)): PathOf<(String, String)>,
    reply: Reply,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<credential::Update>(&caller, workspace.as_str())
        .await?;
    let reference = reference(&id)?;
    let patch = read(body.fields()?, &app.catalogue())?;
    let (credential, _) = app
        .vault()
        .update_credential(&permit, &reference, &patch)
        .await
        .map_err(about(&id))?;
    Ok(reply.done(
        "Credential updated successfully.",
        &CredentialView::of(&credential),
    ))
}

fn read(mut fields: Fields, catalogue: &Catalogue) -> Result<CredentialPatch, Refusal> {
    let patch = CredentialPatch {
        name: fields.replacement("name", Fields::text),
        description: fields.change("description", Fields::text),
        tags: fields
            .change("tags", Fields::texts)
            .map(Option::unwrap_or_default),
        expires_at: fields.change("expires_at", Fields::timestamp),
        ..CredentialPatch::default()
    };
    ELSEWHERE.refuse(&mut fields, catalogue);
    fields.finish()?;
    Ok(patch)
}
