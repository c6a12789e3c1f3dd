//! `POST /health/check-all`: asks the providers about every active credential.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::{TestResult, TestRun};
use claviger_vault::permission::credential;
use http::StatusCode;
use serde::Serialize;

use super::names;
use crate::app::App;
use crate::refusal::Refusal;
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

/// What was found. Credentials that nobody can tell anything of are neither healthy nor unhealthy, and are counted by
/// themselves, which is ours.
#[derive(Serialize)]
struct CheckAllAnswer<'a> {
    checked: u64,
    healthy: u64,
    unhealthy: u64,
    unknown: u64,
    details: Vec<FindingView<'a>>,
    checked_at: Time,
    duration_ms: u64,
}

/// One that isn't healthy.
#[derive(Serialize)]
struct FindingView<'a> {
    name: &'a str,
    status: &'static str,
    error: Option<&'a str>,
    response_time_ms: u64,
}

impl<'a> FindingView<'a> {
    fn of(result: &'a TestResult) -> Self {
        Self {
            name: result.credential.name.as_str(),
            status: names::health(result.health),
            error: result.reason.as_deref(),
            response_time_ms: result.response_time_ms,
        }
    }
}

impl<'a> CheckAllAnswer<'a> {
    fn of(run: &'a TestRun) -> Self {
        Self {
            checked: run.checked,
            healthy: run.valid,
            unhealthy: run.invalid,
            unknown: run.unknown,
            details: run.findings.iter().map(FindingView::of).collect(),
            checked_at: run.checked_at.into(),
            duration_ms: u64::try_from(run.duration.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

pub(super) async fn handle(State(app): State<App>, asked: Asked) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Test>(&app).await?;
    let run = app.vault().test_all(&permit).await?;
    Ok(answer::json(StatusCode::OK, &CheckAllAnswer::of(&run)))
}
