//! The rows of rotations, and what they change of credentials and their versions.

use std::fmt::Write as _;

use sqlx::FromRow;

use super::claims::Claims;
use super::credentials::SealedRow;
use super::{Database, StoreError, Transaction, Value};

/// A rotation.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct RotationRow {
    pub(crate) id: String,
    pub(crate) workspace: String,
    pub(crate) credential: String,
    pub(crate) mode: String,
    pub(crate) cause: String,
    pub(crate) reason: Option<String>,
    pub(crate) overlap: String,
    pub(crate) phase: String,
    pub(crate) from_version: i64,
    pub(crate) to_version: i64,
    pub(crate) connection: Option<String>,
    pub(crate) started_by: Option<String>,
    pub(crate) started_by_name: String,
    pub(crate) attempts: i64,
    pub(crate) next_at: i64,
    pub(crate) error: Option<String>,
    pub(crate) fence: i64,
    pub(crate) started_at: i64,
    pub(crate) finished_at: Option<i64>,
}

/// A rotation with the name that its credential has now.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct ListedRow {
    #[sqlx(flatten)]
    pub(crate) rotation: RotationRow,
    pub(crate) name: String,
}

/// A version that was made.
#[derive(Debug, Clone)]
pub(crate) struct MadeRow {
    pub(crate) credential: String,
    pub(crate) version: i64,
    pub(crate) sealed: SealedRow,
    pub(crate) external_id: Option<String>,
    pub(crate) at: i64,
}

/// Something that is due, with the lane that it goes in.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct DueRow {
    pub(crate) workspace: String,
    /// The credential's id.
    pub(crate) credential: String,
    /// The rotation's id; of a version to end the version's number; else nothing.
    pub(crate) job: String,
    pub(crate) plugin: Option<String>,
}

const COLUMNS: &str = "r.id, r.workspace, r.credential, r.mode, r.cause, r.reason, r.overlap, r.phase, r.from_version, \
     r.to_version, r.connection, r.started_by, r.started_by_name, r.attempts, r.next_at, r.error, r.fence, \
     r.started_at, r.finished_at";

/// Inserts a rotation, claimed until then. Whether there was no other that is open, and none of this id.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    row: &RotationRow,
    claimed_by: &str,
    claimed_until: i64,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO rotations (id, workspace, credential, mode, cause, reason, phase, from_version, to_version, \
         connection, started_by, started_by_name, attempts, next_at, claimed_by, claimed_until, fence, started_at, \
         updated_at, overlap) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18, $19) \
         ON CONFLICT DO NOTHING";
    let inserted = execute!(
        transaction,
        text,
        &row.id,
        &row.workspace,
        &row.credential,
        &row.mode,
        &row.cause,
        &row.reason,
        &row.phase,
        row.from_version,
        row.to_version,
        &row.connection,
        &row.started_by,
        &row.started_by_name,
        row.attempts,
        row.next_at,
        claimed_by,
        claimed_until,
        row.fence,
        row.started_at,
        &row.overlap,
    )?;
    Ok(inserted > 0)
}

/// Marks a credential as rotating, if it is active, isn't, and its secret is still that version.
pub(crate) async fn hold_credential(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
) -> Result<bool, StoreError> {
    let text = "UPDATE credentials SET rotating = 1, generation = generation + 1 \
         WHERE id = $1 AND version = $2 AND active = 1 AND rotating = 0";
    Ok(execute!(transaction, text, credential, version)? > 0)
}

