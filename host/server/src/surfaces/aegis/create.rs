//! `POST /credentials`: stores a credential.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::{Credential, NewCredential, Rotation, RotationStrategy};
use claviger_vault::permission::credential;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::{names, settings};
use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Fields, IdempotencyKey, JsonBody};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

/// What an `Idempotency-Key` of such a request is for.
const OPERATION: &str = "create";

#[derive(Serialize)]
struct CreateAnswer<'a> {
    id: String,
    name: &'a str,
    status: &'static str,
    created_at: Time,
    encrypted: bool,
}

impl<'a> CreateAnswer<'a> {
    fn of(credential: &'a Credential, now: Timestamp) -> Self {
        Self {
            id: names::credential(credential.id),
            name: credential.name.as_str(),
            status: credential.status(now).as_str(),
            created_at: credential.created_at.into(),
            encrypted: true,
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Create>(&app).await?;
    let mut new = read(body.fields()?)?;
    let planned = key.planned(&app, &permit, OPERATION, &body).await?;
    new.planned = Some(planned);
    let created = app.vault().create_credential(&permit, new).await?;
    Ok(answer::json(
        StatusCode::OK,
        &CreateAnswer::of(&created, app.now()),
    ))
}

fn read(mut fields: Fields) -> Result<NewCredential, Refusal> {
    let new = NewCredential {
        planned: None,
        name: fields.required_text("name"),
        kind: fields.required_text("credential_type"),
        provider: Some(fields.required_text("provider")),
        description: fields.text("description"),
        value: fields.secret("value"),
        fields: fields.secrets("fields").unwrap_or_default(),
        secretless: true,
        connection: fields.text("connection"),
        provider_credential_id: fields.text("provider_credential_id"),
        expires_at: fields.timestamp("expires_at"),
        rotation: rotation(&mut fields),
        alert_threshold_hours: settings::hours(&mut fields, "alert_threshold_hours"),
        tags: fields.texts("tags").unwrap_or_default(),
        metadata: fields.object("metadata").unwrap_or_default(),
    };
    fields.finish()?;
    Ok(new)
}

/// Who enables rotation and doesn't say what starts it means the interval.
fn rotation(fields: &mut Fields) -> Rotation {
    let enabled = fields.boolean("rotation_enabled").unwrap_or_default();
    let strategy = settings::strategy(fields, "rotation_strategy");
    let unsaid = if enabled {
        RotationStrategy::Scheduled
    } else {
        RotationStrategy::Manual
    };
    Rotation {
        enabled,
        interval_hours: settings::hours(fields, "rotation_interval_hours")
            .unwrap_or(Rotation::default().interval_hours),
        strategy: strategy.unwrap_or(unsaid),
    }
}
