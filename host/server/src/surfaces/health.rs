//! `GET /health`, which three of the documents have, each in a shape of its own. This is all three at once.
//!
//! Anybody may ask; the counts are for a caller who may read credentials at home, and 0 for others.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use claviger_vault::credentials::CredentialCounts;
use claviger_vault::identity::Caller;
use claviger_vault::permission::credential;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;
use crate::request::Authenticated;
use crate::surfaces::answer;
use crate::surfaces::time::Time;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize)]
struct Health {
    status: &'static str,
    agent: &'static str,
    version: &'static str,
    credentials_count: u64,
    healthy_count: u64,
    expiring_count: u64,
    expired_count: u64,
    encryption: &'static str,
    last_rotation_check: Option<Time>,
    data: HealthData,
}

#[derive(Serialize)]
struct HealthData {
    status: &'static str,
    version: &'static str,
    uptime: String,
}

/// Its route.
pub(super) fn routes() -> Router<App> {
    Router::new().route("/health", get(handle))
}

async fn handle(State(app): State<App>, caller: Result<Authenticated, Refusal>) -> Response {
    let counts = match caller {
        Ok(Authenticated(caller)) => counts(&app, &caller).await.unwrap_or_default(),
        Err(_) => CredentialCounts::default(),
    };
    let uptime = uptime(app.now().as_second() - app.started().as_second());
    let health = Health {
        status: "healthy",
        agent: "AEGIS",
        version: VERSION,
        credentials_count: counts.total,
        healthy_count: counts.healthy,
        expiring_count: counts.expiring,
        expired_count: counts.expired,
        encryption: "enabled",
        last_rotation_check: None,
        data: HealthData {
            status: "healthy",
            version: VERSION,
            uptime,
        },
    };
    answer::json(StatusCode::OK, &health)
}

async fn counts(app: &App, caller: &Caller) -> Result<CredentialCounts, Refusal> {
    let home = caller.home_workspace();
    // Who only polls whether the server lives tries nothing that is denied: the log would fill with it.
    if !app.vault().may::<credential::Read>(caller, home).await? {
        return Ok(CredentialCounts::default());
    }
    let permit = app.permit::<credential::Read>(caller, home).await?;
    Ok(app.vault().counts(&permit).await?)
}

/// `3d 4h 5m 6s`
fn uptime(seconds: i64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("{}d {}h {minutes}m {seconds}s", hours / 24, hours % 24)
}

#[cfg(test)]
mod tests {
    #[test]
    fn uptime_is_told_in_days_hours_minutes_and_seconds() {
        assert_eq!(super::uptime(0), "0d 0h 0m 0s");
        assert_eq!(
            super::uptime(3 * 86_400 + 4 * 3600 + 5 * 60 + 6),
            "3d 4h 5m 6s"
        );
    }
}
