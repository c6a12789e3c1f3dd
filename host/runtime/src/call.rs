//! One call: a sandbox of its own, made, used and thrown away.
//!
//! Whatever the guest does ends here: a trap, a loop, a flood of memory or of output is the outcome of this call and of
//! nothing else. What the host saw is told in every case, because it is kept beside the guest and not in it. Dropping the
//! call's future drops the sandbox with all that is in it.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::contract::{Answering, Guest, told};
use crate::egress::{Role, Session};
use crate::outcome::{CallError, CallOutcome};
use crate::plugin::{Capability, Limits, Plugin};
use crate::quarantine::Conduct;
use crate::subject::CallContext;

mod application;
mod assignment;
#[cfg(feature = "inspection")]
mod inspection;
mod inventory;
mod issuance;
mod kept;
mod log;
mod memory;
mod output;
mod record;
mod recovery;
mod restoration;
mod rotation;
mod state;
mod text;
mod validate;
mod verdict;
mod waiting;

pub(crate) use state::{CallState, Ended};
pub(crate) use text::Texts;
pub(crate) use verdict::judge;
pub(crate) use waiting::Waiting;

/// How long a call waits for others to end before it is refused. Callers would rather know than queue.
const QUEUE: Duration = Duration::from_secs(2);

/// What a guest may hand to the host in one host call, and in its answer, in bytes: a request body has at most 1 MiB.
const HOSTCALL_BYTES: usize = 8 << 20;

/// Handles of resources that a guest may hold at a time; a stream or a pollable is one.
const HANDLES: usize = 4096;

/// What a plugin is asked to do: one function of one capability.
trait Operation: Sync {
    /// What the guest is told, stand-ins in secrets' places.
    type Told: Send;
    /// What the plugin answers.
    type Raw: Send;
    /// What the caller gets.
    type Answer;

    /// Calls the function.
    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: told::Context,
        told: Self::Told,
    ) -> Answering<'a, Self::Raw>;

    /// Checks the answer and takes what must not leave the sandbox out of it.
    fn accept(&self, raw: Self::Raw, texts: &Texts<'_>) -> Result<Self::Answer, CallError>;
}

impl Plugin {
    /// Runs an operation. `admit` takes what it is about into the call, as the guest is to see it.
    async fn call<O: Operation>(
        &self,
        context: CallContext,
        admit: impl FnOnce(&mut Session) -> O::Told,
        operation: O,
    ) -> CallOutcome<O::Answer> {
        let started = Instant::now();
        let deadline = started + self.limits.wall;
        let turn = match self.quarantine.enter(self.clock.now_ms()) {
            Ok(turn) => turn,
            Err(retry_after) => return CallOutcome::refused(CallError::Resting { retry_after }),
        };
        let Some(_permits) = self.permits().await else {
            return CallOutcome::refused(CallError::Busy);
        };

        // The queue is nobody's fault.
        let begun = Instant::now();
        let mut session = Session::new(self.egress.clone(), rand::make_rng(), self.clock.clone());
        let told = admit(&mut session);
        let context = told::Context {
            idempotency_key: context.idempotency_key,
            now_ms: self.clock.now_ms(),
            deadline_ms: record::milliseconds(deadline.saturating_duration_since(Instant::now())),
            settings: self.settings.clone(),
            connection: context
                .connection
                .map(|it| record::credential(&mut session, Role::Connection, &it)),
            options: context.options,
        };

        let state =
            CallState::new(Some(session), deadline, &self.limits).lending(self.resources.clone());
        let mut store = sandbox(self.instance.component().engine(), state);
        let answered = timeout_at(deadline, async {
            let instance = self.instance.instantiate_async(&mut store).await?;
            let guest = Guest {
                store: &mut store,
                instance: &instance,
            };
            operation.run(guest, context, told).await
        });
        let answered = answered.await;

        #[cfg(feature = "inspection")]
        let memories = if self.inspected {
            Some(inspection::memories(&mut store).await)
        } else {
            None
        };
        let state = store.into_data().end().await;
        #[cfg(feature = "inspection")]
        let secrets_left =
            memories.map(|memories| inspection::look(&self.manifest, &memories, state.session()));
        let texts = Texts::of(state.session());
        let result = match answered {
            Ok(Ok(Ok(raw))) => operation.accept(raw, &texts),
            Ok(Ok(Err(failure))) => Err(texts.failure(failure)),
            Ok(Err(error)) => Err(judge(&error, &state, &self.limits)),
            Err(_elapsed) => Err(CallError::TimedOut {
                limit: self.limits.wall,
            }),
        };
        let own_time = begun.elapsed().saturating_sub(state.waited());
        turn.end(
            conduct(result.as_ref().err(), own_time),
            self.clock.now_ms(),
        );
        let evidence = state.into_evidence(started.elapsed());
        #[cfg(feature = "inspection")]
        let evidence = crate::outcome::Evidence {
            secrets_left,
            ..evidence
        };
        let outcome = CallOutcome { result, evidence };
        log::tell(self, &outcome);
        outcome
    }

    /// Waits its turn, for a while: among the plugin's own calls, then among all.
    async fn permits(&self) -> Option<[OwnedSemaphorePermit; 2]> {
        let wait = QUEUE.min(self.limits.wall);
        let both = async {
            let own = self.own_calls.clone().acquire_owned().await.ok()?;
            Some([own, self.calls.clone().acquire_owned().await.ok()?])
        };
        timeout(wait, both).await.ok()?
    }
}

/// A call of a function that the plugin doesn't export.
fn unsupported<T>(capability: Capability) -> CallOutcome<T> {
    CallOutcome::refused(CallError::Unsupported {
        capability: capability.as_str(),
    })
}

/// What a call says of the plugin. `own_time` is what it took without the waiting for the provider: one that ran out of
/// time is the guest's fault where most of the time was its own.
fn conduct(error: Option<&CallError>, own_time: Duration) -> Conduct {
    match error {
        Some(
            CallError::Trap { .. } | CallError::OutOfCpu { .. } | CallError::OutOfMemory { .. },
        ) => Conduct::Bad,
        Some(CallError::TimedOut { limit }) if own_time * 2 > *limit => Conduct::Bad,
        Some(CallError::TimedOut { .. } | CallError::Busy | CallError::Resting { .. }) => {
            Conduct::Untold
        }
        Some(
            CallError::Failure(_) | CallError::InvalidResult { .. } | CallError::Unsupported { .. },
        )
        | None => Conduct::Good,
    }
}

/// A store in which a guest can do no more than its limits let it.
pub(crate) fn sandbox(engine: &Engine, state: CallState) -> Store<CallState> {
    let mut store = Store::new(engine, state);
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(HOSTCALL_BYTES);
    store.set_max_component_handles(HANDLES);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut store| {
        store.data_mut().spend_tick()?;
        Ok(UpdateDeadline::Yield(1))
    });
    store
}

impl Limits {
    /// The processor time in ticks; at least one, since a call rarely begins on a tick.
    pub(crate) fn ticks(&self) -> u32 {
        let ticks = self.cpu.as_millis() / crate::engine::TICK.as_millis();
        u32::try_from(ticks).unwrap_or(u32::MAX).max(1)
    }
}
