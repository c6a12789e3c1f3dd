//! What a guest may call: `claviger:provider`'s imports, and WASI with nothing behind it.
//!
//! Thin on purpose: each file turns a WIT type into the host's own and calls the [session](crate::egress::Session), where
//! the rules are. While a plugin describes itself there is no session, and every import is denied.

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::claviger::provider;
use crate::call::CallState;
use crate::egress::{SendFailure, Session};

mod disclosure;
mod http;
pub(crate) mod logging;
mod signing;
pub(crate) mod types;

/// A linker with all that a plugin can import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<CallState>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    provider::http::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    provider::signing::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    provider::disclosure::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    provider::logging::add_to_linker::<_, HasSelf<CallState>>(&mut linker, |state| state)?;
    Ok(linker)
}

impl CallState {
    /// The call's session, which a plugin that describes itself doesn't have.
    fn session(&mut self) -> Result<&mut Session, SendFailure> {
        self.session
            .as_mut()
            .ok_or_else(|| SendFailure::denied("`describe` is called with every import denied"))
    }
}
