//! Notifications of the plugin directory: a reason to look at once.

use std::path::Path;
use std::sync::Arc;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;
use tracing::warn;

/// Watches a directory as long as this is there.
pub(super) struct Watch {
    changed: Arc<Notify>,
    /// None where the system has no watch to give: then looking now and then has to do.
    _watcher: Option<RecommendedWatcher>,
}

impl Watch {
    pub(super) fn start(directory: &Path) -> Self {
        let changed = Arc::new(Notify::new());
        let news = Arc::clone(&changed);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // To look is to open the directory, which is told, too.
            if !matches!(event, Ok(event) if matches!(event.kind, EventKind::Access(_))) {
                news.notify_one();
            }
        });
        let watching = watcher.and_then(|mut watcher| {
            watcher.watch(directory, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
        let watcher = watching
            .inspect_err(
                |error| warn!(%error, "the plugin directory can't be watched; it is looked at twice a second"),
            )
            .ok();
        Self {
            changed,
            _watcher: watcher,
        }
    }

    /// Something may have changed.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }
}
