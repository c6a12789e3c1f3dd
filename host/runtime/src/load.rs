//! From a file's bytes to a plugin, in steps that each end the attempt with a reason: the file, its code, its imports, its
//! exports, its manifest, its grant. Nothing of a plugin runs before its code and its imports were checked, and `describe`,
//! which runs first, is denied every import.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::task;
use wasmtime::component::{Component, InstancePre};

use crate::call::CallState;
use crate::contract::{self, Contract};
use crate::egress::{Limits as EgressLimits, PluginEgress, SetupError};
use crate::grant::{Grant, Rights};
use crate::manifest::{Manifest, ManifestError};
use crate::outcome::CallError;
use crate::plugin::{Capability, Limits, Plugin, Provenance};
use crate::quarantine::Quarantine;
use crate::resources::{ResourceError, Resources};
use crate::runtime::Runtime;
use crate::settings::PluginSettings;

pub(crate) mod compile;
mod complete;
mod describe;
pub(crate) mod imports;
mod measure;
mod metadata;
mod roots;
pub(crate) mod versions;

pub use complete::Lack;
pub use measure::{Measured, core_instances};

/// The largest file that is loaded, in bytes: a Python plugin has 18 MB.
pub const LARGEST: usize = 64 << 20;

/// Why a file is no plugin that this host runs. The texts are for the plugin's author.
#[derive(Debug, Error)]
pub enum LoadError {
    /// It is larger than the host loads.
    #[error("the file has {size} bytes; at most {LARGEST} are loaded")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// It is native code.
    #[error(
        "the file is a precompiled `.cwasm`, which is native code; put the `.wasm` component there instead"
    )]
    Precompiled,
    /// It is a core module.
    #[error(
        "the file is a core WebAssembly module, not a component; build for `wasm32-wasip2`, or make one with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// It isn't valid WebAssembly, or uses a feature that this host lacks.
    #[error("the file is not a valid WebAssembly component: {0}")]
    Invalid(String),
    /// It is valid, and can't be compiled all the same.
    #[error("the component can't be compiled: {0}")]
    Compile(String),
    /// It imports what this host doesn't have.
    #[error("the component imports `{import}`, which this host does not offer; {hint}")]
    UnknownImport {
        /// The import's name.
        import: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// It imports or exports an interface of another version of the contract.
    #[error(
        "the component {verb} `{interface}` in version {theirs}; this host speaks `claviger:provider` {ours}"
    )]
    Version {
        /// `imports` or `exports`.
        verb: &'static str,
        /// The interface's name without its version.
        interface: String,
        /// The component's version.
        theirs: String,
        /// The host's version.
        ours: &'static str,
    },
    /// It imports a known interface with other types.
    #[error("the component's imports do not fit this host: {0}")]
    ImportTypes(String),
    /// It exports a known interface with missing functions or other types.
    #[error("the component's export `{interface}` does not fit this host: {reason}")]
    ExportTypes {
        /// The interface's name.
        interface: &'static str,
        /// What doesn't fit.
        reason: String,
    },
    /// It doesn't say who it is.
    #[error(
        "the component does not export `claviger:provider/manifest`, so it can't say what it is"
    )]
    NoManifest,
    /// Its `describe` didn't answer.
    #[error("`describe` failed: {0}")]
    Describe(CallError),
    /// Its manifest breaks a rule.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// It has a capability without what that needs.
    #[error("{}", complete::listed(.0))]
    Incomplete(Vec<Lack>),
    /// What the operator set for it can't be used.
    #[error(transparent)]
    Egress(#[from] SetupError),
    /// What the operator lends it can't be lent.
    #[error(transparent)]
    Resources(#[from] ResourceError),
}

/// A file that was checked, compiled and described. Nothing is granted to it yet, and it serves nobody. Clones share the
/// compiled code.
#[derive(Clone)]
pub struct Prepared {
    runtime: Runtime,
    manifest: Manifest,
    hash: blake3::Hash,
    instance: InstancePre<CallState>,
    contract: Arc<dyn Contract>,
}

impl Prepared {
    /// What it says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The BLAKE3 hash of its file.
    #[must_use]
    pub fn hash(&self) -> &blake3::Hash {
        &self.hash
    }

    /// What it can do.
    #[must_use]
    pub fn capabilities(&self) -> BTreeSet<Capability> {
        Capability::of(self.contract.as_ref())
    }

    /// Has it describe itself once more, in a sandbox of its own. A plugin that is in order says the same each time.
    pub async fn describe(&self, settings: &PluginSettings) -> Result<Manifest, LoadError> {
        let memory = settings.memory.unwrap_or_default().bytes();
        // As in `prepare`: the pool has one instance to spare.
        let _turn = self.runtime.0.compiler.acquire().await;
        describe::describe(&self.instance, self.contract.as_ref(), memory).await
    }

    /// Makes it a plugin that may do what its manifest asks for. What takes an approval is granted as far as it is among
    /// the `approved` rights, or in the settings.
    pub fn admit(
        &self,
        provenance: Provenance,
        settings: &PluginSettings,
        approved: &Rights,
    ) -> Result<Arc<Plugin>, LoadError> {
        let runtime = &self.runtime.0;
        let grant = Grant::of(&self.manifest, settings, approved);
        let roots = settings
            .ca
            .as_deref()
            .map(roots::read)
            .transpose()?
            .unwrap_or_default();
        let rules = grant.rules(roots, EgressLimits::default());
        Ok(Arc::new(Plugin {
            egress: Arc::new(PluginEgress::new(rules, runtime.resolver.clone())?),
            capabilities: Capability::of(self.contract.as_ref()),
            manifest: self.manifest.clone(),
            grant,
            hash: self.hash,
            provenance,
            recognises: settings.recognises,
            instance: self.instance.clone(),
            contract: self.contract.clone(),
            limits: Limits {
                memory: settings.memory.unwrap_or_default().bytes(),
                wall: settings.timeout.unwrap_or_default().duration(),
                cpu: runtime.cpu,
            },
            resources: Arc::new(Resources::lent(settings)?),
            settings: settings.settings.clone().into_iter().collect(),
            clock: runtime.clock.clone(),
            calls: runtime.calls.clone(),
            quarantine: Quarantine::new(runtime.quarantine),
            own_calls: Arc::new(Semaphore::new(runtime.max_calls.div_ceil(2))),
            #[cfg(feature = "inspection")]
            inspected: runtime.inspected,
        }))
    }
}

impl Runtime {
    /// Checks, compiles and describes a file. `wasm` is a WebAssembly component.
    pub async fn prepare(
        &self,
        wasm: impl Into<Bytes>,
        settings: &PluginSettings,
    ) -> Result<Prepared, LoadError> {
        let wasm = wasm.into();
        compile::check_file(&wasm)?;
        let hash = blake3::hash(&wasm);
        let memory = settings.memory.unwrap_or_default().bytes();
        let (instance, contract, manifest) =
            if let Some((component, manifest)) = self.cached(hash).await? {
                let (instance, contract) = self.link(&component)?;
                // It ran once, elsewhere or long ago. Nothing serves that can't be started here and now.
                let _spare = self.0.spare.acquire().await;
                describe::rehearse(&instance, contract.as_ref(), memory).await?;
                (instance, contract, manifest)
            } else {
                // The semaphores are never closed; were they, two plugins at a time would do no harm but to each other's speed.
                let _turn = self.0.compiler.acquire().await;
                let component = self.compile(wasm).await?;
                let (instance, contract) = self.link(&component)?;
                let _spare = self.0.spare.acquire().await;
                let manifest = describe::describe(&instance, contract.as_ref(), memory).await?;
                self.keep(hash, component, manifest.clone()).await?;
                (instance, contract, manifest)
            };
        complete::check(&Capability::of(contract.as_ref()), &manifest)?;
        Ok(Prepared {
            runtime: self.clone(),
            manifest,
            hash,
            instance,
            contract,
        })
    }

    /// Prepares a plugin and admits it with what its manifest and its settings say. What takes an approval is granted to one
    /// that is part of the server, whose makers approved it, and to no other.
    pub async fn load(
        &self,
        wasm: impl Into<Bytes>,
        provenance: Provenance,
        settings: &PluginSettings,
    ) -> Result<Arc<Plugin>, LoadError> {
        let prepared = self.prepare(wasm, settings).await?;
        let approved = match provenance {
            Provenance::Embedded => Rights::asked(prepared.manifest()),
            Provenance::Directory => Rights::default(),
        };
        prepared.admit(provenance, settings, &approved)
    }

    /// Links the imports and looks up the exports.
    fn link(
        &self,
        component: &Component,
    ) -> Result<(InstancePre<CallState>, Arc<dyn Contract>), LoadError> {
        imports::check(&self.0.engine, component)?;
        let instance = self.0.linker.instantiate_pre(component);
        let instance = instance.map_err(|error| LoadError::ImportTypes(format!("{error:#}")))?;
        let contract = contract::find(&self.0.engine, &instance)?;
        Ok((instance, contract))
    }

    async fn cached(&self, hash: blake3::Hash) -> Result<Option<(Component, Manifest)>, LoadError> {
        if self.0.cache.is_none() {
            return Ok(None);
        }
        let runtime = self.clone();
        let found = task::spawn_blocking(move || {
            runtime
                .0
                .cache
                .as_ref()
                .and_then(|cache| cache.get(&runtime.0.engine, &hash))
        });
        let found = found.await.map_err(|error| panicked(&error))?;
        let counter = if found.is_some() {
            &self.0.cache_hits
        } else {
            &self.0.cache_misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(found)
    }

    async fn compile(&self, wasm: Bytes) -> Result<Component, LoadError> {
        tracing::info!(bytes = wasm.len(), "compiling a plugin");
        let engine = self.0.engine.clone();
        // A panic of the compiler's ends the task and not the server.
        task::spawn_blocking(move || compile::compile(&engine, &wasm))
            .await
            .map_err(|error| panicked(&error))?
    }

    async fn keep(
        &self,
        hash: blake3::Hash,
        component: Component,
        manifest: Manifest,
    ) -> Result<(), LoadError> {
        let runtime = self.clone();
        let kept = task::spawn_blocking(move || {
            if let Some(cache) = &runtime.0.cache {
                cache.put(&hash, &component, &manifest);
            }
        });
        kept.await.map_err(|error| panicked(&error))
    }
}

fn panicked(error: &task::JoinError) -> LoadError {
    LoadError::Compile(format!("the compiler failed: {error}"))
}
