//! Who may do what in a workspace.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::UserId;
use claviger_vault::permission::{AnyPermission, PermissionSet, workspace};
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::{Refusal, about_user};
use crate::request::{Authenticated, Fields, JsonBody, PathOf};
use crate::surfaces::{answer, parse_user_id};

#[derive(Serialize)]
struct MemberAnswer<'a> {
    workspace: &'a str,
    user: &'a str,
    permissions: Vec<&'static str>,
}

impl<'a> MemberAnswer<'a> {
    fn of(workspace: &'a str, user: &'a str, permissions: PermissionSet) -> Self {
        Self {
            workspace,
            user,
            permissions: permissions.iter().map(AnyPermission::as_str).collect(),
        }
    }
}

#[derive(Serialize)]
struct RemovalAnswer<'a> {
    workspace: &'a str,
    user: &'a str,
    removed: bool,
}

/// `PUT /admin/workspaces/{id}/members/{user}`
pub(super) async fn put(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, user)): PathOf<(String, String)>,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<workspace::Manage>(&caller, workspace.as_str())
        .await?;
    let permissions = read(body.fields()?)?;
    let member = app
        .vault()
        .put_member(&permit, id(&user)?, &permissions)
        .await
        .map_err(about_user(&user))?;
    Ok(answer::json(
        StatusCode::OK,
        &MemberAnswer::of(&workspace, &user, member),
    ))
}

/// `DELETE /admin/workspaces/{id}/members/{user}`
pub(super) async fn remove(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, user)): PathOf<(String, String)>,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<workspace::Manage>(&caller, workspace.as_str())
        .await?;
    app.vault()
        .remove_member(&permit, id(&user)?)
        .await
        .map_err(about_user(&user))?;
    Ok(answer::json(
        StatusCode::OK,
        &RemovalAnswer {
            workspace: &workspace,
            user: &user,
            removed: true,
        },
    ))
}

fn read(mut fields: Fields) -> Result<Vec<String>, Refusal> {
    let permissions = fields.required_texts("permissions");
    fields.finish().map(|()| permissions)
}

fn id(user: &str) -> Result<UserId, Refusal> {
    parse_user_id(user).ok_or_else(|| Refusal::NotFound {
        what: "User",
        name: user.to_owned(),
    })
}
