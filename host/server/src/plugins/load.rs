//! From a file of the plugin directory to a plugin that was checked, compiled, described and started once.

use std::sync::Arc;

use claviger_runtime::authors::{self, Author, SignatureError};
use claviger_runtime::directory::{FileRefusal, PluginDirectory, Stamp};
use claviger_runtime::settings::MemoryLimit;
use claviger_runtime::{LoadError, PluginSettings, Prepared, Runtime};
use thiserror::Error;

use crate::config;

/// Why a file is no plugin that may serve.
#[derive(Debug, Error)]
pub(crate) enum LoadRefusal {
    #[error(transparent)]
    File(#[from] FileRefusal),
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Plugin(#[from] LoadError),
    #[error("the task that reads it failed")]
    Task(#[from] tokio::task::JoinError),
}

/// Loads files. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Loader {
    runtime: Runtime,
    directory: PluginDirectory,
    /// Those who may sign, where that is required.
    authors: Option<Arc<[Author]>>,
    /// Which plugin it is isn't known before it is described, so it is described with what any may have.
    settings: Arc<PluginSettings>,
}

impl Loader {
    pub(crate) fn new(
        runtime: Runtime,
        directory: PluginDirectory,
        config: &config::Plugins,
    ) -> Self {
        let memory = config.settings.values().filter_map(|it| it.memory).max();
        Self {
            runtime,
            directory,
            authors: config
                .require_signature
                .then(|| config.authors.clone().into()),
            settings: Arc::new(PluginSettings {
                memory: memory.max(Some(MemoryLimit::default())),
                ..PluginSettings::default()
            }),
        }
    }

    /// Loads a file that was found in the state `stamp`. None where it is in another by now.
    pub(crate) async fn load(
        &self,
        name: String,
        stamp: Stamp,
    ) -> Result<Option<Prepared>, LoadRefusal> {
        let (directory, authors) = (self.directory.clone(), self.authors.clone());
        let read = tokio::task::spawn_blocking(move || {
            let Some(content) = directory.read(&name, &stamp)? else {
                return Ok(None);
            };
            if let Some(authors) = authors {
                authors::verify(&authors, &content.wasm, content.signature.as_deref())?;
            }
            Ok::<_, LoadRefusal>(Some(content.wasm))
        });
        match read.await?? {
            Some(wasm) => Ok(Some(self.runtime.prepare(wasm, &self.settings).await?)),
            None => Ok(None),
        }
    }
}
