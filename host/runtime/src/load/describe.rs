//! Asks a plugin who it is, with every import denied.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::LoadError;
use crate::call::{CallState, judge, sandbox};
use crate::contract::{Contract, Guest};
use crate::manifest::Manifest;
use crate::outcome::CallError;
use crate::plugin::Limits;

/// To say who it is takes a plugin no time; what it takes is an interpreter's start.
const WALL: Duration = Duration::from_secs(10);
const CPU: Duration = Duration::from_secs(1);

/// Calls `describe`, and checks on the way that the exports' types are the host's.
pub(super) async fn describe(
    instance: &InstancePre<CallState>,
    contract: &dyn Contract,
    memory: u64,
) -> Result<Manifest, LoadError> {
    let text = stage(instance, memory, async |store| {
        let made = start(instance, contract, store).await?;
        let guest = Guest {
            store,
            instance: &made,
        };
        contract.describe(guest).await.map_err(Failed::Trapped)
    });
    Ok(Manifest::parse(&text.await?)?)
}

/// Makes an instance, and checks its exports' types: what a call does before it calls.
pub(super) async fn rehearse(
    instance: &InstancePre<CallState>,
    contract: &dyn Contract,
    memory: u64,
) -> Result<(), LoadError> {
    stage(instance, memory, async |store| {
        start(instance, contract, store).await.map(drop)
    })
    .await
}

async fn start(
    instance: &InstancePre<CallState>,
    contract: &dyn Contract,
    store: &mut Store<CallState>,
) -> Result<Instance, Failed> {
    let made = instance
        .instantiate_async(&mut *store)
        .await
        .map_err(Failed::Trapped)?;
    let guest = Guest {
        store,
        instance: &made,
    };
    contract.check(guest).map_err(Failed::Types)?;
    Ok(made)
}

/// A sandbox in which every import is denied.
async fn stage<T>(
    instance: &InstancePre<CallState>,
    memory: u64,
    play: impl AsyncFnOnce(&mut Store<CallState>) -> Result<T, Failed>,
) -> Result<T, LoadError> {
    let limits = Limits {
        memory,
        wall: WALL,
        cpu: CPU,
    };
    let deadline = Instant::now() + WALL;
    let mut store = sandbox(
        instance.component().engine(),
        CallState::new(None, deadline, &limits),
    );
    let played = timeout_at(deadline, play(&mut store)).await;
    match played {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(Failed::Types(error))) => Err(error),
        Ok(Err(Failed::Trapped(error))) => {
            let state = store.into_data().end().await;
            Err(LoadError::Describe(judge(&error, &state, &limits)))
        }
        Err(_elapsed) => Err(LoadError::Describe(CallError::TimedOut { limit: WALL })),
    }
}

enum Failed {
    Types(LoadError),
    Trapped(wasmtime::Error),
}
