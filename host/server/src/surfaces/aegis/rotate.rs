//! `POST /credentials/{name}/rotate`: replaces a secret by a new one.
//!
//! Beside the document's `trigger` and `reason` it takes what some providers need: `value`, `fields` and
//! `provider_credential_id` of a secret that was made elsewhere; `generate`, for one that is made here; `connection`. And
//! it answers with the places where the credential is in use, where there are any.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::CredentialRef;
use claviger_vault::permission::credential;
use claviger_vault::places::Refreshed;
use claviger_vault::rotation::{Generate, GivenSecret, RotateRequest, Rotated, RotationCause};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{Fields, IdempotencyKey, JsonBody, PathOf};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

/// What may start a rotation here.
const TRIGGERS: [(&str, RotationCause); 2] = [
    ("manual", RotationCause::Manual),
    ("emergency", RotationCause::Emergency),
];

/// What an `Idempotency-Key` of such a request is for.
const OPERATION: &str = "rotate";

#[derive(Serialize)]
struct RotateAnswer<'a> {
    status: &'static str,
    credential: &'a str,
    previous_version: u32,
    new_version: u32,
    duration_ms: u64,
    rotated_at: Time,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<PlaceView<'a>>,
}

#[derive(Serialize)]
struct PlaceView<'a> {
    workflow_id: &'a str,
    node: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> PlaceView<'a> {
    fn of(place: &'a Refreshed) -> Self {
        Self {
            workflow_id: &place.container,
            node: &place.slot,
            status: if place.stale.is_some() {
                "stale"
            } else {
                "current"
            },
            error: place.stale.as_deref(),
        }
    }
}

impl<'a> RotateAnswer<'a> {
    fn of(rotated: &'a Rotated) -> Self {
        Self {
            status: "rotated",
            credential: rotated.credential.name.as_str(),
            previous_version: rotated.from_version,
            new_version: rotated.to_version,
            duration_ms: u64::try_from(rotated.duration.as_millis()).unwrap_or(u64::MAX),
            rotated_at: rotated.rotated_at.into(),
            places: rotated.places.iter().map(PlaceView::of).collect(),
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
    let permit = asked.permit::<credential::Rotate>(&app).await?;
    let mut request = read(body.fields()?)?;
    let planned = key.planned(&app, &permit, OPERATION, &body).await?;
    request.id = Some(planned.rotation());
    let reference = CredentialRef::Name(name.clone());
    let rotated = app
        .vault()
        .rotate_credential(&permit, &reference, request)
        .await
        .map_err(about(&name))?;
    Ok(answer::json(StatusCode::OK, &RotateAnswer::of(&rotated)))
}

fn read(mut fields: Fields) -> Result<RotateRequest, Refusal> {
    let cause = fields.required_choice("trigger", &TRIGGERS);
    let given = GivenSecret {
        value: fields.secret("value"),
        fields: fields.secrets("fields").unwrap_or_default(),
        provider_credential_id: fields.text("provider_credential_id"),
    };
    let is_given = given.value.is_some() || !given.fields.is_empty();
    if !is_given && given.provider_credential_id.is_some() {
        fields.problem(
            "provider_credential_id",
            "belongs to a new `value`, and there is none",
        );
    }
    let request = RotateRequest {
        id: None,
        cause: cause.unwrap_or_default(),
        reason: fields.text("reason"),
        connection: fields.text("connection"),
        given: is_given.then_some(given),
        generate: generate(&mut fields),
    };
    fields.finish()?;
    Ok(request)
}

/// `{"length": 40, "alphabet": "abc…"}`, either left out or both.
fn generate(fields: &mut Fields) -> Option<Generate> {
    let mut wanted = fields.object("generate")?;
    let mut made = Generate::default();
    match wanted.remove("length") {
        None | Some(Value::Null) => {}
        Some(length) => match length
            .as_u64()
            .and_then(|length| u32::try_from(length).ok())
        {
            Some(length) => made.length = Some(length),
            None => fields.problem("generate.length", "is no whole number"),
        },
    }
    match wanted.remove("alphabet") {
        None | Some(Value::Null) => {}
        Some(Value::String(alphabet)) => made.alphabet = Some(alphabet),
        Some(_) => fields.problem("generate.alphabet", "is no text"),
    }
    if let Some(unknown) = wanted.keys().next() {
        let message = format!("has no `{unknown}`; it has `length` and `alphabet`");
        fields.problem("generate", message);
    }
    Some(made)
}
