//! The time that a call spends waiting for its provider. It is not the guest's own, and not the guest's fault.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long a call's guest waited for its provider. Clones are one; requests under way at the same time count once.
#[derive(Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Waited>>);

#[derive(Default)]
struct Waited {
    /// Requests under way, and since when there is one.
    open: Option<(usize, Instant)>,
    /// Of those that are over.
    total: Duration,
}

/// A request that is under way until this is dropped.
pub(crate) struct Wait(Waiting);

impl Waiting {
    /// A request is put on its way.
    pub(crate) fn begin(&self) -> Wait {
        self.lock().begin(Instant::now());
        Wait(self.clone())
    }

    /// How long it was until now.
    pub(crate) fn total(&self) -> Duration {
        self.lock().until(Instant::now())
    }

    fn lock(&self) -> MutexGuard<'_, Waited> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.0.lock().end(Instant::now());
    }
}

impl Waited {
    fn begin(&mut self, now: Instant) {
        let (open, since) = self.open.unwrap_or((0, now));
        self.open = Some((open + 1, since));
    }

    fn end(&mut self, now: Instant) {
        self.open = match self.open {
            Some((open, since)) if open > 1 => Some((open - 1, since)),
            _ => {
                self.total = self.until(now);
                None
            }
        };
    }

    fn until(&self, now: Instant) -> Duration {
        let open = self
            .open
            .map(|(_, since)| now.saturating_duration_since(since));
        self.total + open.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_at_the_same_time_count_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut waited = Waited::default();
        waited.begin(at(1));
        waited.begin(at(2));
        waited.end(at(3));
        assert_eq!(waited.until(at(4)), Duration::from_secs(3));
        waited.end(at(5));
        assert_eq!(waited.until(at(6)), Duration::from_secs(4));
        waited.begin(at(7));
        waited.end(at(8));
        assert_eq!(waited.until(at(9)), Duration::from_secs(5));
    }
}
