//! The contract with plugins, `claviger:provider`, in each version that this host speaks.
//!
//! A version is a folder of its own: its bindings, where its exports are, the host's side of its imports, and what its
//! records are in the host's own words. Calls know none of that. They see [`Contract`], which speaks of [`told`] and
//! [`said`], so a further version is one more folder and one more line in [`find`] and [`add_to_linker`].
//!
//! What a plugin can do is decided once, when it is loaded: a capability that it doesn't export is a `None` here, and no
//! call of it begins.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use wasmtime::component::{Instance, InstancePre, Linker};
use wasmtime::{Engine, Store};

use crate::call::CallState;
use crate::load::LoadError;
use crate::outcome::Failure;

pub(crate) mod capability;
pub(crate) mod said;
pub(crate) mod told;
mod v0_1;

pub(crate) use capability::{
    Application, Assignment, Inventory, Issuance, Recovery, Restoration, Rotation, Validation,
};
pub(crate) use v0_1::VERSION;

/// Keys and values, in a plugin's order.
pub(crate) type Pairs = Vec<(String, String)>;

/// What a function answers: a trap or the like, a failure of the plugin's own, or what was asked for. Nothing in it has
/// been looked at yet.
pub(crate) type Answering<'a, T> = BoxFuture<'a, wasmtime::Result<Result<T, Failure>>>;

/// An instance, in its store.
pub(crate) struct Guest<'a> {
    pub store: &'a mut Store<CallState>,
    pub instance: &'a Instance,
}

/// A plugin's functions, in the version of the contract that it was built against.
pub(crate) trait Contract: Send + Sync {
    /// Compares the types of all functions with the host's, which takes an instance.
    fn check(&self, guest: Guest<'_>) -> Result<(), LoadError>;

    /// Who the plugin is, as JSON.
    fn describe<'a>(&'a self, guest: Guest<'a>) -> BoxFuture<'a, wasmtime::Result<String>>;

    /// Asks the provider whether a credential works.
    fn validation(&self) -> Option<&dyn Validation>;

    /// Has the provider make a new secret.
    fn rotation(&self) -> Option<&dyn Rotation>;

    /// Has a secret of the host's set.
    fn assignment(&self) -> Option<&dyn Assignment>;

    /// Makes an old version work again.
    fn restoration(&self) -> Option<&dyn Restoration>;

    /// Undoes what an operation left behind.
    fn recovery(&self) -> Option<&dyn Recovery>;

    /// Puts a credential to use in a target.
    fn application(&self) -> Option<&dyn Application>;

    /// Makes short-lived credentials.
    fn issuance(&self) -> Option<&dyn Issuance>;

    /// Lists what the provider holds.
    fn inventory(&self) -> Option<&dyn Inventory>;
}

/// Looks a component's exports up, in the version that it exports them in.
pub(crate) fn find(
    engine: &Engine,
    instance: &InstancePre<CallState>,
) -> Result<Arc<dyn Contract>, LoadError> {
    Ok(Arc::new(v0_1::Exports::find(engine, instance)?))
}

/// Adds the host's side of every version.
pub(crate) fn add_to_linker(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    v0_1::add_to_linker(linker)
}
