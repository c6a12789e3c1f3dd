//! `GET /credentials`: a page of them, and counts of them all.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::{Credential, CredentialFilter, CredentialPage, Status};
use claviger_vault::permission::credential;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::names;
use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Fields, Query};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct Listed<'a> {
    credentials: Vec<ListedView<'a>>,
    total: u64,
    healthy: u64,
    expiring: u64,
    expired: u64,
}

#[derive(Serialize)]
struct ListedView<'a> {
    id: String,
    name: &'a str,
    credential_type: &'a str,
    provider: Option<&'a str>,
    status: &'static str,
    description: Option<&'a str>,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
    rotation_enabled: bool,
    rotation_interval_hours: u32,
    next_rotation_at: Option<Time>,
    tags: &'a [String],
}

impl<'a> ListedView<'a> {
    fn of(credential: &'a Credential, now: Timestamp) -> Self {
        Self {
            id: names::credential(credential.id),
            name: credential.name.as_str(),
            credential_type: &credential.kind,
            provider: credential.provider.as_deref(),
            status: credential.status(now).as_str(),
            description: credential.description.as_deref(),
            expires_at: credential.expires_at.map(Time::from),
            last_used_at: credential.last_used_at().map(Time::from),
            rotation_enabled: credential.rotation.enabled,
            rotation_interval_hours: credential.rotation.interval_hours,
            next_rotation_at: credential.next_rotation_at().map(Time::from),
            tags: &credential.tags,
        }
    }
}

impl<'a> Listed<'a> {
    fn of(page: &'a CredentialPage, now: Timestamp) -> Self {
        let counts = &page.counts;
        Self {
            credentials: page
                .credentials
                .iter()
                .map(|credential| ListedView::of(credential, now))
                .collect(),
            total: counts.total,
            healthy: counts.healthy,
            expiring: counts.expiring,
            expired: counts.expired,
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Read>(&app).await?;
    let page = app.vault().list_credentials(&permit, &read(query)?).await?;
    Ok(answer::json(StatusCode::OK, &Listed::of(&page, app.now())))
}

fn read(mut query: Fields) -> Result<CredentialFilter, Refusal> {
    let (limit, offset) = page(&mut query);
    let filter = CredentialFilter {
        status: query.choice(
            "status",
            &Status::ALL.map(|status| (status.as_str(), status)),
        ),
        provider: query.text("provider"),
        kind: query.text("type"),
        limit,
        offset,
    };
    query.finish()?;
    Ok(filter)
}

/// `limit` and `offset`.
pub(super) fn page(query: &mut Fields) -> (Option<u32>, u64) {
    let limit = query
        .integer("limit", 1..=1000)
        .and_then(|limit| u32::try_from(limit).ok());
    let offset = query
        .integer("offset", 0..=i64::MAX)
        .and_then(|offset| u64::try_from(offset).ok());
    (limit, offset.unwrap_or_default())
}
