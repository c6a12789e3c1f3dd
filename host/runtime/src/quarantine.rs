//! Keeps a plugin that fails time and again from being called for a while.
//!
//! Only what the guest does by itself counts: a trap, too much memory or processor time, a call that ran out while the
//! guest computed or slept. What a provider does, or doesn't, never counts: a tenant whose `base_url` hangs could
//! otherwise take the plugin from everybody.
//!
//! After some failures in a row the plugin rests. When the pause is over one call tries it: a success ends the rest, a
//! failure makes it longer. All of it is a handful of atomics inside the plugin, since it changes with the calls and not
//! with the catalogue.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// When a plugin rests, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuarantineRule {
    /// Failures in a row that it takes.
    pub failures: u32,
    /// The first pause. Each further one is twice as long as the one before.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
}

impl Default for QuarantineRule {
    fn default() -> Self {
        Self {
            failures: 5,
            first: Duration::from_secs(1),
            longest: Duration::from_mins(5),
        }
    }
}

impl QuarantineRule {
    /// The length of the `n`th pause in a row, the first being 1.
    fn pause(&self, n: u32) -> Duration {
        let factor = 1_u32.checked_shl(n.saturating_sub(1)).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.longest)
    }
}

/// How a plugin is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PluginHealth {
    /// Whether it can be called.
    pub state: PluginState,
    /// How often in a row it failed by its own fault.
    pub failures: u32,
}

/// Whether a plugin can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginState {
    /// It serves.
    Serving,
    /// It failed too often in a row.
    Resting {
        /// When it is tried again, in milliseconds since the Unix epoch.
        until_ms: u64,
    },
    /// Its pause is over: the next call tries it, or one does right now.
    OnTrial,
}

/// What a call says of the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// It answered.
    Good,
    /// It failed by its own fault.
    Bad,
    /// Neither: it never ran, or its provider kept it waiting.
    Untold,
}

/// A plugin's record. Times are milliseconds since the Unix epoch.
pub(crate) struct Quarantine {
    rule: QuarantineRule,
    /// In a row.
    failures: AtomicU32,
    /// Pauses in a row; none while it serves.
    pauses: AtomicU32,
    until_ms: AtomicU64,
    /// Whether a call tries it now.
    trying: AtomicBool,
}

/// Leave to call a plugin. What comes of the call is told to [`Turn::end`]; one that is dropped says nothing.
#[must_use]
pub(crate) struct Turn<'q> {
    quarantine: &'q Quarantine,
    trial: bool,
}

impl Quarantine {
    pub(crate) fn new(rule: QuarantineRule) -> Self {
        Self {
            rule,
            failures: AtomicU32::new(0),
            pauses: AtomicU32::new(0),
            until_ms: AtomicU64::new(0),
            trying: AtomicBool::new(false),
        }
    }

    /// Leave to call the plugin, or in how long to ask again.
    pub(crate) fn enter(&self, now_ms: u64) -> Result<Turn<'_>, Duration> {
        let turn = |trial| Turn {
            quarantine: self,
            trial,
        };
        if self.pauses.load(Ordering::Acquire) == 0 {
            return Ok(turn(false));
        }
        if let Some(rest) = self.rest(now_ms) {
            return Err(rest);
        }
        if self.trying.swap(true, Ordering::AcqRel) {
            return Err(self.rule.first);
        }
        Ok(turn(true))
    }

    /// Whether a call would be let in. The time is read only where it decides: this is asked for every call.
    pub(crate) fn is_open(&self, now_ms: impl FnOnce() -> u64) -> bool {
        self.pauses.load(Ordering::Acquire) == 0
            || !self.trying.load(Ordering::Acquire) && self.rest(now_ms()).is_none()
    }

    pub(crate) fn health(&self, now_ms: u64) -> PluginHealth {
        let state = if self.pauses.load(Ordering::Acquire) == 0 {
            PluginState::Serving
        } else if self.rest(now_ms).is_some() {
            let until_ms = self.until_ms.load(Ordering::Acquire);
            PluginState::Resting { until_ms }
        } else {
            PluginState::OnTrial
        };
        PluginHealth {
            state,
            failures: self.failures.load(Ordering::Relaxed),
        }
    }

    /// What is left of the pause. More than the longest pause is a clock that was set back, and no reason to rest on.
    fn rest(&self, now_ms: u64) -> Option<Duration> {
        let left = self.until_ms.load(Ordering::Acquire).saturating_sub(now_ms);
        let left = Duration::from_millis(left);
        (!left.is_zero() && left <= self.rule.longest).then_some(left)
    }

    fn fail(&self, trial: bool, now_ms: u64) {
        let failures = self
            .failures
            .fetch_add(1, Ordering::Relaxed)
            .saturating_add(1);
        // Calls that began before the rest and fail after it has begun don't make it longer: one trial at a time does.
        let pauses = self.pauses.load(Ordering::Acquire);
        if trial || pauses == 0 && failures >= self.rule.failures {
            let pause = self.rule.pause(pauses.saturating_add(1));
            let ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
            // In this order: whoever sees the pause sees its end.
            self.until_ms
                .store(now_ms.saturating_add(ms), Ordering::Release);
            self.pauses
                .store(pauses.saturating_add(1), Ordering::Release);
        }
    }
}

