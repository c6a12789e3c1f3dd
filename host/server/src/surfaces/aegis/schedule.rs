//! `GET /rotation/schedule`: which credentials rotate by themselves, and when.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::permission::credential;
use claviger_vault::rotation::{RotationSchedule, ScheduledRotation};
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct ScheduleAnswer<'a> {
    upcoming_rotations: Vec<ScheduledView<'a>>,
    overdue_rotations: Vec<ScheduledView<'a>>,
    generated_at: Time,
}

#[derive(Serialize)]
struct ScheduledView<'a> {
    credential: &'a str,
    scheduled_at: Time,
    strategy: &'static str,
    /// Why the last attempt failed, where it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> ScheduledView<'a> {
    fn of(scheduled: &'a ScheduledRotation) -> Self {
        let credential = &scheduled.credential;
        Self {
            credential: credential.name.as_str(),
            scheduled_at: scheduled.at.into(),
            strategy: credential.rotation.strategy.as_str(),
            error: credential.rotation_error.as_deref(),
        }
    }
}

impl<'a> ScheduleAnswer<'a> {
    fn of(schedule: &'a RotationSchedule) -> Self {
        let views = |all: &'a [ScheduledRotation]| all.iter().map(ScheduledView::of).collect();
        Self {
            upcoming_rotations: views(&schedule.upcoming),
            overdue_rotations: views(&schedule.overdue),
            generated_at: schedule.generated_at.into(),
        }
    }
}

pub(super) async fn handle(State(app): State<App>, asked: Asked) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Read>(&app).await?;
    let schedule = app.vault().rotation_schedule(&permit).await?;
    Ok(answer::json(StatusCode::OK, &ScheduleAnswer::of(&schedule)))
}
