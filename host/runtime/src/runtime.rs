//! Where plugins run: one engine, one linker, one compiled-code cache, one limit of calls for all of them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::cache::Cache;
use crate::call::CallState;
use crate::clock::{Clock, SystemClock};
use crate::egress::{Resolve, SystemResolver};
use crate::engine::{self, SetupError};
use crate::imports;
use crate::quarantine::QuarantineRule;

/// How a [`Runtime`] is set up.
#[derive(Clone)]
pub struct RuntimeOptions {
    /// Where compiled code is kept between starts. Without it, each start compiles.
    pub cache: Option<CacheOptions>,
    /// The time that plugins are told.
    pub clock: Arc<dyn Clock>,
    /// What turns names into addresses.
    pub resolver: Arc<dyn Resolve>,
    /// How many calls may be in flight at a time, over all plugins. Further ones wait a little, then are refused.
    pub max_calls: usize,
    /// The processor time that one call may use in its guest.
    pub cpu: Duration,
    /// When a plugin that fails time and again rests, by `clock`.
    pub quarantine: QuarantineRule,
    /// Whether each call ends with a look for its secrets in its guest's memory, and panics where it finds one that the
    /// guest wasn't shown.
    #[cfg(feature = "inspection")]
    pub inspected: bool,
}

/// Where compiled code is kept.
#[derive(Clone)]
pub struct CacheOptions {
    /// A directory of the server's own. It is made, and closed to others.
    pub directory: PathBuf,
    /// What entries are authenticated with. Whoever has it can have the server run any code.
    pub key: [u8; 32],
}

impl Default for RuntimeOptions {
    fn default() -> Self {
        Self {
            cache: None,
            clock: Arc::new(SystemClock),
            resolver: Arc::new(SystemResolver),
            max_calls: 64,
            cpu: Duration::from_secs(1),
            quarantine: QuarantineRule::default(),
            #[cfg(feature = "inspection")]
            inspected: false,
        }
    }
}

/// Where plugins run. Cheap to clone.
#[derive(Clone)]
pub struct Runtime(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub engine: Engine,
    pub linker: Linker<CallState>,
    pub cache: Option<Cache>,
    pub clock: Arc<dyn Clock>,
    pub resolver: Arc<dyn Resolve>,
    pub cpu: Duration,
    pub quarantine: QuarantineRule,
    #[cfg(feature = "inspection")]
    pub inspected: bool,
    /// One permit for each call that may be in flight.
    pub calls: Arc<Semaphore>,
    /// The compiler uses all processors by itself: one plugin is compiled at a time.
    pub compiler: Semaphore,
    /// The pool has one instance to spare beside those of calls: one plugin is looked at at a time.
    pub spare: Semaphore,
    pub cache_hits: AtomicU64,
    pub cache_misses: AtomicU64,
    pub max_calls: usize,
}

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
    pub fn new(options: RuntimeOptions) -> Result<Self, SetupError> {
        // While calls are in flight, one more plugin may be describing itself.
        let calls = options.max_calls + 1;
        #[cfg(not(feature = "inspection"))]
        let engine = engine::start(calls)?;
        #[cfg(feature = "inspection")]
        let engine = engine::start_inspected(calls, options.inspected)?;
        let linker =
            imports::linker(&engine).map_err(|error| SetupError::Engine(format!("{error:#}")))?;
        let cache = options
            .cache
            .map(|cache| Cache::open(cache, &engine))
            .transpose()
            .map_err(SetupError::Cache)?;
        Ok(Self(Arc::new(Inner {
            engine,
            linker,
            cache,
            clock: options.clock,
            resolver: options.resolver,
            cpu: options.cpu,
            quarantine: options.quarantine,
            #[cfg(feature = "inspection")]
            inspected: options.inspected,
            calls: Arc::new(Semaphore::new(options.max_calls)),
            compiler: Semaphore::new(1),
            spare: Semaphore::new(1),
            cache_hits: AtomicU64::new(0),
            cache_misses: AtomicU64::new(0),
            max_calls: options.max_calls,
        })))
    }

    /// What it has done so far.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        Statistics {
            live_calls: self
                .0
                .max_calls
                .saturating_sub(self.0.calls.available_permits()),
            cache_hits: self.0.cache_hits.load(Ordering::Relaxed),
            cache_misses: self.0.cache_misses.load(Ordering::Relaxed),
        }
    }
}
