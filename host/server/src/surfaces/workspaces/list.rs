//! `GET …/credentials`: all of a workspace's, or those of one kind.
//!
//! The document knows no pages. Up to a thousand come at once; `count` says how many there are, and `limit` and `offset`,
//! which are ours, reach the rest.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::WorkspaceId;
use claviger_vault::credentials::list::LONGEST_PAGE;
use claviger_vault::credentials::{CredentialFilter, CredentialPage};
use claviger_vault::permission::credential;
use serde::Serialize;

use super::credential::ListedView;
use super::envelope::Reply;
use super::{kinds, names};
use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Authenticated, Fields, PathOf, Query};

#[derive(Serialize)]
struct Listed<'a> {
    workspace_id: String,
    credentials: Vec<ListedView<'a>>,
    count: u64,
}

impl<'a> Listed<'a> {
    fn of(workspace: WorkspaceId, page: &'a CredentialPage) -> Self {
        let credentials = page
            .credentials
            .iter()
            .map(|credential| ListedView::of(credential))
            .collect();
        Self {
            workspace_id: names::workspace(workspace),
            credentials,
            count: page.counts.total,
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(workspace): PathOf<String>,
    Query(query): Query,
    reply: Reply,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<credential::Read>(&caller, workspace.as_str())
        .await?;
    let filter = read(query)?;
    let page = app.vault().list_credentials(&permit, &filter).await?;
    if page.counts.total == 0
        && let Some(kind) = &filter.kind
    {
        known(&app, kind)?;
    }
    Ok(reply.data(&Listed::of(permit.workspace(), &page)))
}

fn read(mut query: Fields) -> Result<CredentialFilter, Refusal> {
    let limit = query
        .integer("limit", 1..=i64::from(LONGEST_PAGE))
        .and_then(|limit| u32::try_from(limit).ok());
    let offset = query
        .integer("offset", 0..=i64::MAX)
        .and_then(|offset| u64::try_from(offset).ok());
    let filter = CredentialFilter {
        kind: query
            .text("credential_type")
            .map(|text| names::kind_of_type(&text)),
        limit: limit.or(Some(LONGEST_PAGE)),
        offset: offset.unwrap_or_default(),
        ..CredentialFilter::default()
    };
    query.finish()?;
    Ok(filter)
}

/// A kind that no credential has, no plugin declares and no document names is a misspelt one.
fn known(app: &App, kind: &str) -> Result<(), Refusal> {
    let catalogue = app.catalogue();
    if kinds::is_known(&catalogue, kind) {
        return Ok(());
    }
    let known = kinds::spelled_in_bodies(&catalogue);
    Err(Refusal::invalid(
        "credential_type",
        format!("must be one of {known}"),
    ))
}
