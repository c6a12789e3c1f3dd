//! All the reasons for which this host refuses a file, each with what its author can do about it.
//!
//! [`Runtime::prepare`] stops at the first reason; here the file is read on its own, in its WIT types, so that its author
//! sees all of them at once and in the contract's words: which field of which record differs, which version was meant.
//! What the reading finds, and what `prepare` says of the same file, are then put together. So this never calls a file
//! fine that wouldn't load, and tests hold it to the opposite as well: it refuses nothing that loads.

use bytes::Bytes;
use serde::Serialize;

use crate::load::{LoadError, compile};
use crate::runtime::Runtime;
use crate::settings::PluginSettings;
use crate::{Manifest, Prepared};

mod compare;
mod contract;
mod core_module;
mod imports;
mod refusal;
mod render;
mod warnings;
mod world;

pub use world::World;

/// One reason why a host refuses a file, or something that its author should know of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What kind of thing it is, for scripts: `missing-function`.
    pub code: &'static str,
    /// What is the matter, in a sentence.
    pub sentence: String,
    /// What to do about it, in a sentence.
    pub remedy: String,
}

/// What came of looking a file over.
pub struct Checked {
    /// Why the host refuses it. Empty where it would load.
    pub refusals: Vec<Finding>,
    /// What keeps it from nothing.
    pub warnings: Vec<Finding>,
    /// What it imports and exports, where that can be read.
    pub world: Option<World>,
    /// The plugin, where it would load.
    pub prepared: Option<Prepared>,
}

impl Finding {
    fn new(code: &'static str, sentence: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            code,
            sentence: sentence.into(),
            remedy: remedy.into(),
        }
    }
}

impl Checked {
    /// Whether this host would load it.
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.refusals.is_empty()
    }

    /// What it says of itself, where it would load.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.prepared.as_ref().map(Prepared::manifest)
    }
}

impl Runtime {
    /// Looks a file over, for its author. Takes as long as loading it.
    pub async fn check(&self, wasm: impl Into<Bytes>, settings: &PluginSettings) -> Checked {
        let wasm = wasm.into();
        if let Err(error) = compile::check_file(&wasm) {
            return refused(refusal::of_file(&error, &wasm));
        }
        let bytes = wasm.clone();
        // Reading validates the whole file: seconds, for a large one.
        let read = tokio::task::spawn_blocking(move || World::read(&bytes)).await;
        let (world, mut refusals) = match read {
            Ok(Ok(Some(world))) => {
                let refusals = world.refusals();
                (Some(world), refusals)
            }
            Ok(Err(world::WitPackage)) => (None, vec![refusal::wit_package()]),
            // A file that can't be read, or ended its reader, is one for loading to refuse.
            Ok(Ok(None)) | Err(_) => (None, Vec::new()),
        };
        let prepared = self.prepare(wasm.clone(), settings).await;
        if let Err(error) = &prepared {
            refusals.extend(refusal::of_loading(error, &wasm, &refusals));
        }
        let prepared = prepared.ok();
        let manifest = prepared.as_ref().map(Prepared::manifest);
        let warnings = world.as_ref().map(|world| warnings::of(world, manifest));
        Checked {
            refusals,
            warnings: warnings.unwrap_or_default(),
            world,
            prepared,
        }
    }
}

/// A file that can't even be read.
fn refused(finding: Finding) -> Checked {
    Checked {
        refusals: vec![finding],
        warnings: Vec::new(),
        world: None,
        prepared: None,
    }
}

impl LoadError {
    /// The code of its findings.
    #[must_use]
    pub fn code(&self) -> &'static str {
        refusal::code(self)
    }
}
