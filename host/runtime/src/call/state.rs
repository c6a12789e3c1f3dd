//! What the host keeps beside a guest for the length of one call.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::log::Log;
use super::memory::MemoryLimiter;
use super::output::Output;
use super::verdict::OutOfCpu;
use super::waiting::Waiting;
use crate::egress::{Session, SharedSession};
use crate::engine::TICK;
use crate::imports::wasi_http::WayOut;
use crate::outcome::Evidence;
use crate::plugin::Limits;
use crate::resources::Resources;

/// Resources of WASI (streams, pollables, sockets) that a guest may hold at a time.
///
/// With what each may hold in the host, they come to about what a guest's own memory comes to.
const RESOURCES: usize = 2048;

/// What one set of headers of `wasi:http` may take, in bytes: a request that is sent has at most 32 KiB of them.
const HEADERS: usize = 36 << 10;

/// What a guest may ask of the random source in one go, in bytes.
const RANDOM: u64 = 64 << 10;

/// The store's data: the host's side of one call.
pub(crate) struct CallState {
    /// Stand-ins, secrets and the way out. None while a plugin describes itself: then every import is denied.
    pub session: Option<SharedSession>,
    /// When the call ends; a host call ends no later.
    pub deadline: Instant,
    /// What the guest has of memory.
    pub memory: MemoryLimiter,
    /// What the guest logged.
    pub log: Log,
    /// How long the guest waited for its provider.
    pub waiting: Waiting,
    ticks: u32,
    spent: u32,
    resources: Arc<Resources>,
    wasi: Option<Wasi>,
}

/// Made when a guest first asks for it: most never do, and it would cost each of them a microsecond.
struct Wasi {
    context: WasiCtx,
    http: WasiHttpCtx,
    way_out: WayOut,
    table: ResourceTable,
    output: Output,
}

/// What is left of a call once its guest is gone and nothing that it began goes on.
pub(crate) struct Ended {
    session: Option<OwnedMutexGuard<Session>>,
    memory: u64,
    memory_refused: bool,
    cpu: Duration,
    waited: Duration,
    last_words: String,
    log: Log,
}

impl CallState {
    /// The host's side of a call that hasn't begun.
    pub(crate) fn new(session: Option<Session>, deadline: Instant, limits: &Limits) -> Self {
        Self {
            session: session.map(SharedSession::new),
            deadline,
            memory: MemoryLimiter::new(limits.memory),
            log: Log::default(),
            waiting: Waiting::default(),
            ticks: limits.ticks(),
            spent: 0,
            resources: Arc::default(),
            wasi: None,
        }
    }

    /// The same with something of the host lent to it.
    pub(crate) fn lending(mut self, resources: Arc<Resources>) -> Self {
        self.resources = resources;
        self
    }

    /// Counts one tick of processor time.
    pub(super) fn spend_tick(&mut self) -> Result<(), OutOfCpu> {
        self.ticks = self.ticks.checked_sub(1).ok_or(OutOfCpu)?;
        self.spent += 1;
        Ok(())
    }

    /// Ends the call: gives up the requests that the guest left under way, and waits until they are gone.
    pub(crate) async fn end(self) -> Ended {
        let last_words = self
            .wasi
            // With its table go the requests.
            .map(|wasi| wasi.output.last())
            .unwrap_or_default();
        Ended {
            session: match self.session {
                Some(session) => Some(session.settled().await),
                None => None,
            },
            memory: self.memory.granted(),
            memory_refused: self.memory.refused(),
            cpu: TICK * self.spent,
            waited: self.waiting.total(),
            last_words,
            log: self.log,
        }
    }
}

impl Ended {
    /// The call's session.
    pub(crate) fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    /// How long the guest waited for its provider.
    pub(super) fn waited(&self) -> Duration {
        self.waited
    }

    /// Whether the guest was refused memory.
    pub(super) fn memory_refused(&self) -> bool {
        self.memory_refused
    }

    /// What the guest wrote last to stdout and stderr; not scrubbed.
    pub(super) fn last_words(&self) -> &str {
        &self.last_words
    }

    /// What the host saw.
    pub(super) fn into_evidence(mut self, duration: Duration) -> Evidence {
        let denials = self.session.as_mut().map(|session| session.take_denials());
        let seen = self.session();
        Evidence {
            subject_sent: seen.is_some_and(Session::subject_sent),
            subject_revealed: seen.is_some_and(Session::subject_revealed),
            duration,
            reveals: seen.map(Session::reveals).unwrap_or_default(),
            requests: seen.map(Session::requests).unwrap_or_default(),
            memory: self.memory,
            cpu: self.cpu,
            denials: denials.unwrap_or_default(),
            log: self.log.into_lines(),
            #[cfg(feature = "inspection")]
            secrets_left: None,
        }
    }
}

/// Nothing of the host is in it but what is lent: no other environment or directories, no arguments, sockets or names to
/// look up. Time and randomness are there, because every language's start-up wants them.
fn wasi(resources: &Resources, way_out: WayOut) -> Wasi {
    let output = Output::default();
    let mut builder = WasiCtx::builder();
    builder
        .stdout(output.clone())
        .stderr(output.clone())
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(RANDOM);
    resources.lend(&mut builder);
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCES);
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(HEADERS);
    Wasi {
        context: builder.build(),
        http,
        way_out,
        table,
        output,
    }
}

impl CallState {
    fn wasi(&mut self) -> &mut Wasi {
        let Self {
            session,
            deadline,
            resources,
            waiting,
            ..
        } = self;
        self.wasi.get_or_insert_with(|| {
            wasi(
                resources,
                WayOut::new(session.clone(), *deadline, waiting.clone()),
            )
        })
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi();
        WasiCtxView {
            ctx: &mut wasi.context,
            table: &mut wasi.table,
        }
    }
}

impl WasiHttpView for CallState {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        let wasi = self.wasi();
        WasiHttpCtxView {
            ctx: &mut wasi.http,
            table: &mut wasi.table,
            hooks: &mut wasi.way_out,
        }
    }
}
