//! Ending versions that are no longer in use: their rows.

use sqlx::FromRow;

use super::claims::Claims;
use super::rotations::DueRow;
use super::{Database, StoreError, Transaction};

/// What holds a version back, as SQL has it, for one of a credential that is `v.credential`: a rotation that is open, a
/// lease that was issued from it, a place that still has an older secret; the last not where an emergency ended it.
macro_rules! held_back {
    () => {
        "(EXISTS (SELECT 1 FROM rotations r WHERE r.credential = v.credential AND r.finished_at IS NULL) \
         OR EXISTS (SELECT 1 FROM leases l WHERE l.root = v.credential AND l.root_version = v.version \
         AND l.state IN ('issuing', 'active', 'revoking', 'revoke_failed', 'orphaned')) \
         OR (EXISTS (SELECT 1 FROM applications a JOIN places p ON p.application = a.id \
         WHERE a.credential = v.credential AND p.state = 'stale') \
         AND NOT EXISTS (SELECT 1 FROM rotations e WHERE e.credential = v.credential AND e.cause = 'emergency' \
         AND e.phase = 'done' AND e.to_version > v.version)))"
    };
}

/// Versions that are due to be ended, that nothing holds back and that nobody works on, a few of each plugin's.
pub(crate) async fn due(
    database: &Database,
    claims: &Claims,
    now: i64,
    of_each: i64,
) -> Result<Vec<DueRow>, StoreError> {
    let text = concat!(
        "SELECT workspace, credential, job, plugin FROM (SELECT c.workspace, c.id AS credential, \
         CAST(v.version AS TEXT) AS job, c.plugin, \
         ROW_NUMBER() OVER (PARTITION BY c.plugin ORDER BY v.retire_at, c.id, v.version) AS place \
         FROM credential_versions v JOIN credentials c ON c.id = v.credential \
         WHERE v.retire_at <= $1 AND v.state IN ('previous', 'retiring', 'retire-failed') \
         AND (v.claimed_by IS NULL OR v.claimed_until <= $2 OR ($3 = 1 AND v.claimed_by <> $4)) AND NOT ",
        held_back!(),
        ") AS ready WHERE place <= $5"
    );
    let mut reader = database.read().await?;
    fetch_all!(
        reader,
        DueRow,
        text,
        now,
        claims.now,
        claims.alone,
        &*claims.host,
        of_each
    )
}

/// A version that was claimed to be ended.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ClaimedRow {
    pub(crate) fence: i64,
    pub(crate) retire_attempts: i64,
}

/// Claims a version that is to be ended, if nothing holds it back.
pub(crate) async fn claim(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
    claims: &Claims,
    until: i64,
) -> Result<bool, StoreError> {
    let text = concat!(
        "UPDATE credential_versions AS v SET state = 'retiring', claimed_by = $3, claimed_until = $4, fence = fence + 1 \
         WHERE credential = $1 AND version = $2 AND retire_at IS NOT NULL \
         AND state IN ('previous', 'retiring', 'retire-failed') \
         AND (claimed_by IS NULL OR claimed_until <= $5 OR ($6 = 1 AND claimed_by <> $3)) AND NOT ",
        held_back!()
    );
    let claimed = execute!(
        transaction,
        text,
        credential,
        version,
        &*claims.host,
        until,
        claims.now,
        claims.alone
    )?;
    Ok(claimed > 0)
}

/// The claim on a version.
pub(crate) async fn claimed(
    database: &Database,
    credential: &str,
    version: i64,
    host: &str,
) -> Result<Option<ClaimedRow>, StoreError> {
    let text = "SELECT fence, retire_attempts FROM credential_versions \
         WHERE credential = $1 AND version = $2 AND claimed_by = $3";
    let mut reader = database.read().await?;
    fetch_optional!(reader, ClaimedRow, text, credential, version, host)
}

/// What became of ending a version.
#[derive(Debug, Clone)]
pub(crate) struct EndedRow {
    pub(crate) credential: String,
    pub(crate) version: i64,
    pub(crate) fence: i64,
    pub(crate) state: &'static str,
    pub(crate) attempts: i64,
    pub(crate) error: Option<String>,
    /// When it is tried again.
    pub(crate) retire_at: Option<i64>,
    pub(crate) retired_at: Option<i64>,
}

