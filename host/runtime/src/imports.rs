//! What a guest may call: the imports of each version of the [contract](crate::contract), `wasi:http` over the same way
//! out, and WASI with no more behind it than the operator granted.
//!
//! While a plugin describes itself there is no [session](Session), and every import is denied.

use wasmtime::Engine;
use wasmtime::component::Linker;

use crate::call::CallState;
use crate::contract;
use crate::egress::{SendFailure, SharedSession};

pub(crate) mod wasi_http;

/// A linker with all that a plugin can import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    contract::add_to_linker(&mut linker)?;
    Ok(linker)
}

impl CallState {
    /// The call's session, which a plugin that describes itself doesn't have.
    pub(crate) fn session(&self) -> Result<&SharedSession, SendFailure> {
        self.session
            .as_ref()
            .ok_or_else(|| SendFailure::denied("`describe` is called with every import denied"))
    }
}
