//! The contract with plugins, as text: `claviger:provider` in the version that this host speaks.

pub use crate::load::versions::OURS as VERSION;

/// The WIT package (`wit/provider.wit`).
pub const WIT: &str = include_str!("../../../wit/provider.wit");
