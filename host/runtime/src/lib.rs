//! Loads, sandboxes and calls provider plugins. Knows nothing of REST or SQL.
//!
//! - [`runtime`]: where plugins run: the engine, the linker, the compiled-code cache, the limits
//! - [`plugin`]: a loaded plugin and what it can do
//! - [`catalogue`]: the plugins that serve
//! - [`quarantine`]: keeps a plugin that fails time and again from being called
//! - [`directory`]: the files that operators drop in
//! - [`authors`]: who may sign them
//! - [`load`]: from a file's bytes to a plugin
//! - [`check`]: all the reasons for which a file is refused, with what to do about each
//! - [`grant`]: what a plugin may do
//! - [`settings`]: what an operator writes for a plugin
//! - [`egress`]: the way out, and what keeps secrets from the guest
//! - [`manifest`]: what a plugin says of itself and asks for
//! - [`origin`]: scheme, host and port, and patterns of them
//! - [`subject`]: the credential a call is about, as the host holds it
//! - [`ask`]: what is asked beside it
//! - [`outcome`]: what came of a call
//! - [`printable`]: texts that a terminal shows and doesn't act on
//! - [`secret`]: bytes that zero themselves and can't be printed
//! - [`clock`]: the time, as a parameter
//!
//! Inside: `contract` (`claviger:provider`, in each version), `imports` (what a guest may call), `resources` (what of the
//! host an operator lends), `call` (one call from store to outcome), `cache` (compiled code on disk).
//!
//! A plugin never holds a secret: it is handed stand-ins, and the way out replaces them where its manifest says that
//! the secret goes.

mod cache;
mod call;
mod contract;
mod imports;
mod resources;

pub mod ask;
pub mod authors;
pub mod catalogue;
pub mod check;
pub mod clock;
pub mod directory;
pub mod egress;
pub mod engine;
pub mod grant;
pub mod load;
pub mod manifest;
pub mod origin;
pub mod outcome;
pub mod plugin;
pub mod printable;
pub mod quarantine;
pub mod runtime;
pub mod secret;
pub mod settings;
pub mod subject;

pub use ask::{IssueRequest, Place};
pub use catalogue::Catalogue;
pub use check::{Checked, Finding};
pub use clock::{Clock, SystemClock};
pub use engine::SetupError;
pub use grant::{Grant, Right, Rights};
pub use load::{LoadError, Prepared};
pub use manifest::Manifest;
pub use origin::{Origin, OriginPattern};
pub use outcome::{
    CallError, CallOutcome, Evidence, Failure, Issued, Page, Receipt, Replacement, Report,
    Revocation,
};
pub use plugin::{Capability, Plugin, Provenance};
pub use quarantine::{PluginHealth, PluginState, QuarantineRule};
pub use resources::ResourceError;
pub use runtime::{CacheOptions, Runtime, RuntimeOptions, Statistics};
pub use secret::Secret;
pub use settings::PluginSettings;
pub use subject::{CallContext, Field, FieldValue, Subject};
