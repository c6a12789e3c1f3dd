//! What a guest may call: `claviger:provider`'s imports, `wasi:http` over the same way out, and WASI with no more behind
//! it than the operator granted.
//!
//! Thin on purpose: each file turns a WIT type into the host's own and calls the [session](crate::egress::Session), where
//! the rules are. While a plugin describes itself there is no session, and every import is denied.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::claviger::provider;
use crate::call::CallState;
use crate::egress::{SendFailure, SharedSession};

mod disclosure;
mod http;
pub(crate) mod logging;
mod signing;
pub(crate) mod types;
pub(crate) mod wasi_http;

/// A linker with all that a plugin can import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    provider::http::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    provider::signing::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    provider::disclosure::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    provider::logging::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl CallState {
    /// The call's session, which a plugin that describes itself doesn't have.
    fn session(&self) -> Result<&SharedSession, SendFailure> {
        self.session
            .as_ref()
            .ok_or_else(|| SendFailure::denied("`describe` is called with every import denied"))
    }
}
