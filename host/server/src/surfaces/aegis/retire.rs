//! `DELETE /credentials/{name}`: takes a credential out of use. It stays, and its name stays taken.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::CredentialRef;
use claviger_vault::permission::credential;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::PathOf;
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct RetireAnswer<'a> {
    status: &'static str,
    credential_name: &'a str,
    retired_at: Time,
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    PathOf(name): PathOf<String>,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Delete>(&app).await?;
    let reference = CredentialRef::Name(name.clone());
    let retired = app
        .vault()
        .retire_credential(&permit, &reference)
        .await
        .map_err(about(&name))?;
    let answer = RetireAnswer {
        status: "retired",
        credential_name: retired.name.as_str(),
        retired_at: retired.updated_at.into(),
    };
    Ok(answer::json(StatusCode::OK, &answer))
}
