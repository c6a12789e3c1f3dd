//! What is left of a deleted secret's ciphertext in `SQLite`'s log of writes.
//!
//! The file itself is overwritten, but its write-ahead log holds older pages until it is emptied, which by itself happens
//! only after many more writes. So it is emptied after a deletion: beside the audit writer, which must not wait for it,
//! and once for all that is deleted within a second. Its blocks on the disk are the file system's to overwrite.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::store::Database;

/// The pause before the log is emptied, in which more may be deleted, and before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often it is tried: on a server that is never without a long read, the next deletion tries again.
const ATTEMPTS: usize = 30;

/// Empties the log after each deletion that is notified, until the handle is aborted. None where there is no such log.
pub(crate) fn start(database: &Database, deleted: Arc<Notify>) -> Option<AbortHandle> {
    if !database.keeps_log_of_writes() {
        return None;
    }
    let database = database.clone();
    let task = async move {
        loop {
            deleted.notified().await;
            empty(&database).await;
        }
    };
    Some(tokio::spawn(task).abort_handle())
}

async fn empty(database: &Database) {
    for _ in 0..ATTEMPTS {
        tokio::time::sleep(PAUSE).await;
        match database.empty_log_of_writes().await {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "the log of writes can't be emptied; it holds the ciphertext of what was deleted");
            }
        }
    }
    tracing::warn!(
        "the log of writes is in use; it holds the ciphertext of what was deleted until it is emptied"
    );
}
