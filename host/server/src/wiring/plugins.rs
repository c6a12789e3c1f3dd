//! The embedded plugins, loaded side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use claviger_plugins::{EmbeddedPlugin, PLUGINS};
use claviger_runtime::{Plugin, PluginSettings, Provenance, Runtime};
use futures_util::future::try_join_all;
use tracing::warn;

use super::StartError;

/// Loads them, each with what the operator set for it.
pub(crate) async fn load_plugins(
    runtime: &Runtime,
    settings: &BTreeMap<String, PluginSettings>,
) -> Result<Vec<Arc<Plugin>>, StartError> {
    for name in settings
        .keys()
        .filter(|name| !PLUGINS.iter().any(|plugin| plugin.name == name.as_str()))
    {
        warn!(
            plugin = name,
            "there are settings for a plugin that isn't there"
        );
    }
    let defaults = PluginSettings::default();
    try_join_all(PLUGINS.iter().map(|plugin| {
        load(
            runtime,
            *plugin,
            settings.get(plugin.name).unwrap_or(&defaults),
        )
    }))
    .await
}

async fn load(
    runtime: &Runtime,
    plugin: EmbeddedPlugin,
    settings: &PluginSettings,
) -> Result<Arc<Plugin>, StartError> {
    runtime
        .load(
            Bytes::from_static(plugin.wasm),
            Provenance::Embedded,
            settings,
        )
        .await
        .map_err(|source| StartError::Plugin {
            name: plugin.name,
            source: Box::new(source),
        })
}
