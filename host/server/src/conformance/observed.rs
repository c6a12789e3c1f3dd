//! What all calls of a run showed, whichever case they were made for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use claviger_runtime::CallOutcome;
use serde::Serialize;

use super::canary::{Canary, has_stand_in, without_stand_ins};
use super::told::{self, Told};

/// What the calls of one function used at most.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Use {
    /// How many calls there were.
    pub calls: u32,
    /// The longest call, of those whose provider answered, in milliseconds.
    pub milliseconds: u128,
    /// Processor time in milliseconds.
    pub cpu_milliseconds: u128,
    /// In bytes.
    pub memory: u64,
    /// Requests to the host.
    pub requests: u32,
}

/// What the calls showed so far.
#[derive(Default)]
pub(crate) struct Observed {
    canaries: Vec<Canary>,
    /// Where a secret, or what stands for one, was told.
    pub told: BTreeSet<String>,
    /// What the plugin tried and wasn't let do.
    pub denials: BTreeSet<String>,
    /// By function.
    pub used: BTreeMap<&'static str, Use>,
}

impl Observed {
    /// From now on, this is looked for.
    pub(super) fn watch(&mut self, secret: &[u8]) {
        self.canaries.push(Canary::new(secret));
    }

    /// Looks at what came of a call. `answered`: by a provider that isn't in trouble.
    pub(super) fn note<T: Told>(
        &mut self,
        function: &'static str,
        outcome: &CallOutcome<T>,
        answered: bool,
    ) {
        if let Ok(answer) = &outcome.result {
            answer
                .secrets()
                .into_iter()
                .for_each(|secret| self.watch(secret));
        }
        for (place, text) in told::texts(outcome) {
            for canary in &self.canaries {
                if let Some(form) = canary.found_in(&text) {
                    self.told
                        .insert(format!("`{function}`: {place} holds a secret, {form}"));
                }
            }
            // A denial names what was denied.
            if place != "a denial" && has_stand_in(&text) {
                self.told.insert(format!(
                    "`{function}`: {place} holds a stand-in, which means nothing to whoever reads it"
                ));
            }
        }
        let evidence = &outcome.evidence;
        for denial in &evidence.denials {
            let denied = format!("{}: {}", denial.target, denial.reason);
            self.denials.insert(without_stand_ins(&denied));
        }
        let used = self.used.entry(function).or_default();
        used.calls += 1;
        used.memory = used.memory.max(evidence.memory);
        used.requests = used.requests.max(evidence.requests);
        used.cpu_milliseconds = used.cpu_milliseconds.max(evidence.cpu.as_millis());
        if answered {
            used.milliseconds = used.milliseconds.max(evidence.duration.as_millis());
        }
    }
}

impl Use {
    /// Memory as a person reads it: `1.2 MiB`.
    pub(crate) fn mebibytes(&self) -> String {
        let tenths = self.memory * 10 / (1 << 20);
        format!("{}.{} MiB", tenths / 10, tenths % 10)
    }

    /// The processor time.
    pub(crate) fn cpu(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.cpu_milliseconds).unwrap_or(u64::MAX))
    }
}
