//! The host's side of the comparison: its WIT package, parsed.

use std::sync::LazyLock;

use wit_parser::{Interface, Resolve};

const WIT: &str = include_str!("../../../../wit/provider.wit");

static CONTRACT: LazyLock<Resolve> = LazyLock::new(|| {
    let mut resolve = Resolve::default();
    // The bindings are generated from the same text, so it parses; were it not to, all interfaces would be unknown, which
    // every test would see.
    if let Err(error) = resolve.push_str("provider.wit", WIT) {
        tracing::error!("the contract can't be parsed: {error:#}");
    }
    resolve
});

/// The types that the contract's interfaces speak of.
pub(super) fn types() -> &'static Resolve {
    &CONTRACT
}

/// An interface of the contract by its own name: `validation`.
pub(super) fn interface(name: &str) -> Option<&'static Interface> {
    let mut interfaces = CONTRACT.interfaces.iter().map(|(_, interface)| interface);
    interfaces.find(|interface| interface.name.as_deref() == Some(name))
}
