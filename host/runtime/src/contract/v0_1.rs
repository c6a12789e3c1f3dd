//! `claviger:provider` 0.1: `wit/provider.wit`.

use wasmtime::component::{HasSelf, Linker};

use crate::call::CallState;

mod bindings;
mod exports;
mod functions;
mod imports;
mod types;

pub(super) use exports::Exports;

/// The version, to its patch: plugins of any 0.1 go with it.
pub(crate) const VERSION: &str = "0.1.0";

/// Adds the host's side of this version.
pub(super) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    use bindings::claviger::provider::{disclosure, http, logging, signing};

    http::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    signing::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    disclosure::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    logging::add_to_linker::<_, HasSelf<CallState>>(linker, |state| state)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wit_package_has_our_version() {
        let wit = include_str!("../../../../wit/provider.wit");
        assert!(wit.contains(&format!("package claviger:provider@{VERSION};")));
    }
}