impl Turn<'_> {
    /// Tells what came of the call.
    pub(crate) fn end(self, conduct: Conduct, now_ms: u64) {
        match conduct {
            Conduct::Bad => self.quarantine.fail(self.trial, now_ms),
            // Read first: to write on every call would have all threads fight for the line.
            Conduct::Good if self.quarantine.failures.load(Ordering::Relaxed) != 0 => {
                self.quarantine.failures.store(0, Ordering::Relaxed);
                self.quarantine.pauses.store(0, Ordering::Release);
            }
            Conduct::Good | Conduct::Untold => {}
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if self.trial {
            self.quarantine.trying.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_700_000_000_000;

    fn quarantine() -> Quarantine {
        Quarantine::new(QuarantineRule::default())
    }

    fn call(quarantine: &Quarantine, conduct: Conduct, now_ms: u64) {
        quarantine
            .enter(now_ms)
            .expect("let in")
            .end(conduct, now_ms);
    }

    fn rested() -> Quarantine {
        let quarantine = quarantine();
        for _ in 0..5 {
            call(&quarantine, Conduct::Bad, START);
        }
        quarantine
    }

    #[test]
    fn five_failures_in_a_row_and_no_fewer_make_it_rest() {
        let quarantine = quarantine();
        for _ in 0..3 {
            for _ in 0..4 {
                call(&quarantine, Conduct::Bad, START);
            }
            call(&quarantine, Conduct::Untold, START);
            assert_eq!(quarantine.health(START).failures, 4);
            call(&quarantine, Conduct::Good, START);
        }
        let quarantine = rested();
        assert_eq!(
            quarantine.enter(START + 1).err(),
            Some(Duration::from_millis(999))
        );
        let until_ms = START + 1000;
        assert_eq!(
            quarantine.health(START + 1).state,
            PluginState::Resting { until_ms }
        );
    }

    #[test]
    fn one_call_tries_it_after_the_pause_and_success_ends_it() {
        let quarantine = rested();
        let now = START + 1000;
        let trial = quarantine.enter(now).expect("the trial");
        assert!(quarantine.enter(now).is_err() && !quarantine.is_open(|| now));
        trial.end(Conduct::Good, now);
        assert_eq!(quarantine.health(now).state, PluginState::Serving);
        assert_eq!(quarantine.health(now).failures, 0);
        drop(quarantine.enter(now).expect("it serves"));
    }

    #[test]
    fn a_trial_that_is_given_up_is_tried_again() {
        let quarantine = rested();
        let now = START + 1000;
        drop(quarantine.enter(now).expect("the trial"));
        call(&quarantine, Conduct::Untold, now);
        assert_eq!(quarantine.health(now).state, PluginState::OnTrial);
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let quarantine = rested();
        let (mut now, mut pauses) = (START, Vec::new());
        for _ in 0..40 {
            let pause = quarantine.enter(now).err().expect("it rests");
            pauses.push(pause.as_secs());
            now += u64::try_from(pause.as_millis()).expect("short");
            call(&quarantine, Conduct::Bad, now);
        }
        assert_eq!(pauses[..4], [1, 2, 4, 8]);
        assert!(pauses[9..].iter().all(|pause| *pause == 300), "{pauses:?}");
    }

    #[test]
    fn late_failures_of_calls_under_way_do_not_prolong_it() {
        let quarantine = quarantine();
        let turns: Vec<_> = (0..64)
            .map(|_| quarantine.enter(START).expect("let in"))
            .collect();
        for turn in turns {
            turn.end(Conduct::Bad, START);
        }
        assert_eq!(quarantine.enter(START).err(), Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_clock_that_is_set_back_does_not_make_it_rest_for_ever() {
        let quarantine = rested();
        assert!(quarantine.enter(START - 86_400_000).is_ok());
    }
}
