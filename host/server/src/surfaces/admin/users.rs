//! Users.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::identity::{NewUser, User};
use claviger_vault::permission::user;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Authenticated, Fields, JsonBody};
use crate::surfaces::time::Time;
use crate::surfaces::{answer, parse_workspace_id, user_id, workspace_id};

#[derive(Serialize)]
struct UserView {
    id: String,
    username: String,
    administrator: bool,
    active: bool,
    home_workspace: String,
    created_at: Time,
}

impl UserView {
    fn of(user: &User) -> Self {
        Self {
            id: user_id(user.id),
            username: user.username.as_str().to_owned(),
            administrator: user.administrator,
            active: user.active,
            home_workspace: workspace_id(user.home_workspace),
            created_at: user.created_at.into(),
        }
    }
}

#[derive(Serialize)]
struct UsersAnswer {
    users: Vec<UserView>,
}

/// `GET /admin/users`
pub(super) async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let permit = app.server_permit::<user::Manage>(&caller).await?;
    let users = app.vault().users(&permit).await?;
    Ok(answer::json(
        StatusCode::OK,
        &UsersAnswer {
            users: users.iter().map(UserView::of).collect(),
        },
    ))
}

/// `POST /admin/users`
pub(super) async fn create(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = app.server_permit::<user::Manage>(&caller).await?;
    let new = read(body.fields()?)?;
    let user = app.vault().create_user(&permit, new).await?;
    Ok(answer::json(StatusCode::CREATED, &UserView::of(&user)))
}

fn read(mut fields: Fields) -> Result<NewUser, Refusal> {
    let home = fields.text("home_workspace");
    let home_workspace = home.as_deref().and_then(parse_workspace_id);
    if home.is_some() && home_workspace.is_none() {
        fields.problem(
            "home_workspace",
            "must be the id of a workspace, such as WSP-1234567890ABCDEF",
        );
    }
    let new = NewUser {
        username: fields.required_text("username"),
        password: fields.required_secret("password"),
        administrator: fields.boolean("administrator").unwrap_or_default(),
        home_workspace,
    };
    fields.finish()?;
    Ok(new)
}
