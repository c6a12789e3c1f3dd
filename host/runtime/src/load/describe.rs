//! Asks a plugin who it is, with every import denied.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use wasmtime::component::InstancePre;

use super::LoadError;
use crate::call::{CallState, judge, sandbox};
use crate::contract::{Contract, Guest};
use crate::manifest::Manifest;
use crate::outcome::CallError;
use crate::plugin::Limits;

/// To say who it is takes a plugin no time; what it takes is an interpreter's start.
pub(super) const WALL: Duration = Duration::from_secs(10);
const CPU: Duration = Duration::from_secs(1);

/// Calls `describe`, and checks on the way that the exports' types are the host's.
pub(super) async fn describe(
    instance: &InstancePre<CallState>,
    contract: &dyn Contract,
    memory: u64,
) -> Result<Manifest, LoadError> {
    let limits = limits(memory);
    let deadline = Instant::now() + WALL;
    let mut store = sandbox(
        instance.component().engine(),
        CallState::new(None, deadline, &limits),
    );
    let answered = timeout_at(deadline, async {
        let made = instance
            .instantiate_async(&mut store)
            .await
            .map_err(Failed::Trapped)?;
        let guest = Guest {
            store: &mut store,
            instance: &made,
        };
        contract.check(guest).map_err(Failed::Types)?;
        let guest = Guest {
            store: &mut store,
            instance: &made,
        };
        contract.describe(guest).await.map_err(Failed::Trapped)
    });
    let text = match answered.await {
        Ok(Ok(text)) => text,
        Ok(Err(Failed::Types(error))) => return Err(error),
        Ok(Err(Failed::Trapped(error))) => {
            return Err(LoadError::Describe(judge(&error, store.data(), &limits)));
        }
        Err(_elapsed) => {
            return Err(LoadError::Describe(CallError::TimedOut { limit: WALL }));
        }
    };
    Ok(Manifest::parse(&text)?)
}

/// What a plugin may use to say who it is.
pub(super) fn limits(memory: u64) -> Limits {
    Limits {
        memory,
        wall: WALL,
        cpu: CPU,
    }
}

enum Failed {
    Types(LoadError),
    Trapped(wasmtime::Error),
}
