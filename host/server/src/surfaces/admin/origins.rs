//! Where connections of a workspace may lead.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::ApprovedOrigin;
use claviger_vault::permission::workspace;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::{Refusal, about_a};
use crate::request::{Authenticated, Fields, JsonBody, PathOf, Query};
use crate::surfaces::answer;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct OriginView {
    plugin: String,
    origin: String,
    approved_by: String,
    approved_at: Time,
}

impl OriginView {
    fn of(approved: ApprovedOrigin) -> Self {
        Self {
            plugin: approved.plugin,
            origin: approved.origin.to_string(),
            approved_by: approved.approved_by,
            approved_at: approved.approved_at.into(),
        }
    }
}

#[derive(Serialize)]
struct OriginsAnswer {
    origins: Vec<OriginView>,
}

#[derive(Serialize)]
struct WithdrawalAnswer<'a> {
    plugin: &'a str,
    origin: &'a str,
    removed: bool,
}

/// `GET /admin/workspaces/{workspace}/origins`
pub(super) async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(workspace): PathOf<String>,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<workspace::Manage>(&caller, workspace.as_str())
        .await?;
    let approved = app.vault().approved_origins(&permit).await?;
    let origins = approved.into_iter().map(OriginView::of).collect();
    Ok(answer::json(StatusCode::OK, &OriginsAnswer { origins }))
}

/// `POST /admin/workspaces/{workspace}/origins`
pub(super) async fn approve(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(workspace): PathOf<String>,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<workspace::Manage>(&caller, workspace.as_str())
        .await?;
    let (plugin, origin) = read(body.fields()?)?;
    let approved = app
        .vault()
        .approve_origin(&permit, &plugin, &origin)
        .await?;
    Ok(answer::json(StatusCode::OK, &OriginView::of(approved)))
}

/// `DELETE /admin/workspaces/{workspace}/origins?plugin=…&origin=…`
pub(super) async fn withdraw(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(workspace): PathOf<String>,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<workspace::Manage>(&caller, workspace.as_str())
        .await?;
    let (plugin, origin) = read(query)?;
    app.vault()
        .withdraw_origin(&permit, &plugin, &origin)
        .await
        .map_err(about_a("Approved origin", &origin))?;
    let answer = WithdrawalAnswer {
        plugin: &plugin,
        origin: &origin,
        removed: true,
    };
    Ok(answer::json(StatusCode::OK, &answer))
}

fn read(mut fields: Fields) -> Result<(String, String), Refusal> {
    let named = (
        fields.required_text("plugin"),
        fields.required_text("origin"),
    );
    fields.finish().map(|()| named)
}
