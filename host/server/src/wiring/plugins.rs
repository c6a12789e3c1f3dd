//! The plugins: those of the binary, loaded side by side, and the directory of the others.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use claviger_plugins::{EmbeddedPlugin, PLUGINS};
use claviger_runtime::directory::PluginDirectory;
use claviger_runtime::{Plugin, PluginSettings, Provenance, Runtime};
use futures_util::future::try_join_all;

use super::StartError;
use crate::config::Config;
use crate::plugins::PLUGIN_DIRECTORY;

/// Loads them, each with what the operator set for it.
pub(crate) async fn load_plugins(
    runtime: &Runtime,
    settings: &BTreeMap<String, PluginSettings>,
) -> Result<Vec<Arc<Plugin>>, StartError> {
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

/// The directory that operators drop plugins into.
pub(crate) fn plugin_directory_of(config: &Config) -> PluginDirectory {
    PluginDirectory::new(
        config.data_dir.join(PLUGIN_DIRECTORY),
        config.plugins.require_signature,
    )
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
