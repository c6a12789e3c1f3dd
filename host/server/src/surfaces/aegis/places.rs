//! `DELETE /credentials/{name}/places`, which is ours: takes a place off the record where somebody has taken the credential
//! out of use by hand. Nothing changes there.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::CredentialRef;
use claviger_vault::permission::credential;
use claviger_vault::places::Place;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{JsonBody, PathOf};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

/// A place where a credential is in use.
#[derive(Serialize)]
pub(super) struct PlaceView<'a> {
    target: &'a str,
    connection: &'a str,
    workflow_id: &'a str,
    node: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    applied_at: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_by: Option<&'a str>,
}

impl<'a> PlaceView<'a> {
    pub(super) fn of(place: &'a Place) -> Self {
        Self {
            target: &place.target,
            connection: &place.connection,
            workflow_id: &place.container,
            node: &place.slot,
            status: if place.is_current { "current" } else { "stale" },
            error: place.error.as_deref(),
            applied_at: place.applied_at.map(Time::from),
            requested_by: place.requested_by.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct ForgetAnswer<'a> {
    status: &'static str,
    credential: &'a str,
    workflow_id: &'a str,
    node: &'a str,
}

pub(super) async fn forget(
    State(app): State<App>,
    asked: Asked,
    PathOf(name): PathOf<String>,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Apply>(&app).await?;
    let mut fields = body.fields()?;
    let workflow_id = fields.required_text("workflow_id");
    let node = fields.required_text("node_name");
    fields.finish()?;
    let reference = CredentialRef::Name(name.clone());
    let forgotten = app
        .vault()
        .forget_place(&permit, &reference, &workflow_id, &node)
        .await
        .map_err(about(&name))?;
    if !forgotten {
        return Err(Refusal::NotFound {
            what: "Place",
            name: format!("{workflow_id}/{node}"),
        });
    }
    let answer = ForgetAnswer {
        status: "forgotten",
        credential: &name,
        workflow_id: &workflow_id,
        node: &node,
    };
    Ok(answer::json(StatusCode::OK, &answer))
}
