//! Workspaces.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::identity::Workspace;
use claviger_vault::permission::workspace;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Authenticated, Fields, JsonBody};
use crate::surfaces::{answer, workspace_id};

#[derive(Serialize)]
struct WorkspaceView {
    id: String,
    name: String,
}

impl WorkspaceView {
    fn of(workspace: &Workspace) -> Self {
        Self {
            id: workspace_id(workspace.id),
            name: workspace.name.clone(),
        }
    }
}

#[derive(Serialize)]
struct WorkspacesAnswer {
    workspaces: Vec<WorkspaceView>,
}

/// `GET /admin/workspaces`
pub(super) async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    app.server_permit::<workspace::Manage>(&caller).await?;
    let workspaces = app.vault().workspaces(&caller).await?;
    let workspaces = workspaces.iter().map(WorkspaceView::of).collect();
    Ok(answer::json(
        StatusCode::OK,
        &WorkspacesAnswer { workspaces },
    ))
}

/// `POST /admin/workspaces`
pub(super) async fn create(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = app.server_permit::<workspace::Manage>(&caller).await?;
    let name = read(body.fields()?)?;
    let workspace = app.vault().create_workspace(&permit, &name).await?;
    Ok(answer::json(
        StatusCode::CREATED,
        &WorkspaceView::of(&workspace),
    ))
}

fn read(mut fields: Fields) -> Result<String, Refusal> {
    let name = fields.required_text("name");
    fields.finish().map(|()| name)
}
