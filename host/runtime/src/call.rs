//! One call: a sandbox of its own, made, used and thrown away.
//!
//! Whatever the guest does ends here: a trap, a loop, a flood of memory or of output is the outcome of this call and of
//! nothing else. What the host saw is told in every case, because it is kept beside the guest and not in it. Dropping the
//! call's future drops the sandbox with all that is in it.

use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout, timeout_at};
use wasmtime::component::Instance;
use wasmtime::{Engine, Store, UpdateDeadline};

use crate::bindings::claviger::provider::types;
use crate::egress::{Role, Session};
use crate::imports::types::attributes;
use crate::outcome::{CallError, CallOutcome, Evidence};
use crate::plugin::{Limits, Plugin};
use crate::subject::{CallContext, Subject};

mod memory;
mod output;
mod record;
mod state;
mod text;
mod validate;
mod verdict;

pub(crate) use state::{CallState, Ended};
pub(crate) use text::Texts;
pub(crate) use verdict::judge;

/// How long a call waits for others to end before it is refused. Callers would rather know than queue.
const QUEUE: Duration = Duration::from_secs(2);

/// What a guest may hand to the host in one host call, and in its answer, in bytes: a request body has at most 1 MiB.
const HOSTCALL_BYTES: usize = 8 << 20;

/// Handles of resources that a guest may hold at a time; a stream or a pollable is one.
const HANDLES: usize = 4096;

/// What a plugin is asked to do: one function of one capability.
pub(crate) trait Operation: Send + Sync {
    /// What the plugin answers.
    type Raw: Send;
    /// What the caller gets.
    type Answer;

    /// Calls the function.
    fn run(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        context: &types::Context,
    ) -> impl Future<Output = wasmtime::Result<Result<Self::Raw, types::Failure>>> + Send;

    /// Checks the answer and takes what must not leave the sandbox out of it.
    fn accept(raw: Self::Raw, texts: &Texts<'_>) -> Result<Self::Answer, CallError>;
}

impl Plugin {
    /// Runs an operation about `subject`, which the operation gets as the guest is to see it.
    async fn call<O: Operation>(
        &self,
        context: CallContext,
        subject: Subject,
        operation: impl FnOnce(types::Credential) -> O,
    ) -> CallOutcome<O::Answer> {
        let started = Instant::now();
        let deadline = started + self.limits.wall;
        let Some(_permits) = self.permits().await else {
            return CallOutcome {
                result: Err(CallError::Busy),
                evidence: Evidence::default(),
            };
        };

        let mut session = Session::new(self.egress.clone(), rand::make_rng());
        let operation = operation(record::credential(&mut session, Role::Subject, &subject));
        let context = types::Context {
            idempotency_key: context.idempotency_key,
            now_ms: self.clock.now_ms(),
            deadline_ms: record::milliseconds(deadline.saturating_duration_since(Instant::now())),
            settings: attributes(self.settings.clone()),
            connection: context
                .connection
                .map(|it| record::credential(&mut session, Role::Connection, &it)),
            options: attributes(context.options),
        };

        let state =
            CallState::new(Some(session), deadline, &self.limits).lending(self.resources.clone());
        let mut store = sandbox(self.instance.component().engine(), state);
        let answered = timeout_at(deadline, async {
            let instance = self.instance.instantiate_async(&mut store).await?;
            operation.run(&mut store, &instance, &context).await
        });
        let answered = answered.await;

        let state = store.into_data().end().await;
        let texts = Texts::of(state.session());
        let result = match answered {
            Ok(Ok(Ok(raw))) => O::accept(raw, &texts),
            Ok(Ok(Err(failure))) => Err(texts.failure(failure)),
            Ok(Err(error)) => Err(judge(&error, &state, &self.limits)),
            Err(_elapsed) => Err(CallError::TimedOut {
                limit: self.limits.wall,
            }),
        };
        CallOutcome {
            result,
            evidence: state.into_evidence(started.elapsed()),
        }
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
