//! What leases are issued from, in a workspace: the one that is named, by its id or its name, else the caller's home.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use claviger_vault::backends::{ListedBackend, NewBackend, ScopePattern};
use claviger_vault::identity::Caller;
use claviger_vault::leases::Ttl;
use claviger_vault::permission::{credential, workspace};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::app::App;
use crate::refusal::{Refusal, about_a};
use crate::request::{Authenticated, Fields, JsonBody, PathOf, Query};
use crate::surfaces::{answer, workspace_id};

#[derive(Serialize)]
struct BackendsAnswer<'a> {
    backends: Vec<BackendView<'a>>,
}

#[derive(Serialize)]
struct BackendView<'a> {
    id: &'a str,
    workspace: String,
    provider: &'a str,
    credential: &'a str,
    default_ttl: String,
    max_ttl: String,
    /// `null`: whatever the provider gives.
    allowed_scopes: Option<Vec<&'a str>>,
    pin: Option<String>,
    parameters: BTreeMap<&'a str, &'a str>,
    /// Whether it stands in the configuration.
    configured: bool,
    /// Why nothing can be issued from it now.
    problem: Option<&'a str>,
}

impl<'a> BackendView<'a> {
    fn of(listed: &'a ListedBackend) -> Self {
        let backend = &listed.backend;
        let scopes = backend.allowed_scopes.as_ref();
        let parameters = backend.parameters.iter();
        Self {
            id: backend.id.as_str(),
            workspace: workspace_id(backend.workspace),
            provider: &backend.provider,
            credential: &backend.credential,
            default_ttl: backend.default_ttl.to_string(),
            max_ttl: backend.max_ttl.to_string(),
            allowed_scopes: scopes
                .map(|patterns| patterns.iter().map(ScopePattern::as_str).collect()),
            pin: backend.pin.as_ref().map(ToString::to_string),
            parameters: parameters
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            configured: backend.configured,
            problem: listed.problem.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct RemovalAnswer<'a> {
    id: &'a str,
    removed: bool,
}

/// `GET /admin/backends`
pub(super) async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let workspace = in_workspace(&app, &caller, query).await?;
    let permit = app
        .permit::<credential::Read>(&caller, workspace.as_str())
        .await?;
    let listed = app.vault().backends(&permit).await?;
    let backends = listed.iter().map(BackendView::of).collect();
    Ok(answer::json(StatusCode::OK, &BackendsAnswer { backends }))
}

/// `POST /admin/backends`
pub(super) async fn create(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let (workspace, new) = read(body.fields()?)?;
    let workspace = named(&app, &caller, workspace).await?;
    let permit = app
        .permit::<workspace::Manage>(&caller, workspace.as_str())
        .await?;
    let made = app.vault().create_backend(&permit, new).await?;
    Ok(answer::json(StatusCode::CREATED, &BackendView::of(&made)))
}

/// `DELETE /admin/backends/{id}`
pub(super) async fn remove(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let workspace = in_workspace(&app, &caller, query).await?;
    let permit = app
        .permit::<workspace::Manage>(&caller, workspace.as_str())
        .await?;
    let removed = app.vault().delete_backend(&permit, &id).await;
    removed.map_err(about_a("Backend", &id))?;
    let answer = RemovalAnswer {
        id: &id,
        removed: true,
    };
    Ok(answer::json(StatusCode::OK, &answer))
}

async fn in_workspace(app: &App, caller: &Caller, mut query: Fields) -> Result<String, Refusal> {
    let workspace = query.text("workspace");
    query.finish()?;
    named(app, caller, workspace).await
}

/// The id of the workspace that is named, as permits take it.
async fn named(app: &App, caller: &Caller, name: Option<String>) -> Result<String, Refusal> {
    let Some(name) = name else {
        return Ok(workspace_id(caller.home_workspace()));
    };
    let all = app.vault().workspaces(caller).await?;
    let found = all.iter().find(|workspace| workspace.name == name);
    Ok(found.map_or(name, |workspace| workspace_id(workspace.id)))
}

fn read(mut fields: Fields) -> Result<(Option<String>, NewBackend), Refusal> {
    let workspace = fields.text("workspace");
    let new = NewBackend {
        id: fields.required_text("id"),
        provider: fields.required_text("provider"),
        credential: fields.required_text("credential"),
        default_ttl: ttl(&mut fields, "default_ttl"),
        max_ttl: ttl(&mut fields, "max_ttl"),
        allowed_scopes: fields.texts("allowed_scopes"),
        pin: fields.text("pin").and_then(|pin| {
            let read = pin.parse();
            let rule = "is no range of versions; write one such as `^1.2`";
            read.map_err(|_| fields.problem("pin", rule)).ok()
        }),
        parameters: parameters(&mut fields),
    };
    fields.finish().map(|()| (workspace, new))
}

fn ttl(fields: &mut Fields, name: &str) -> Option<Ttl> {
    let read: Result<Ttl, _> = fields.text(name)?.parse();
    read.map_err(|why| fields.problem(name, why.to_string()))
        .ok()
}

/// Texts by their names.
fn parameters(fields: &mut Fields) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    for (name, value) in fields.object("parameters").unwrap_or_default() {
        if let Value::String(value) = value {
            parameters.insert(name, value);
        } else {
            fields.problem("parameters", "must be an object of texts");
            break;
        }
    }
    parameters
}
