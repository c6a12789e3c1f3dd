//! The embedded plugins, loaded side by side.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use claviger_plugins::{EmbeddedPlugin, PLUGINS};
use claviger_runtime::{Plugin, PluginSettings, Provenance, Runtime};
use futures_util::future::try_join_all;

use super::StartError;

/// Loads them, each with what the operator set for it.
pub(crate) async fn load_plugins(
    runtime: &Runtime,
    settings: &BTreeMap<String, PluginSettings>,
) -> Result<Vec<Arc<Plugin>>, StartError> {
    check_names(settings.keys())?;
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

/// Settings for a plugin that isn't there are misspelt ones, and would silently not count.
fn check_names<'n>(mut names: impl Iterator<Item = &'n String>) -> Result<(), StartError> {
    match names.find(|name| !PLUGINS.iter().any(|plugin| plugin.name == name.as_str())) {
        None => Ok(()),
        Some(name) => {
            let names: Vec<&str> = PLUGINS.iter().map(|plugin| plugin.name).collect();
            Err(StartError::NoSuchPlugin {
                name: name.clone(),
                known: names.join(", "),
            })
        }
    }
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

#[cfg(test)]
mod tests {
    use super::check_names;

    #[test]
    fn settings_of_no_plugin_are_an_error_that_lists_the_plugins() {
        let message = check_names(["openai".to_owned(), "opneai".to_owned()].iter())
            .expect_err("no such plugin")
            .to_string();
        assert!(
            message.starts_with("[plugins.opneai]: there is no plugin of that name; there are ")
                && message.contains("openai"),
            "{message}"
        );
        assert!(check_names(["openai".to_owned()].iter()).is_ok());
    }
}
