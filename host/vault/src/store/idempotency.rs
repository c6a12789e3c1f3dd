//! The rows of requests that may be sent again.

use sqlx::FromRow;

use super::{StoreError, Transaction};

/// What is kept of a request.
#[derive(FromRow)]
pub(crate) struct KeptRow {
    pub(crate) fingerprint: Vec<u8>,
    /// The id of what it makes.
    pub(crate) resource: String,
    /// 1 once that was made.
    pub(crate) made: i64,
}

/// Keeps a request, unless one of its scope is kept that isn't older than `oldest`; what is kept then.
pub(crate) async fn keep(
    transaction: &mut Transaction,
    scope: &str,
    fingerprint: &[u8],
    resource: &str,
    now: i64,
    oldest: i64,
) -> Result<KeptRow, StoreError> {
    // The row is written in either case, since only what is written is returned; of two at once, one waits.
    let text = "INSERT INTO idempotency_keys AS kept (scope, fingerprint, resource, made, created_at) \
         VALUES ($1, $2, $3, 0, $4) ON CONFLICT (scope) DO UPDATE SET \
         fingerprint = CASE WHEN kept.created_at < $5 THEN excluded.fingerprint ELSE kept.fingerprint END, \
         resource = CASE WHEN kept.created_at < $5 THEN excluded.resource ELSE kept.resource END, \
         made = CASE WHEN kept.created_at < $5 THEN 0 ELSE kept.made END, \
         created_at = CASE WHEN kept.created_at < $5 THEN excluded.created_at ELSE kept.created_at END \
         RETURNING fingerprint, resource, made";
    fetch_optional!(
        transaction,
        KeptRow,
        text,
        scope,
        fingerprint,
        resource,
        now,
        oldest
    )?
    .ok_or_else(|| StoreError::damaged("idempotency key", "what was written isn't there"))
}

/// Whether what a request makes was made, be it there or not.
pub(crate) async fn is_made(
    transaction: &mut Transaction,
    scope: &str,
) -> Result<bool, StoreError> {
    let text = "SELECT made FROM idempotency_keys WHERE scope = $1";
    let kept = fetch_optional!(transaction, (i64,), text, scope)?;
    Ok(kept.is_some_and(|(made,)| made == 1))
}

/// Notes that what a request makes was made.
pub(crate) async fn set_made(transaction: &mut Transaction, scope: &str) -> Result<(), StoreError> {
    let text = "UPDATE idempotency_keys SET made = 1 WHERE scope = $1";
    execute!(transaction, text, scope)?;
    Ok(())
}

/// Forgets requests that are older than `oldest`, at most so many of them; how many there were.
pub(crate) async fn prune(
    transaction: &mut Transaction,
    oldest: i64,
    most: i64,
) -> Result<u64, StoreError> {
    let text = "DELETE FROM idempotency_keys WHERE scope IN \
         (SELECT scope FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2)";
    execute!(transaction, text, oldest, most)
}
