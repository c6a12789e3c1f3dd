//! `DELETE /credentials/{name}`: takes a credential out of use. It stays, and its name stays taken. Where it was put to use
//! it goes on working, which the answer says.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::CredentialRef;
use claviger_vault::permission::credential;
use claviger_vault::places::Place;
use http::StatusCode;
use serde::Serialize;

use super::places::PlaceView;
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
    /// Ours, as is what follows: where it still is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<PlaceView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    PathOf(name): PathOf<String>,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Delete>(&app).await?;
    let reference = CredentialRef::Name(name.clone());
    let (retired, places) = app
        .vault()
        .retire_credential(&permit, &reference)
        .await
        .map_err(about(&name))?;
    let answer = RetireAnswer {
        status: "retired",
        credential_name: retired.name.as_str(),
        retired_at: retired.updated_at.into(),
        message: still_in_use(&places),
        places: places.iter().map(PlaceView::of).collect(),
    };
    Ok(answer::json(StatusCode::OK, &answer))
}

fn still_in_use(places: &[Place]) -> Option<String> {
    let told = || {
        format!(
            "The credential still works in {} places where it was put to use: {}",
            places.len(),
            Place::list(places)
        )
    };
    (!places.is_empty()).then(told)
}
