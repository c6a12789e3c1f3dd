//! The plugins that serve, and what they may do.

use axum::extract::State;
use axum::response::Response;
use claviger_runtime::{Plugin, Provenance};
use claviger_vault::permission::plugin;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;
use crate::request::Authenticated;
use crate::surfaces::answer;

/// A plugin, for operators and scripts.
#[derive(Serialize)]
pub(crate) struct PluginView {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// One sentence.
    pub(crate) description: String,
    /// The interfaces that it exports.
    pub(crate) capabilities: Vec<String>,
    /// The kinds of credential that it knows.
    pub(crate) kinds: Vec<String>,
    /// Where it may go.
    pub(crate) origins: Vec<String>,
    /// The BLAKE3 hash of its file.
    pub(crate) hash: String,
    /// `embedded` or `directory`.
    pub(crate) provenance: &'static str,
    /// `serving`.
    pub(crate) state: &'static str,
}

impl PluginView {
    /// What there is to say of `plugin`.
    pub(crate) fn of(plugin: &Plugin) -> Self {
        Self {
            name: plugin.name().to_owned(),
            version: plugin.version().to_string(),
            description: plugin.manifest().description.clone(),
            capabilities: plugin
                .capabilities()
                .iter()
                .map(ToString::to_string)
                .collect(),
            kinds: plugin
                .manifest()
                .kinds
                .iter()
                .map(|kind| kind.name.clone())
                .collect(),
            origins: plugin
                .grant()
                .origins
                .iter()
                .map(ToString::to_string)
                .collect(),
            hash: plugin.hash().to_hex().to_string(),
            provenance: match plugin.provenance() {
                Provenance::Embedded => "embedded",
                Provenance::Directory => "directory",
            },
            state: "serving",
        }
    }
}

#[derive(Serialize)]
struct PluginsAnswer {
    plugins: Vec<PluginView>,
}

/// `GET /admin/plugins`
pub(super) async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    app.server_permit::<plugin::Manage>(&caller).await?;
    let plugins = app
        .catalogue()
        .iter()
        .map(|plugin| PluginView::of(plugin))
        .collect();
    Ok(answer::json(StatusCode::OK, &PluginsAnswer { plugins }))
}