/// Writes what became of ending a version, under the fence of its claim.
pub(crate) async fn set_ended(
    transaction: &mut Transaction,
    row: &EndedRow,
) -> Result<bool, StoreError> {
    let text = "UPDATE credential_versions SET state = $4, retire_attempts = $5, retire_error = $6, retire_at = $7, \
         retired_at = $8, claimed_by = NULL, claimed_until = 0 WHERE credential = $1 AND version = $2 AND fence = $3 \
         AND state = 'retiring'";
    let ended = execute!(
        transaction,
        text,
        &row.credential,
        row.version,
        row.fence,
        row.state,
        row.attempts,
        &row.error,
        row.retire_at,
        row.retired_at
    )?;
    Ok(ended > 0)
}

/// Whether a version of a credential is being ended just now.
pub(crate) async fn is_under_way(
    transaction: &mut Transaction,
    credential: &str,
    claims: &Claims,
) -> Result<bool, StoreError> {
    let text = "SELECT version FROM credential_versions WHERE credential = $1 AND state = 'retiring' \
         AND claimed_by IS NOT NULL AND claimed_until > $2 AND NOT ($3 = 1 AND claimed_by <> $4)";
    let found = fetch_all!(
        transaction,
        (i64,),
        text,
        credential,
        claims.now,
        claims.alone,
        &*claims.host
    )?;
    Ok(!found.is_empty())
}

/// Whether a version of a credential is still to be ended.
pub(crate) async fn is_to_come(
    transaction: &mut Transaction,
    credential: &str,
) -> Result<bool, StoreError> {
    let text = "SELECT version FROM credential_versions WHERE credential = $1 \
         AND (retire_at IS NOT NULL OR state = 'retiring')";
    let found = fetch_all!(transaction, (i64,), text, credential)?;
    Ok(!found.is_empty())
}

/// Has all versions of a credential that may still work ended at once, but for one.
pub(crate) async fn end_all_but(
    transaction: &mut Transaction,
    credential: &str,
    kept: i64,
    at: i64,
) -> Result<u64, StoreError> {
    let text = "UPDATE credential_versions SET retire_at = $3, retire_attempts = 0 WHERE credential = $1 \
         AND version <> $2 AND state IN ('previous', 'retiring', 'retire-failed')";
    execute!(transaction, text, credential, kept, at)
}

/// Has a version not ended.
pub(crate) async fn spare(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
) -> Result<(), StoreError> {
    let text = "UPDATE credential_versions SET state = 'previous', retire_at = NULL WHERE credential = $1 \
         AND version = $2 AND state IN ('previous', 'retiring', 'retire-failed')";
    execute!(transaction, text, credential, version)?;
    Ok(())
}

/// The connection that was asked for when a version was replaced, and the rotation that replaced it.
pub(crate) async fn replaced_by(
    database: &Database,
    credential: &str,
    version: i64,
) -> Result<Option<(String, Option<String>)>, StoreError> {
    let text = "SELECT id, connection FROM rotations WHERE credential = $1 AND from_version = $2 AND phase = 'done' \
         ORDER BY started_at DESC LIMIT 1";
    let mut reader = database.read().await?;
    fetch_optional!(reader, (String, Option<String>), text, credential, version)
}

/// Notes that an ended version may work again from now on: unless it comes into use, it is to be ended once more.
pub(crate) async fn reawaken(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
    at: i64,
) -> Result<(), StoreError> {
    let text = "UPDATE credential_versions SET state = 'previous', retire_at = $3, retire_attempts = 0, \
         retire_error = NULL, retired_at = NULL WHERE credential = $1 AND version = $2 \
         AND state = 'retired'";
    execute!(transaction, text, credential, version, at)?;
    Ok(())
}

/// Takes that back, where the provider refused to make it work again.
pub(crate) async fn lay_down(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
    at: i64,
) -> Result<(), StoreError> {
    let text = "UPDATE credential_versions SET state = 'retired', retire_at = NULL, retired_at = $3 \
         WHERE credential = $1 AND version = $2 AND state = 'previous'";
    execute!(transaction, text, credential, version, at)?;
    Ok(())
}
