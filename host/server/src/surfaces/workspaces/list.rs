//! `GET …/credentials`: all of a workspace's, or those of one kind.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::WorkspaceId;
use claviger_vault::credentials::{CredentialFilter, CredentialPage};
use claviger_vault::permission::credential;
use serde::Serialize;

use super::credential::ListedView;
use super::envelope::Reply;
use super::{kinds, names};
use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Authenticated, PathOf, Query};

#[derive(Serialize)]
struct Listed<'a> {
    workspace_id: String,
    credentials: Vec<ListedView<'a>>,
    count: usize,
}

impl<'a> Listed<'a> {
    fn of(workspace: WorkspaceId, page: &'a CredentialPage) -> Self {
        let credentials: Vec<_> = page.credentials.iter().map(|credential| ListedView::of(credential)).collect();
        Self { workspace_id: names::workspace(workspace), count: credentials.len(), credentials }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(workspace): PathOf<String>,
    Query(mut query): Query,
    reply: Reply,
) -> Result<Response, Refusal> {
    let permit = app.permit::<credential::Read>(&caller, workspace.as_str()).await?;
    let kind = query.text("credential_type").map(|text| names::kind_of_type(&text));
    query.finish()?;
    let filter = CredentialFilter { kind, ..CredentialFilter::default() };
    let page = app.vault().list_credentials(&permit, &filter).await?;
    if page.credentials.is_empty()
        && let Some(kind) = &filter.kind
    {
        known(&app, kind)?;
    }
    Ok(reply.data(&Listed::of(permit.workspace(), &page)))
}

/// A kind that no credential has and no plugin declares is a misspelt one.
fn known(app: &App, kind: &str) -> Result<(), Refusal> {
    let catalogue = app.catalogue();
    if catalogue.declaring_kind(kind).next().is_some() {
        return Ok(());
    }
    let known = kinds::spelled_in_bodies(&catalogue);
    Err(Refusal::invalid("credential_type", format!("must be one of {known}")))
}
