//! What a plugin takes: time to compile, to make a sandbox, to answer; memory to start with.

use std::time::{Duration, Instant};

use bytes::Bytes;
use wasmparser::{Instance, Parser, Payload};

use super::describe::{Failed, stage};
use super::{LoadError, Prepared};
use crate::contract::Guest;
use crate::runtime::Runtime;
use crate::settings::PluginSettings;

/// How often `describe` is called once it was: enough for a median.
const CALLS: usize = 21;

/// What a plugin takes on this machine.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    /// To make a sandbox, with everything that happens before a function is called: the median.
    pub instantiate: Duration,
    /// The first call of `describe`, its sandbox's making included.
    pub cold: Duration,
    /// A further one: the median.
    pub warm: Duration,
    /// Over all memories and tables of an instance that wasn't called yet, in bytes.
    pub memory: u64,
}

/// One call.
struct Sample {
    instantiate: Duration,
    whole: Duration,
    memory: u64,
}

impl Runtime {
    /// How long this machine takes to compile the file. It does, and forgets the result.
    pub async fn compile_time(&self, wasm: impl Into<Bytes>) -> Result<Duration, LoadError> {
        let _turn = self.0.compiler.acquire().await;
        let started = Instant::now();
        self.compile(wasm.into()).await?;
        Ok(started.elapsed())
    }
}

impl Prepared {
    /// Has it describe itself some twenty times, each in a sandbox of its own.
    pub async fn measure(&self, settings: &PluginSettings) -> Result<Measured, LoadError> {
        let memory = settings.memory.unwrap_or_default().bytes();
        // As in `prepare`: the pool has one instance to spare.
        let _turn = self.runtime.0.compiler.acquire().await;
        let cold = self.sample(memory).await?;
        let mut instantiate = Vec::with_capacity(CALLS);
        let mut warm = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let sample = self.sample(memory).await?;
            instantiate.push(sample.instantiate);
            warm.push(sample.whole);
        }
        Ok(Measured {
            instantiate: median(instantiate),
            cold: cold.whole,
            warm: median(warm),
            memory: cold.memory,
        })
    }

    async fn sample(&self, memory: u64) -> Result<Sample, LoadError> {
        let started = Instant::now();
        stage(&self.instance, memory, async |store| {
            let made = self.instance.instantiate_async(&mut *store).await;
            let made = made.map_err(Failed::Trapped)?;
            let instantiate = started.elapsed();
            let memory = store.data().memory.granted();
            let guest = Guest {
                store,
                instance: &made,
            };
            let described = self.contract.describe(guest).await;
            described.map_err(Failed::Trapped)?;
            Ok(Sample {
                instantiate,
                whole: started.elapsed(),
                memory,
            })
        })
        .await
    }
}

fn median(mut samples: Vec<Duration>) -> Duration {
    samples.sort_unstable();
    samples.get(samples.len() / 2).copied().unwrap_or_default()
}

/// How many core instances the file makes, as far as it can be read.
#[must_use]
pub fn core_instances(wasm: &[u8]) -> usize {
    let mut count = 0;
    for payload in Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(Payload::InstanceSection(instances)) => {
                let made =
                    |instance: &Instance<'_>| matches!(instance, Instance::Instantiate { .. });
                count += instances.into_iter().flatten().filter(made).count();
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    count
}
