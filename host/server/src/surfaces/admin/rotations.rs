//! Rotations, as the journal has them.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::RotationId;
use claviger_vault::permission::workspace;
use claviger_vault::rotation::{ListedRotation, RotationFilter, RotationPhase};
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::{Refusal, about_a};
use crate::request::{Authenticated, Fields, PathOf, Query};
use crate::surfaces::time::Time;
use crate::surfaces::{answer, parse_workspace_id, workspace_id};

#[derive(Serialize)]
struct RotationView<'a> {
    id: String,
    workspace: String,
    credential: &'a str,
    credential_id: String,
    mode: &'static str,
    trigger: &'static str,
    reason: Option<&'a str>,
    phase: &'static str,
    from_version: u32,
    to_version: u32,
    started_by: &'a str,
    attempts: u32,
    next_at: Option<Time>,
    error: Option<&'a str>,
    started_at: Time,
    finished_at: Option<Time>,
}

impl<'a> RotationView<'a> {
    fn of(rotation: &'a ListedRotation) -> Self {
        Self {
            id: rotation.id.to_string(),
            workspace: workspace_id(rotation.workspace),
            credential: &rotation.credential_name,
            credential_id: rotation.credential.to_string(),
            mode: rotation.mode.as_str(),
            trigger: rotation.cause.as_str(),
            reason: rotation.reason.as_deref(),
            phase: rotation.phase.as_str(),
            from_version: rotation.from_version,
            to_version: rotation.to_version,
            started_by: &rotation.started_by,
            attempts: rotation.attempts,
            next_at: rotation.next_at.map(Time::from),
            error: rotation.error.as_deref(),
            started_at: rotation.started_at.into(),
            finished_at: rotation.finished_at.map(Time::from),
        }
    }
}

#[derive(Serialize)]
struct RotationsAnswer<'a> {
    rotations: Vec<RotationView<'a>>,
}

/// `GET /admin/rotations`: the latest first; `?workspace=`, `?phase=`, `?open=true`, `?limit=`.
pub(super) async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let permit = app.server_permit::<workspace::Manage>(&caller).await?;
    let rotations = app.vault().rotations(&permit, &read(query)?).await?;
    Ok(answer::json(
        StatusCode::OK,
        &RotationsAnswer {
            rotations: rotations.iter().map(RotationView::of).collect(),
        },
    ))
}

#[derive(Serialize)]
struct GivenUpAnswer {
    id: String,
    phase: &'static str,
    error: String,
}

/// `POST /admin/rotations/{id}/give-up`: ends one that is being undone, or whose making was interrupted, without waiting for
/// its provider any longer.
pub(super) async fn give_up(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    let permit = app.server_permit::<workspace::Manage>(&caller).await?;
    let unknown = || Refusal::NotFound {
        what: "Rotation",
        name: id.clone(),
    };
    let rotation: RotationId = id.parse().map_err(|_| unknown())?;
    let given_up = app.vault().give_up_rotation(&permit, rotation).await;
    let given_up = given_up.map_err(about_a("Rotation", &id))?;
    Ok(answer::json(
        StatusCode::OK,
        &GivenUpAnswer {
            id: given_up.id.to_string(),
            phase: given_up.phase.as_str(),
            error: given_up.error,
        },
    ))
}

fn read(mut query: Fields) -> Result<RotationFilter, Refusal> {
    let phases: Vec<_> = RotationPhase::ALL
        .iter()
        .map(|phase| (phase.as_str(), *phase))
        .collect();
    let named = query.text("workspace");
    let workspace = named.as_deref().and_then(parse_workspace_id);
    if named.is_some() && workspace.is_none() {
        query.problem(
            "workspace",
            "must be the id of a workspace, such as WSP-1234567890ABCDEF",
        );
    }
    let filter = RotationFilter {
        workspace,
        credential: None,
        phase: query.choice("phase", &phases),
        open: query.boolean("open").unwrap_or_default(),
        limit: query
            .integer("limit", 1..=1000)
            .and_then(|limit| u32::try_from(limit).ok()),
    };
    query.finish()?;
    Ok(filter)
}
