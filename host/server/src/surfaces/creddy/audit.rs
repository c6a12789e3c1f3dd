//! `GET /api/v1/audit`: what was done with leases and backends in the workspace, the newest first.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::audit::{AuditEntry, AuditFilter, AuditPage};
use claviger_vault::leases::Ttl;
use claviger_vault::permission::audit;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Fields, Query};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

/// What is told here. The rest of the log is other surfaces'.
const FAMILIES: &[&str] = &["lease.", "backend."];

#[derive(Serialize)]
struct AuditAnswer<'a> {
    entries: Vec<EntryView<'a>>,
    total: u64,
}

#[derive(Serialize)]
struct EntryView<'a> {
    id: String,
    timestamp: Time,
    action: &'a str,
    backend: Option<&'a str>,
    credential_id: Option<String>,
    actor: &'a str,
    success: bool,
    /// What was asked for, where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a Value>,
    /// What the provider did.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a Value>,
    /// Why it didn't succeed, or was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a Value>,
}

impl<'a> EntryView<'a> {
    fn of(entry: &'a AuditEntry) -> Self {
        let detail = |key: &str| entry.detail.get(key);
        let lease = detail("lease").and_then(Value::as_str);
        let is_of_lease = lease.is_some();
        Self {
            id: format!("log_{}", entry.number),
            timestamp: entry.at.into(),
            action: &entry.action,
            backend: entry.target.as_deref(),
            credential_id: lease.map(|digits| format!("cred_{digits}")),
            actor: &entry.actor,
            success: entry.success,
            scopes: detail("scopes"),
            metadata: detail("metadata"),
            provider: detail("provider").filter(|_| is_of_lease),
            reason: detail("reason").or_else(|| detail("warning")),
        }
    }
}

impl<'a> AuditAnswer<'a> {
    fn of(page: &'a AuditPage) -> Self {
        Self {
            entries: page.entries.iter().map(EntryView::of).collect(),
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
    let filter = read(query, app.now())?;
    let page = app.vault().audit_log(&permit, &filter).await?;
    Ok(answer::json(StatusCode::OK, &AuditAnswer::of(&page)))
}

fn read(mut query: Fields, now: Timestamp) -> Result<AuditFilter, Refusal> {
    let filter = AuditFilter {
        families: FAMILIES,
        target: query.text("backend"),
        since: moment(&mut query, "since", now),
        until: moment(&mut query, "until", now),
        limit: query
            .integer("limit", 1..=1000)
            .and_then(|limit| u32::try_from(limit).ok()),
        ..AuditFilter::default()
    };
    query.finish().map(|()| filter)
}

/// A time, or how long ago it was.
fn moment(query: &mut Fields, name: &str, now: Timestamp) -> Option<Timestamp> {
    query.time_or(name, "a duration such as 24h", |text| {
        let ago: Ttl = text.parse().ok()?;
        // Further back than times go is as far back as they go.
        Some(now.checked_sub(ago.duration()).unwrap_or(Timestamp::MIN))
    })
}