/// Inserts a version that isn't in use yet. Whether there was none of that number.
pub(crate) async fn insert_version(
    transaction: &mut Transaction,
    made: &MadeRow,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO credential_versions (credential, version, state, reason, data_key, sealed, created_at, \
         external_id) VALUES ($1, $2, 'pending', 'rotation', $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let inserted = execute!(
        transaction,
        text,
        &made.credential,
        made.version,
        &made.sealed.data_key,
        &made.sealed.sealed,
        made.at,
        &made.external_id
    )?;
    Ok(inserted > 0)
}

/// The highest number of a credential's versions.
pub(crate) async fn last_version(database: &Database, credential: &str) -> Result<i64, StoreError> {
    let text = "SELECT COALESCE(MAX(version), 0) FROM credential_versions WHERE credential = $1";
    let mut reader = database.read().await?;
    Ok(fetch_optional!(reader, (i64,), text, credential)?.map_or(0, |row| row.0))
}

/// The rotation of that id.
pub(crate) async fn find(database: &Database, id: &str) -> Result<Option<RotationRow>, StoreError> {
    let text = format!("SELECT {COLUMNS} FROM rotations r WHERE r.id = $1");
    let mut reader = database.read().await?;
    let rows = fetch_all!(reader, RotationRow, values vec![id.into()], text)?;
    Ok(rows.into_iter().next())
}

/// Whether there is a rotation of that id.
pub(crate) async fn exists(transaction: &mut Transaction, id: &str) -> Result<bool, StoreError> {
    let text = "SELECT id FROM rotations WHERE id = $1";
    Ok(fetch_optional!(transaction, (String,), text, id)?.is_some())
}

/// The state of a version; none where there is no such version.
pub(crate) async fn version_state(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
) -> Result<Option<String>, StoreError> {
    let text = "SELECT state FROM credential_versions WHERE credential = $1 AND version = $2";
    Ok(fetch_optional!(transaction, (String,), text, credential, version)?.map(|row| row.0))
}

/// Open rotations that are due and that nobody works on, a few of each plugin's.
pub(crate) async fn due(
    database: &Database,
    claims: &Claims,
    now: i64,
    of_each: i64,
) -> Result<Vec<DueRow>, StoreError> {
    let text = "SELECT workspace, credential, job, plugin FROM (SELECT r.workspace, r.credential, r.id AS job, c.plugin, \
         ROW_NUMBER() OVER (PARTITION BY c.plugin ORDER BY r.next_at, r.id) AS place FROM rotations r \
         JOIN credentials c ON c.id = r.credential WHERE r.finished_at IS NULL AND r.next_at <= $1 \
         AND (r.claimed_by IS NULL OR r.claimed_until <= $2 OR ($3 = 1 AND r.claimed_by <> $4))) AS ready \
         WHERE place <= $5";
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

/// Claims an open rotation that nobody works on, if nobody has since that fence. Whether it did.
pub(crate) async fn claim(
    transaction: &mut Transaction,
    id: &str,
    fence: i64,
    claims: &Claims,
    until: i64,
) -> Result<bool, StoreError> {
    let text = "UPDATE rotations SET claimed_by = $2, claimed_until = $3, fence = fence + 1 \
         WHERE id = $1 AND finished_at IS NULL AND fence = $6 \
         AND (claimed_by IS NULL OR claimed_until <= $4 OR ($5 = 1 AND claimed_by <> $2))";
    let claimed = execute!(
        transaction,
        text,
        id,
        &*claims.host,
        until,
        claims.now,
        claims.alone,
        fence
    )?;
    Ok(claimed > 0)
}

/// Prolongs a claim that still holds.
pub(crate) async fn renew(
    database: &Database,
    id: &str,
    fence: i64,
    until: i64,
) -> Result<bool, StoreError> {
    let text = "UPDATE rotations SET claimed_until = $3 WHERE id = $1 AND fence = $2 AND finished_at IS NULL";
    let mut transaction = database.begin().await?;
    let renewed = execute!(transaction, text, id, fence, until)?;
    transaction.commit().await?;
    Ok(renewed > 0)
}

/// Where an open rotation goes on.
#[derive(Debug, Clone)]
pub(crate) struct StepRow {
    pub(crate) id: String,
    pub(crate) fence: i64,
    pub(crate) phase: &'static str,
    pub(crate) attempts: i64,
    pub(crate) next_at: i64,
    pub(crate) error: Option<String>,
    /// None lets go of it.
    pub(crate) claimed_by: Option<String>,
    pub(crate) claimed_until: i64,
    pub(crate) at: i64,
}

/// Moves an open rotation on, under the fence of its claim.
pub(crate) async fn step(transaction: &mut Transaction, row: &StepRow) -> Result<bool, StoreError> {
    let text = "UPDATE rotations SET phase = $3, attempts = $4, next_at = $5, error = $6, claimed_by = $7, \
         claimed_until = $8, updated_at = $9 WHERE id = $1 AND fence = $2 AND finished_at IS NULL";
    let moved = execute!(
        transaction,
        text,
        &row.id,
        row.fence,
        row.phase,
        row.attempts,
        row.next_at,
        &row.error,
        &row.claimed_by,
        row.claimed_until,
        row.at
    )?;
    Ok(moved > 0)
}

/// Ends a rotation, under the fence of its claim.
pub(crate) async fn finish(
    transaction: &mut Transaction,
    id: &str,
    fence: i64,
    phase: &str,
    error: Option<&str>,
    at: i64,
) -> Result<bool, StoreError> {
    let text = "UPDATE rotations SET phase = $3, error = $4, finished_at = $5, updated_at = $5, claimed_by = NULL, \
         claimed_until = 0 WHERE id = $1 AND fence = $2 AND finished_at IS NULL";
    Ok(execute!(transaction, text, id, fence, phase, error, at)? > 0)
}

/// Marks a version that was made as one that never came into use. Whether there was one.
pub(crate) async fn discard(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
) -> Result<bool, StoreError> {
    let text = "UPDATE credential_versions SET state = 'discarded' \
         WHERE credential = $1 AND version = $2 AND state = 'pending'";
    Ok(execute!(transaction, text, credential, version)? > 0)
}

/// Keeps a version that was made and that may work, so that it can be gone back to.
pub(crate) async fn keep(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
) -> Result<(), StoreError> {
    let text = "UPDATE credential_versions SET state = 'previous' \
         WHERE credential = $1 AND version = $2 AND state = 'pending'";
    execute!(transaction, text, credential, version)?;
    Ok(())
}

/// What decides when a credential rotates next, and the id that it is known by.
#[derive(Debug, FromRow)]
pub(crate) struct SettingsRow {
    pub(crate) rotation_enabled: i64,
    pub(crate) rotation_interval_hours: i64,
    pub(crate) rotation_strategy: String,
    pub(crate) alert_threshold_hours: i64,
    pub(crate) provider_credential_id: Option<String>,
    pub(crate) rotate_at: Option<i64>,
    pub(crate) rotation_failures: i64,
}

/// The settings of a credential.
pub(crate) async fn settings(
    transaction: &mut Transaction,
    credential: &str,
) -> Result<Option<SettingsRow>, StoreError> {
    let text = "SELECT rotation_enabled, rotation_interval_hours, rotation_strategy, alert_threshold_hours, \
         provider_credential_id, rotate_at, rotation_failures FROM credentials WHERE id = $1";
    fetch_optional!(transaction, SettingsRow, text, credential)
}

/// What a rotation that failed leaves on its credential.
pub(crate) async fn set_failed(
    transaction: &mut Transaction,
    credential: &str,
    error: &str,
    rotate_at: Option<i64>,
) -> Result<bool, StoreError> {
    let text = "UPDATE credentials SET rotating = 0, rotation_failures = rotation_failures + 1, rotation_error = $2, \
         rotate_at = $3, generation = generation + 1 WHERE id = $1";
    Ok(execute!(transaction, text, credential, error, rotate_at)? > 0)
}

/// Takes the mark of a rotation off a credential, and leaves all else.
pub(crate) async fn release(
    transaction: &mut Transaction,
    credential: &str,
) -> Result<(), StoreError> {
    let text = "UPDATE credentials SET rotating = 0, generation = generation + 1 WHERE id = $1";
    execute!(transaction, text, credential)?;
    Ok(())
}

/// A credential with another version of its secret.
#[derive(Debug, Clone)]
pub(crate) struct PromotedRow {
    pub(crate) credential: String,
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// What the history says of the new version.
    pub(crate) reason: &'static str,
    pub(crate) provider_credential_id: Option<String>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) alert_at: Option<i64>,
    pub(crate) health: &'static str,
    pub(crate) health_reason: Option<String>,
    pub(crate) health_checked_at: Option<i64>,
    pub(crate) rotate_at: Option<i64>,
    /// When ending the old version is first tried.
    pub(crate) retire_at: Option<i64>,
    pub(crate) at: i64,
}

/// Makes a version the current one, and the current one a previous one.
pub(crate) async fn promote(
    transaction: &mut Transaction,
    row: &PromotedRow,
) -> Result<bool, StoreError> {
    let text = "UPDATE credential_versions SET state = 'previous', retire_at = $3, retire_attempts = 0, \
         retire_error = NULL, retired_at = NULL, external_id = COALESCE(external_id, \
         (SELECT provider_credential_id FROM credentials WHERE id = $1)) WHERE credential = $1 AND version = $2";
    execute!(transaction, text, &row.credential, row.from, row.retire_at)?;
    let text = "UPDATE credential_versions SET state = 'current', reason = $3, retire_at = NULL, retire_attempts = 0, \
         retire_error = NULL, retired_at = NULL WHERE credential = $1 AND version = $2";
    execute!(transaction, text, &row.credential, row.to, row.reason)?;
    let text = "UPDATE credentials SET version = $3, provider_credential_id = $4, expires_at = $5, alert_at = $6, \
         health = $7, health_reason = $8, health_checked_at = COALESCE($9, health_checked_at), rotate_at = $10, \
         last_rotated_at = $11, updated_at = $11, rotation_failures = 0, rotation_error = NULL, rotating = 0, \
         generation = generation + 1 WHERE id = $1 AND version = $2";
    let promoted = execute!(
        transaction,
        text,
        &row.credential,
        row.from,
        row.to,
        &row.provider_credential_id,
        row.expires_at,
        row.alert_at,
        row.health,
        &row.health_reason,
        row.health_checked_at,
        row.rotate_at,
        row.at
    )?;
    Ok(promoted > 0)
}

/// Credentials that are due to rotate by themselves, a few of each plugin's. One whose last rotation ended with nobody
/// knowing what happened waits for somebody.
pub(crate) async fn due_credentials(
    database: &Database,
    now: i64,
    of_each: i64,
) -> Result<Vec<DueRow>, StoreError> {
    let text = "SELECT workspace, credential, job, plugin FROM (SELECT c.workspace, c.id AS credential, '' AS job, \
         c.plugin, ROW_NUMBER() OVER (PARTITION BY c.plugin ORDER BY c.rotate_at, c.id) AS place FROM credentials c \
         WHERE c.rotate_at <= $1 AND c.active = 1 AND c.rotating = 0 AND NOT EXISTS (SELECT 1 FROM rotations r \
         WHERE r.credential = c.id AND r.phase = 'outcome-unknown' AND NOT EXISTS (SELECT 1 FROM rotations later \
         WHERE later.credential = c.id AND later.phase = 'done' AND later.started_at >= r.started_at))) AS ready \
         WHERE place <= $2";
    let mut reader = database.read().await?;
    fetch_all!(reader, DueRow, text, now, of_each)
}

/// Which rotations are wanted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) workspace: Option<String>,
    pub(crate) credential: Option<String>,
    pub(crate) phase: Option<&'static str>,
    pub(crate) open: bool,
    pub(crate) limit: i64,
}

/// Rotations, the latest first.
pub(crate) async fn list(
    database: &Database,
    wanted: &Wanted,
) -> Result<Vec<ListedRow>, StoreError> {
    let mut conditions = String::from("1 = 1");
    let mut values: Vec<Value> = Vec::new();
    for (column, value) in [
        ("r.workspace", wanted.workspace.as_deref()),
        ("r.credential", wanted.credential.as_deref()),
        ("r.phase", wanted.phase),
    ] {
        if let Some(value) = value {
            values.push(value.into());
            // Writing to a `String` can't fail.
            let _ = write!(conditions, " AND {column} = ${}", values.len());
        }
    }
    if wanted.open {
        conditions.push_str(" AND r.finished_at IS NULL");
    }
    values.push(wanted.limit.into());
    let text = format!(
        "SELECT {COLUMNS}, c.name FROM rotations r JOIN credentials c ON c.id = r.credential WHERE {conditions} \
         ORDER BY r.started_at DESC, r.id LIMIT ${}",
        values.len()
    );
    let mut reader = database.read().await?;
    fetch_all!(reader, ListedRow, values values, text)
}
