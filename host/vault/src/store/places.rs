//! The rows of applications, and of the places where credentials are in use.

use super::{StoreError, Transaction};

/// In how many places a credential is in use that may still have an older secret of it.
pub(crate) async fn stale(
    transaction: &mut Transaction,
    credential: &str,
) -> Result<i64, StoreError> {
    let text = "SELECT COUNT(*) FROM places p JOIN applications a ON a.id = p.application \
         WHERE a.credential = $1 AND p.state = 'stale'";
    let counted = fetch_optional!(transaction, (i64,), text, credential)?;
    Ok(counted.map_or(0, |row| row.0))
}
