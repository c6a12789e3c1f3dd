//! The wasmtime engine, with the settings that were measured, and the clock that its guests are stopped by.
//!
//! Instances come from a pool whose memory stays mapped between calls, which makes a fresh sandbox about as cheap as a
//! warm one. That holds only where the kernel can say which pages were touched (`PAGEMAP_SCAN`, Linux 6.7): without it,
//! keeping pages resident means clearing all of them each time, so then none are kept. Where the address space can't be
//! reserved at all, instances are allocated on demand: slower, and otherwise the same.

use std::num::NonZeroUsize;
use std::thread;
use std::time::Duration;

use thiserror::Error;
use wasmtime::{
    Config, Enabled, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig,
};

/// The most memory that one guest can be given, in bytes: what the pool reserves for each memory. A Python guest starts
/// with some 14 MiB, so this is room for what plugins do, not for what they might hoard.
pub const MEMORY_CEILING: u64 = 256 << 20;

/// How often guests are interrupted to let others run, and their processor time is counted. A guest that never calls the
/// host holds its thread for that long at a time.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Kept resident of a memory and of a table between calls, in bytes: a Rust guest's whole memory.
const KEEP_RESIDENT: usize = 1 << 20;
/// Kept resident of a stack, in bytes. It is zeroed before the next guest gets it.
const STACK_KEEP_RESIDENT: usize = 64 << 10;
/// What guests may use of a stack, in bytes; deeper recursion traps.
const WASM_STACK: usize = 512 << 10;
/// The whole of a stack, in bytes: host functions run on it as well, TLS handshakes among them.
const STACK: usize = 2 << 20;
/// A Python component has 109 core instances and a JavaScript one several memories; Rust needs four and one.
pub(crate) const CORE_INSTANCES_PER_COMPONENT: u32 = 256;
const MEMORIES_PER_COMPONENT: u32 = 16;
const TABLES_PER_COMPONENT: u32 = 64;
const TABLE_ELEMENTS: usize = 100_000;
/// Metadata of a component, in bytes: grows with what it imports and exports.
const COMPONENT_SIZE: usize = 10 << 20;
/// Metadata of a core instance, in bytes: grows with its globals and functions, and is not counted as a guest's memory;
/// what all instances of a component may have of it is bounded when it is loaded.
/// Twice wasmtime's default, which the interpreters of other languages fit into.
const INSTANCE_SIZE: usize = 2 << 20;
/// Frames of a backtrace that an author is shown.
const BACKTRACE_FRAMES: NonZeroUsize = NonZeroUsize::new(20).unwrap();

/// Why the host can't run plugins at all.
#[derive(Debug, Error)]
pub enum SetupError {
    /// wasmtime refuses this machine.
    #[error("the WebAssembly engine can't be set up: {0}")]
    Engine(String),
    /// The thread that interrupts guests can't be started.
    #[error("the thread that interrupts plugins can't be started: {0}")]
    Ticker(#[source] std::io::Error),
    /// The compiled-code cache has no directory to be in.
    #[error("the directory for compiled plugins can't be used: {0}")]
    Cache(#[source] std::io::Error),
}

/// Makes the engine for `calls` calls at a time, and starts its ticker.
#[cfg(any(test, not(feature = "inspection")))]
pub(crate) fn start(calls: usize) -> Result<Engine, SetupError> {
    start_with(calls, |_| ())
}

/// The same; where it is `inspected`, memories can be looked at once something has trapped beside them.
#[cfg(feature = "inspection")]
pub(crate) fn start_inspected(calls: usize, inspected: bool) -> Result<Engine, SetupError> {
    start_with(calls, |config| {
        config.coredump_on_trap(inspected);
    })
}

fn start_with(calls: usize, adjust: impl Fn(&mut Config)) -> Result<Engine, SetupError> {
    let calls = u32::try_from(calls).unwrap_or(u32::MAX);
    let config = |allocation| {
        let mut config = config(allocation);
        adjust(&mut config);
        config
    };
    let engine = Engine::new(&config(pool(calls))).or_else(|error| {
        tracing::warn!(
            error = format!("{error:#}"),
            "no pool for plugin instances; they are allocated one by one"
        );
        Engine::new(&config(InstanceAllocationStrategy::OnDemand))
    });
    let engine = engine.map_err(|error| SetupError::Engine(format!("{error:#}")))?;
    let ticked = engine.weak();
    thread::Builder::new()
        .name("claviger-epoch".to_owned())
        .spawn(move || tick(&ticked))
        .map_err(SetupError::Ticker)?;
    Ok(engine)
}

fn config(allocation: InstanceAllocationStrategy) -> Config {
    let mut config = Config::new();
    config
        .allocation_strategy(allocation)
        .memory_reservation(MEMORY_CEILING)
        .memory_reservation_for_growth(0)
        .memory_init_cow(true)
        .epoch_interruption(true)
        // A guest is given 256 MiB at most: 64-bit memories and tables would only widen what a hostile one can try.
        .wasm_memory64(false)
        // Costs a quarter of a call, and only guests with `async` functions would need it.
        .concurrency_support(false)
        .max_wasm_stack(WASM_STACK)
        .async_stack_size(STACK)
        .async_stack_zeroing(true)
        .wasm_backtrace_max_frames(Some(BACKTRACE_FRAMES));
    config
}

fn pool(calls: u32) -> InstanceAllocationStrategy {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(CORE_INSTANCES_PER_COMPONENT))
        .total_memories(calls.saturating_mul(MEMORIES_PER_COMPONENT))
        .total_tables(calls.saturating_mul(TABLES_PER_COMPONENT))
        .total_stacks(calls)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_memories_per_module(MEMORIES_PER_COMPONENT)
        .max_tables_per_module(TABLES_PER_COMPONENT)
        .max_component_instance_size(COMPONENT_SIZE)
        .max_core_instance_size(INSTANCE_SIZE)
        .max_memory_size(usize::try_from(MEMORY_CEILING).unwrap_or(usize::MAX))
        .table_elements(TABLE_ELEMENTS);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Auto)
            .linear_memory_keep_resident(KEEP_RESIDENT)
            .table_keep_resident(KEEP_RESIDENT)
            .async_stack_keep_resident(STACK_KEEP_RESIDENT);
    }
    InstanceAllocationStrategy::Pooling(pool)
}

/// Advances the engine's epoch until the engine is gone.
fn tick(engine: &EngineWeak) {
    while let Some(engine) = engine.upgrade() {
        engine.increment_epoch();
        drop(engine);
        thread::sleep(TICK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pool_fits_this_machine() {
        Engine::new(&config(pool(64))).expect("a pooling engine");
    }

    #[test]
    fn the_ticker_ends_with_its_engine() {
        let engine = start(1).expect("an engine");
        let weak = engine.weak();
        drop(engine);
        for _ in 0..1000 {
            if weak.upgrade().is_none() {
                return;
            }
            thread::yield_now();
        }
        assert!(weak.upgrade().is_none(), "something still holds the engine");
    }
}
