//! `GET /audit/log`: who did what in the workspace, the newest first.
//!
//! `action` filters by the document's words, as entries have them, and by the log's own names alike.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::audit::{AuditEntry, AuditFilter, AuditPage};
use claviger_vault::permission::audit;
use http::StatusCode;
use serde::Serialize;

use super::{actions, names};
use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Fields, Query};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct LogAnswer<'a> {
    log: Vec<EntryView<'a>>,
    total: u64,
}

#[derive(Serialize)]
struct EntryView<'a> {
    id: String,
    timestamp: Time,
    credential_name: Option<&'a str>,
    action: &'a str,
    actor: &'a str,
    target: Option<&'a str>,
    success: bool,
}

impl<'a> EntryView<'a> {
    fn of(entry: &'a AuditEntry) -> Self {
        Self {
            id: names::log_entry(entry.number),
            timestamp: entry.at.into(),
            credential_name: entry.credential_name.as_deref(),
            action: actions::shown(&entry.action),
            actor: &entry.actor,
            target: entry.target.as_deref(),
            success: entry.success,
        }
    }
}

impl<'a> LogAnswer<'a> {
    fn of(page: &'a AuditPage) -> Self {
        Self {
            log: page.entries.iter().map(EntryView::of).collect(),
            total: page.total,
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<audit::Read>(&app).await?;
    let page = app.vault().audit_log(&permit, &read(query)?).await?;
    Ok(answer::json(StatusCode::OK, &LogAnswer::of(&page)))
}

fn read(mut query: Fields) -> Result<AuditFilter, Refusal> {
    let filter = AuditFilter {
        credential_name: query.text("credential_name"),
        actions: query
            .text("action")
            .map(|action| actions::meant(&action))
            .unwrap_or_default(),
        actor: query.text("actor"),
        since: query.timestamp("start_date"),
        until: query.timestamp("end_date"),
        limit: query
            .integer("limit", 1..=1000)
            .and_then(|limit| u32::try_from(limit).ok()),
        ..AuditFilter::default()
    };
    query.finish()?;
    Ok(filter)
}
