//! Why a guest did not answer, for the plugin's author.

use thiserror::Error;
use wasmtime::component::ResourceTableError;
use wasmtime::{FrameInfo, PoolConcurrencyLimitError, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::{Ended, Texts};
use crate::outcome::CallError;
use crate::plugin::Limits;

/// How much of the guest's last output goes under a trap's message, in bytes.
const LAST_WORDS: usize = 8 << 10;

/// Ends a guest that used up its processor time.
#[derive(Debug, Error)]
#[error("out of processor time")]
pub(super) struct OutOfCpu;

/// What became of a call that ended in an error of the engine's.
pub(crate) fn judge(error: &wasmtime::Error, state: &Ended, limits: &Limits) -> CallError {
    if error.is::<OutOfCpu>() {
        return CallError::OutOfCpu { limit: limits.cpu };
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return CallError::Busy;
    }
    if state.memory_refused() {
        return CallError::OutOfMemory {
            limit: limits.memory,
        };
    }
    CallError::Trap {
        message: message(error, state),
    }
}

/// The trap, where it happened, and the guest's last words.
fn message(error: &wasmtime::Error, state: &Ended) -> String {
    let texts = Texts::of(state.session());
    let mut message = if let Some(exit) = error.downcast_ref::<I32Exit>() {
        format!("it called `exit({})`; a plugin answers instead", exit.0)
    } else if error.is::<ResourceTableError>() {
        "it holds more handles of the host's (streams, pollables) than a call may; drop those that are done".to_owned()
    } else {
        texts.text(&error.root_cause().to_string())
    };
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>() {
        message.push_str(&frames(backtrace, &texts));
    }
    let words = texts.tail(state.last_words().trim_end(), LAST_WORDS);
    if !words.is_empty() {
        message.push_str("\nlast words:\n");
        message.push_str(&words);
    }
    message
}

/// A line for each frame, the innermost first; a run of the same function is one line. Nothing where the file has no names.
fn frames(backtrace: &WasmBacktrace, texts: &Texts<'_>) -> String {
    let names: Vec<_> = backtrace
        .frames()
        .iter()
        .map(FrameInfo::func_name)
        .collect();
    if names.iter().all(Option::is_none) {
        return String::new();
    }
    let line = |run: &[Option<&str>]| match (run[0].map(|name| texts.text(name)), run.len()) {
        (name, 1) => format!("\n  in {}", name.as_deref().unwrap_or("?")),
        (name, times) => format!("\n  in {} ({times} times)", name.as_deref().unwrap_or("?")),
    };
    names.chunk_by(|a, b| a == b).map(line).collect()
}
