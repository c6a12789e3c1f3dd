//! Waiting for something to come true, with a bound: a sleep alone is no synchronisation.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// How long anything may take on a busy machine before a test gives up.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Asks `condition` until it gives something, for [`PATIENCE`] at most.
pub async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = condition().await {
            return found;
        }
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain: {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
