//! The rows of leases.

use super::{StoreError, Transaction};

/// The states of a lease that may still work at its provider, as SQL has them.
pub(crate) const LIVE: &str = "('issuing', 'active', 'revoking', 'revoke_failed', 'orphaned')";

/// How many leases were issued from a credential and may still work; of one of its versions alone, if one is named.
pub(crate) async fn held(
    transaction: &mut Transaction,
    root: &str,
    version: Option<i64>,
) -> Result<i64, StoreError> {
    let text = format!(
        "SELECT COUNT(*) FROM leases WHERE root = $1 AND ($2 IS NULL OR root_version = $2) AND state IN {LIVE}"
    );
    let counted = fetch_all!(transaction, (i64,), values vec![root.into(), version.into()], text)?;
    Ok(counted.first().map_or(0, |row| row.0))
}
