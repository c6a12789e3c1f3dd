//! The plugins: those that serve, those that wait for an operator, those that can't serve, and what operators say to them.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::VaultError;
use claviger_vault::permission::plugin;
use http::StatusCode;

use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Authenticated, JsonBody, PathOf};
use crate::surfaces::answer;

mod view;
mod which;

pub(crate) use view::{PluginView, PluginsAnswer};

/// `GET /admin/plugins`
pub(super) async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    app.server_permit::<plugin::Manage>(&caller).await?;
    Ok(answer::json(StatusCode::OK, &PluginsAnswer::now(&app)))
}

/// `POST /admin/plugins/reload`: looks at the plugin directory now, and answers what came of it.
pub(super) async fn reload(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    app.server_permit::<plugin::Manage>(&caller).await?;
    app.plugins().look().await;
    Ok(answer::json(StatusCode::OK, &PluginsAnswer::now(&app)))
}

/// `POST /admin/plugins/{name}/approve`: grants the file with the `hash`, or the only one of that name that waits, all that
/// it asks for.
pub(super) async fn approve(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(name): PathOf<String>,
    body: Option<JsonBody>,
) -> Result<Response, Refusal> {
    let permit = app.server_permit::<plugin::Manage>(&caller).await?;
    let hash = which::asked(body)?;
    let candidate = which::waiting(&app.plugins().listing(), &name, hash)?;
    app.vault().approve(&permit, &candidate.asking()).await?;
    app.plugins().look().await;
    let hash = candidate.prepared.hash();
    Ok(answer::json(
        StatusCode::OK,
        &PluginsAnswer::about(&app, hash),
    ))
}

/// `POST /admin/plugins/{name}/withdraw`: takes the grant back of the file with the `hash`, or of the only one of that name
/// that serves.
pub(super) async fn withdraw(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(name): PathOf<String>,
    body: Option<JsonBody>,
) -> Result<Response, Refusal> {
    let permit = app.server_permit::<plugin::Manage>(&caller).await?;
    let asked = which::asked(body)?;
    let hash = which::granted(&app.catalogue(), &name, asked)?;
    let withdrawn = app.vault().withdraw(&permit, &name, &hash).await;
    withdrawn.map_err(|error| match error {
        VaultError::NotFound => which::no_plugin(&name),
        other => other.into(),
    })?;
    app.plugins().look().await;
    Ok(answer::json(
        StatusCode::OK,
        &PluginsAnswer::about(&app, &hash),
    ))
}
