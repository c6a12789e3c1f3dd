//! `PATCH /credentials/{name}`: changes what is known of a credential and its settings. What isn't sent stays as it is.

use axum::extract::State;
use axum::response::Response;
use claviger_runtime::Catalogue;
use claviger_vault::credentials::{Credential, CredentialPatch, CredentialRef};
use claviger_vault::permission::credential;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use super::{names, settings};
use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{Fields, JsonBody, PathOf};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::fixed::Elsewhere;
use crate::surfaces::time::Time;

const ELSEWHERE: Elsewhere = Elsewhere {
    store: "POST /credentials",
    state: "DELETE /credentials/{name} takes a credential out of use",
};

#[derive(Serialize)]
struct UpdateAnswer<'a> {
    id: String,
    name: &'a str,
    status: &'static str,
    updated_at: Time,
    updated_fields: Vec<&'static str>,
}

impl<'a> UpdateAnswer<'a> {
    fn of(credential: &'a Credential, updated_fields: Vec<&'static str>, now: Timestamp) -> Self {
        Self {
            id: names::credential(credential.id),
            name: credential.name.as_str(),
            status: credential.status(now).as_str(),
            updated_at: credential.updated_at.into(),
            updated_fields,
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    PathOf(name): PathOf<String>,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Update>(&app).await?;
    let patch = read(body.fields()?, &app.catalogue())?;
    let reference = CredentialRef::Name(name.clone());
    let (credential, fields) = app
        .vault()
        .update_credential(&permit, &reference, &patch)
        .await
        .map_err(about(&name))?;
    Ok(answer::json(
        StatusCode::OK,
        &UpdateAnswer::of(&credential, fields, app.now()),
    ))
}

fn read(mut fields: Fields, catalogue: &Catalogue) -> Result<CredentialPatch, Refusal> {
    let patch = CredentialPatch {
        name: fields.replacement("name", Fields::text),
        description: fields.change("description", Fields::text),
        tags: fields
            .change("tags", Fields::texts)
            .map(Option::unwrap_or_default),
        metadata: fields
            .change("metadata", Fields::object)
            .map(Option::unwrap_or_default),
        provider_credential_id: fields.change("provider_credential_id", Fields::text),
        expires_at: fields.change("expires_at", Fields::timestamp),
        rotation_enabled: fields.replacement("rotation_enabled", Fields::boolean),
        rotation_interval_hours: fields.replacement("rotation_interval_hours", settings::hours),
        rotation_strategy: fields.replacement("rotation_strategy", settings::strategy),
        alert_threshold_hours: fields.replacement("alert_threshold_hours", settings::hours),
    };
    ELSEWHERE.refuse(&mut fields, catalogue);
    fields.finish()?;
    Ok(patch)
}
