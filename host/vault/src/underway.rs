//! Work that outlives whoever asked for it, and that closing waits for.
//!
//! A call to a provider has an entry of intent before it and one of outcome after it. It runs in a task of its own, so
//! that the outcome is written even when the caller has gone; closing gives such tasks time to write it.

use std::future::Future;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long closing waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// Counts the tasks.
pub(crate) struct Underway(watch::Sender<State>);

#[derive(Default)]
struct State {
    tasks: usize,
    closed: bool,
}

/// One task. Ends with it, however it ends.
struct Counted(watch::Sender<State>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|state| state.tasks -= 1);
    }
}

impl Underway {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    /// Starts a task; not once it is closed.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<JoinHandle<T>> {
        let begun = self.0.send_if_modified(|state| {
            if !state.closed {
                state.tasks += 1;
            }
            !state.closed
        });
        let counted = begun.then(|| Counted(self.0.clone()))?;
        Some(tokio::spawn(async move {
            let _counted = counted;
            work.await
        }))
    }

    /// Starts no more tasks, and waits for those there are, but not for ever: a provider may not answer.
    pub(crate) async fn close(&self) {
        self.close_within(PATIENCE).await;
    }

    async fn close_within(&self, patience: Duration) {
        self.0.send_modify(|state| state.closed = true);
        let mut state = self.0.subscribe();
        let none_left = state.wait_for(|state| state.tasks == 0);
        if timeout(patience, none_left).await.is_err() {
            let tasks = self.0.borrow().tasks;
            tracing::warn!(
                tasks,
                "calls to providers are still under way; the log will have no outcome of theirs"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn closing_waits_for_what_was_begun_and_begins_no_more() {
        let underway = Arc::new(Underway::new());
        let (go, gone) = oneshot::channel::<()>();
        let task = underway.spawn(gone).unwrap();
        // Whoever asked has gone.
        drop(task);
        let closing = tokio::spawn({
            let underway = Arc::clone(&underway);
            async move { underway.close().await }
        });
        let mut state = underway.0.subscribe();
        state.wait_for(|state| state.closed).await.unwrap();
        assert!(!closing.is_finished());
        assert!(underway.spawn(async {}).is_none());
        go.send(()).unwrap();
        closing.await.unwrap();
        assert_eq!(underway.0.borrow().tasks, 0);
    }

    #[tokio::test]
    async fn it_does_not_wait_for_ever() {
        let underway = Underway::new();
        let task = underway.spawn(std::future::pending::<()>()).unwrap();
        underway.close_within(Duration::from_millis(1)).await;
        task.abort();
    }
}
