//! `GET /api/v1/backends` and `GET /api/v1/backends/{id}`: what leases are issued from.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::backends::{Backend, ScopePattern};
use claviger_vault::permission::credential;
use http::StatusCode;
use serde::Serialize;

use super::errors::BACKEND;
use crate::app::App;
use crate::refusal::{Refusal, about_a};
use crate::request::PathOf;
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;

#[derive(Serialize)]
struct BackendsAnswer<'a> {
    backends: Vec<BackendView<'a>>,
}

#[derive(Serialize)]
struct BackendView<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    default_ttl: String,
    max_ttl: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_scopes: Option<Vec<&'a str>>,
}

impl<'a> BackendView<'a> {
    fn of(backend: &'a Backend) -> Self {
        let scopes = backend.allowed_scopes.as_ref();
        Self {
            id: backend.id.as_str(),
            kind: &backend.provider,
            default_ttl: backend.default_ttl.to_string(),
            max_ttl: backend.max_ttl.to_string(),
            allowed_scopes: scopes
                .map(|patterns| patterns.iter().map(ScopePattern::as_str).collect()),
        }
    }
}

pub(super) async fn list(State(app): State<App>, asked: Asked) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Read>(&app).await?;
    let listed = app.vault().backends(&permit).await?;
    let backends = listed
        .iter()
        .map(|one| BackendView::of(&one.backend))
        .collect();
    Ok(answer::json(StatusCode::OK, &BackendsAnswer { backends }))
}

pub(super) async fn details(
    State(app): State<App>,
    asked: Asked,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Read>(&app).await?;
    let listed = app.vault().backend(&permit, &id).await;
    let listed = listed.map_err(about_a(BACKEND, &id))?;
    Ok(answer::json(
        StatusCode::OK,
        &BackendView::of(&listed.backend),
    ))
}
