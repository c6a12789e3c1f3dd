//! `POST /health/check-all`: asks the providers about every active credential.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::{TestResult, TestRun};
use claviger_vault::health::Health;
use claviger_vault::permission::credential;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::asked::Asked;
use super::names;
use crate::app::App;
use crate::refusal::Refusal;
use crate::surfaces::answer;

/// What is known now. Credentials that nobody can tell anything of are neither healthy nor unhealthy, and are counted by
/// themselves, which is ours.
#[derive(Serialize)]
struct Checked<'a> {
    checked: usize,
    healthy: usize,
    unhealthy: usize,
    unknown: usize,
    details: Vec<CheckedView<'a>>,
    checked_at: Timestamp,
    duration_ms: u64,
}

/// One that isn't healthy.
#[derive(Serialize)]
struct CheckedView<'a> {
    name: &'a str,
    status: &'static str,
    error: Option<&'a str>,
    response_time_ms: u64,
}

impl<'a> CheckedView<'a> {
    fn of((name, result): (&'a str, &'a TestResult)) -> Self {
        Self {
            name,
            status: names::health(result.health),
            error: result.reason.as_deref(),
            response_time_ms: result.response_time_ms,
        }
    }
}

impl<'a> Checked<'a> {
    fn of(run: &'a TestRun, checked_at: Timestamp) -> Self {
        let count = |health| {
            run.results
                .iter()
                .filter(|tested| tested.1.health == health)
                .count()
        };
        let bad = run
            .results
            .iter()
            .filter(|tested| tested.1.health != Health::Valid);
        Self {
            checked: run.results.len(),
            healthy: count(Health::Valid),
            unhealthy: count(Health::Invalid),
            unknown: count(Health::Unknown),
            details: bad
                .map(|(credential, result)| CheckedView::of((credential.name.as_str(), result)))
                .collect(),
            checked_at,
            duration_ms: run.duration_ms,
        }
    }
}

pub(super) async fn handle(State(app): State<App>, asked: Asked) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Test>(&app).await?;
    let run = app.vault().test_all(&permit).await?;
    Ok(answer::json(StatusCode::OK, &Checked::of(&run, app.now())))
}
