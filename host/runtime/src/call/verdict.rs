//! Why a guest did not answer, for the plugin's author.

use std::fmt::Write as _;

use thiserror::Error;
use wasmtime::{PoolConcurrencyLimitError, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::{CallState, Texts};
use crate::outcome::CallError;
use crate::plugin::Limits;

/// How much of the guest's last output goes under a trap's message, in bytes.
const LAST_WORDS: usize = 8 << 10;

/// Ends a guest that used up its processor time.
#[derive(Debug, Error)]
#[error("out of processor time")]
pub(super) struct OutOfCpu;

/// What became of a call that ended in an error of the engine's.
pub(crate) fn judge(error: &wasmtime::Error, state: &CallState, limits: &Limits) -> CallError {
    if error.is::<OutOfCpu>() {
        return CallError::OutOfCpu { limit: limits.cpu };
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return CallError::Busy;
    }
    if state.memory.refused() {
        return CallError::OutOfMemory { limit: limits.memory };
    }
    CallError::Trap { message: message(error, state) }
}

/// The trap, where it happened, and the guest's last words.
fn message(error: &wasmtime::Error, state: &CallState) -> String {
    let texts = Texts::of(state.session.as_ref());
    let mut message = match error.downcast_ref::<I32Exit>() {
        Some(exit) => format!("it called `exit({})`; a plugin answers instead", exit.0),
        None => texts.text(&error.root_cause().to_string()),
    };
    // Writing to a string can't fail.
    if let Some(backtrace) = error.downcast_ref::<WasmBacktrace>().filter(|it| !it.frames().is_empty()) {
        for frame in backtrace.frames() {
            let name = frame.func_name().map_or("<unnamed>".into(), |name| texts.text(name));
            let _ = write!(message, "\n  in {name}");
        }
    }
    let words = texts.tail(state.last_words().trim_end(), LAST_WORDS);
    if !words.is_empty() {
        let _ = write!(message, "\nlast words:\n{words}");
    }
    message
}
