//! What hosts that share a `PostgreSQL` tell each other.
//!
//! A change says what it changed with `NOTIFY`, inside its own transaction: it is told when, and only when, it is
//! committed. Notifications get lost with the connection, so while nobody listens caches are not to be trusted, and
//! what they hold is forgotten once somebody listens again. `SQLite` has one host, and nobody to tell.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::task::AbortHandle;

use super::{StoreError, Transaction};

const CHANNEL: &str = "claviger";
/// How often a quiet connection is asked whether it is still there.
const ASK_EVERY: Duration = Duration::from_secs(2);
/// How long it may take to answer, and the pause before another is opened.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who must know what other hosts change.
pub(crate) trait Heed: Send + Sync + 'static {
    /// Something was changed: the words that [`tell`] was given.
    fn heard(&self, words: &str);
    /// From now on nobody listens: trust nothing that is remembered.
    fn deaf(&self);
    /// Somebody listens again: forget all, then remember again.
    fn listening(&self);
}

/// Tells all hosts, this one among them, when the transaction commits.
pub(crate) async fn tell(transaction: &mut Transaction, words: &str) -> Result<(), StoreError> {
    if let Transaction::Postgres(transaction) = transaction {
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(words)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// Listens until the handle is aborted.
pub(crate) fn start(pool: PgPool, heed: Vec<Arc<dyn Heed>>) -> AbortHandle {
    let task = async move {
        loop {
            let Err(error) = listen(&pool, &heed).await;
            for one in &heed {
                one.deaf();
            }
            tracing::warn!(%error, "notifications of other hosts are lost; caches are bypassed until they come again");
            tokio::time::sleep(PATIENCE).await;
        }
    };
    tokio::spawn(task).abort_handle()
}

async fn listen(
    pool: &PgPool,
    heed: &[Arc<dyn Heed>],
) -> Result<std::convert::Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    for one in heed {
        one.listening();
    }
    loop {
        match tokio::time::timeout(ASK_EVERY, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => {
                for one in heed {
                    one.heard(notification.payload());
                }
            }
            Ok(Ok(None)) => {
                return Err(sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into()));
            }
            Ok(Err(error)) => return Err(error),
            // A connection whose other end is gone is quiet for ever.
            Err(_) => {
                let asked =
                    tokio::time::timeout(PATIENCE, sqlx::query("SELECT 1").execute(&mut listener))
                        .await;
                asked.map_err(|_| sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))??;
            }
        }
    }
}
