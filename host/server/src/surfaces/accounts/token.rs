//! Tokens: issued for a password, refreshed and revoked by themselves.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use claviger_runtime::Secret;
use claviger_vault::RequestInfo;
use claviger_vault::identity::{IssuedToken, Username};
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Authenticated, Fields, JsonBody};
use crate::surfaces::answer;
use crate::surfaces::time::Time;

/// What `POST /v1/token` takes.
struct LogIn {
    username: String,
    password: Secret,
}

impl LogIn {
    fn read(mut fields: Fields) -> Result<Self, Refusal> {
        let log_in = Self {
            username: fields.required_text("username"),
            password: fields.required_secret("password"),
        };
        if log_in.username.chars().count() > Username::LONGEST {
            fields.problem(
                "username",
                format!("must have at most {} characters", Username::LONGEST),
            );
        }
        fields.finish().map(|()| log_in)
    }
}

#[derive(Serialize)]
struct TokenAnswer<'a> {
    status: &'static str,
    data: TokenData<'a>,
}

#[derive(Serialize)]
struct TokenData<'a> {
    token: &'a str,
    expires_at: Time,
    token_type: &'static str,
}

#[derive(Serialize)]
struct RevokedAnswer {
    status: &'static str,
    message: &'static str,
}

/// `POST /v1/token`
pub(super) async fn create(
    State(app): State<App>,
    Extension(info): Extension<RequestInfo>,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let LogIn { username, password } = LogIn::read(body.fields()?)?;
    let issued = app.vault().log_in(&username, password, &info).await?;
    Ok(render(&issued))
}

/// `POST /v1/token/refresh`
pub(super) async fn refresh(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let issued = app.vault().refresh_token(&caller).await?;
    Ok(render(&issued))
}

/// `POST /v1/token/revoke`
pub(super) async fn revoke(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    app.vault().revoke_token(&caller).await?;
    Ok(answer::json(
        StatusCode::OK,
        &RevokedAnswer {
            status: "success",
            message: "Token revoked successfully",
        },
    ))
}

fn render(issued: &IssuedToken) -> Response {
    let data = TokenData {
        token: &issued.token,
        expires_at: issued.expires_at.into(),
        token_type: "bearer",
    };
    answer::json_with_secret(
        StatusCode::OK,
        &TokenAnswer {
            status: "success",
            data,
        },
        issued.token.len(),
    )
}
