//! `POST /credentials/{name}/rollback`: goes back to an earlier version of a secret, the latest one where none is named.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::CredentialRef;
use claviger_vault::permission::credential;
use claviger_vault::rotation::{RollbackRequest, Rotated};
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{Fields, IdempotencyKey, JsonBody, PathOf};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

/// What an `Idempotency-Key` of such a request is for.
const OPERATION: &str = "rollback";

#[derive(Serialize)]
struct RollbackAnswer<'a> {
    status: &'static str,
    credential: &'a str,
    from_version: u32,
    to_version: u32,
    rolled_back_at: Time,
}

impl<'a> RollbackAnswer<'a> {
    fn of(rolled: &'a Rotated) -> Self {
        Self {
            status: "rolled_back",
            credential: rolled.credential.name.as_str(),
            from_version: rolled.from_version,
            to_version: rolled.to_version,
            rolled_back_at: rolled.rotated_at.into(),
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    PathOf(name): PathOf<String>,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Rollback>(&app).await?;
    let mut request = read(body.fields()?)?;
    let planned = key.planned(&app, &permit, OPERATION, &body).await?;
    request.id = Some(planned.rotation());
    let reference = CredentialRef::Name(name.clone());
    let rolled = app
        .vault()
        .rollback_credential(&permit, &reference, request)
        .await
        .map_err(about(&name))?;
    Ok(answer::json(StatusCode::OK, &RollbackAnswer::of(&rolled)))
}

fn read(mut fields: Fields) -> Result<RollbackRequest, Refusal> {
    let request = RollbackRequest {
        id: None,
        version: fields
            .integer("version", 1..=i64::from(u32::MAX))
            .and_then(|version| u32::try_from(version).ok()),
        connection: fields.text("connection"),
    };
    fields.finish()?;
    Ok(request)
}
