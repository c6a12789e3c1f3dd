//! `GET /health/dashboard`: how the workspace's credentials are, and what wants attention.
//!
//! The document has no parameters for it; `limit` and `offset` are those of `GET /credentials`, for the list of credentials.
//! An alert's type is one of `expiring`, `expired`, `failed` (the provider doesn't take it), `rotation_failed`,
//! `rotation_outcome_unknown`, `retire_failed` (an older version may still work), `stale_place` (a workflow's node still has
//! an older secret), `revoke_failed` and `orphaned_lease`. None is kept: an alert is over when what it tells of is.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::{
    Alert, Credential, CredentialCounts, CredentialFilter, Dashboard,
};
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
struct DashboardAnswer<'a> {
    summary: SummaryView,
    credentials: Vec<HealthView<'a>>,
    alerts: Vec<AlertView<'a>>,
    generated_at: Time,
}

#[derive(Serialize)]
struct SummaryView {
    total: u64,
    healthy: u64,
    expiring: u64,
    expired: u64,
    failed: u64,
}

#[derive(Serialize)]
struct HealthView<'a> {
    name: &'a str,
    status: &'static str,
    health: &'static str,
    /// Whole hours; negative once it has ended, none where it doesn't end.
    expires_in_hours: Option<i64>,
    last_used: Option<Time>,
}

#[derive(Serialize)]
struct AlertView<'a> {
    credential: &'a str,
    alert_type: &'static str,
    message: &'a str,
    created_at: Time,
}

impl SummaryView {
    fn of(counts: &CredentialCounts) -> Self {
        Self {
            total: counts.total,
            healthy: counts.healthy,
            expiring: counts.expiring,
            expired: counts.expired,
            failed: counts.failed,
        }
    }
}

impl<'a> HealthView<'a> {
    fn of(credential: &'a Credential, now: Timestamp) -> Self {
        let hours = |ends: Timestamp| ends.duration_since(now).as_hours();
        Self {
            name: credential.name.as_str(),
            status: credential.status(now).as_str(),
            health: names::health(credential.health),
            expires_in_hours: credential.expires_at.map(hours),
            last_used: credential.last_used_at().map(Time::from),
        }
    }
}

impl<'a> AlertView<'a> {
    fn of(alert: &'a Alert) -> Self {
        Self {
            credential: &alert.credential,
            alert_type: alert.alert_type.as_str(),
            message: &alert.message,
            created_at: alert.since.into(),
        }
    }
}

impl<'a> DashboardAnswer<'a> {
    fn of(dashboard: &'a Dashboard) -> Self {
        let (page, now) = (&dashboard.page, dashboard.generated_at);
        Self {
            summary: SummaryView::of(&page.counts),
            credentials: page
                .credentials
                .iter()
                .map(|credential| HealthView::of(credential, now))
                .collect(),
            alerts: dashboard.alerts.iter().map(AlertView::of).collect(),
            generated_at: now.into(),
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Read>(&app).await?;
    let filter = read(query)?;
    let dashboard = app.vault().health_dashboard(&permit, &filter).await?;
    Ok(answer::json(
        StatusCode::OK,
        &DashboardAnswer::of(&dashboard),
    ))
}

fn read(mut query: Fields) -> Result<CredentialFilter, Refusal> {
    let (limit, offset) = super::list::page(&mut query);
    query.finish()?;
    Ok(CredentialFilter {
        limit,
        offset,
        ..CredentialFilter::default()
    })
}
