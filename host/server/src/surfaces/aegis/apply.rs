//! `POST /credentials/{name}/apply`: puts a credential to use in a node of an n8n workflow, or in what another plugin works
//! with, which `target` names; `connection` names the credential that opens it, where there are several.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::CredentialRef;
use claviger_vault::permission::credential;
use claviger_vault::places::{Applied, Apply};
use http::StatusCode;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{Fields, IdempotencyKey, JsonBody, PathOf};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

/// What repeated requests are told apart by.
const OPERATION: &str = "apply";

#[derive(Serialize)]
struct ApplyAnswer<'a> {
    status: &'static str,
    credential: &'a str,
    workflow_id: &'a str,
    node: &'a str,
    applied_at: Time,
}

impl<'a> ApplyAnswer<'a> {
    fn of(applied: &'a Applied) -> Self {
        Self {
            status: "applied",
            credential: applied.credential.name.as_str(),
            workflow_id: &applied.container,
            node: &applied.slot,
            applied_at: applied.applied_at.into(),
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
    let permit = asked.permit::<credential::Apply>(&app).await?;
    let mut apply = read(body.fields()?)?;
    let planned = key.planned(&app, &permit, OPERATION, &body).await?;
    (apply.id, apply.is_repeat) = (Some(planned.application()), planned.is_repeat());
    let reference = CredentialRef::Name(name.clone());
    let applied = app
        .vault()
        .apply_credential(&permit, &reference, apply)
        .await
        .map_err(about(&name))?;
    Ok(answer::json(StatusCode::OK, &ApplyAnswer::of(&applied)))
}

fn read(mut fields: Fields) -> Result<Apply, Refusal> {
    let parameters = fields.object("parameters").unwrap_or_default();
    let apply = Apply {
        id: None,
        is_repeat: false,
        container: fields.required_text("workflow_id"),
        slot: fields.required_text("node_name"),
        requested_by: fields.text("requested_by"),
        connection: fields.text("connection"),
        target: fields.text("target"),
        parameters: texts(&mut fields, parameters),
    };
    fields.finish()?;
    Ok(apply)
}

/// The parameters; what isn't text is told by name.
fn texts(fields: &mut Fields, parameters: Map<String, Value>) -> Vec<(String, String)> {
    let mut texts = Vec::with_capacity(parameters.len());
    for (key, value) in parameters {
        match value {
            Value::String(text) => texts.push((key, text)),
            _ => fields.problem(&format!("parameters.{key}"), "must be text"),
        }
    }
    texts
}
