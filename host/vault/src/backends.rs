//! Backends: what leases are issued from. A provider's plugin, a root credential, and limits.
//!
//! - [`model`]: what a backend is; [`input`]: what operators write, and the rules it must hold to; `scope`: what it gives out
//! - `configured`: those of the configuration, which live in memory; `table`: those that operators add
//! - `root`: the root credential and the plugin, ready to be called, or the reason why not

mod action;
mod configured;
pub mod input;
pub mod model;
pub(crate) mod root;
pub(crate) mod scope;
mod table;

pub(crate) use configured::Configured;
pub use configured::ConfiguredBackend;
pub use input::NewBackend;
pub use model::{Backend, BackendId, ListedBackend};
pub use scope::ScopePattern;
