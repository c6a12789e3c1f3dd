//! What the host keeps beside a guest for the length of one call.

use std::time::Duration;

use tokio::time::Instant;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::log::Log;
use super::memory::MemoryLimiter;
use super::output::Output;
use super::verdict::OutOfCpu;
use crate::egress::Session;
use crate::engine::TICK;
use crate::outcome::Evidence;
use crate::plugin::Limits;

/// Resources of WASI (streams, pollables, sockets) that a guest may hold at a time.
const RESOURCES: usize = 4096;

/// What a guest may ask of the random source in one go, in bytes.
const RANDOM: u64 = 64 << 10;

/// The store's data: the host's side of one call.
pub(crate) struct CallState {
    /// Stand-ins, secrets and the way out. None while a plugin describes itself: then every import is denied.
    pub session: Option<Session>,
    /// When the call ends; a host call ends no later.
    pub deadline: Instant,
    /// What the guest has of memory.
    pub memory: MemoryLimiter,
    /// What the guest logged.
    pub log: Log,
    ticks: u32,
    spent: u32,
    wasi: Option<Wasi>,
}

/// Made when a guest first asks for it: most never do, and it would cost each of them a microsecond.
struct Wasi {
    context: WasiCtx,
    table: ResourceTable,
    output: Output,
}

impl CallState {
    /// The host's side of a call that hasn't begun.
    pub(crate) fn new(session: Option<Session>, deadline: Instant, limits: &Limits) -> Self {
        Self {
            session,
            deadline,
            memory: MemoryLimiter::new(limits.memory),
            log: Log::default(),
            ticks: limits.ticks(),
            spent: 0,
            wasi: None,
        }
    }

    /// Counts one tick of processor time.
    pub(super) fn spend_tick(&mut self) -> Result<(), OutOfCpu> {
        self.ticks = self.ticks.checked_sub(1).ok_or(OutOfCpu)?;
        self.spent += 1;
        Ok(())
    }

    /// What the guest wrote last to stdout and stderr; not scrubbed.
    pub(super) fn last_words(&self) -> String {
        self.wasi
            .as_ref()
            .map(|wasi| wasi.output.last())
            .unwrap_or_default()
    }

    /// What the host saw, once the call is over.
    pub(super) fn into_evidence(self, duration: Duration) -> Evidence {
        let session = self.session;
        let seen = session.as_ref();
        Evidence {
            subject_sent: seen.is_some_and(Session::subject_sent),
            duration,
            reveals: seen.map(Session::reveals).unwrap_or_default(),
            requests: seen.map(Session::requests).unwrap_or_default(),
            memory: self.memory.granted(),
            cpu: TICK * self.spent,
            denials: session.map(Session::into_denials).unwrap_or_default(),
            log: self.log.into_lines(),
        }
    }
}

/// Nothing of the host is in it: no environment, arguments, directories, sockets or names to look up. Time and randomness
/// are there, because every language's start-up wants them.
fn nothing() -> Wasi {
    let output = Output::default();
    let mut builder = WasiCtx::builder();
    builder
        .stdout(output.clone())
        .stderr(output.clone())
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .max_random_size(RANDOM);
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCES);
    Wasi {
        context: builder.build(),
        table,
        output,
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        let wasi = self.wasi.get_or_insert_with(nothing);
        WasiCtxView {
            ctx: &mut wasi.context,
            table: &mut wasi.table,
        }
    }
}
