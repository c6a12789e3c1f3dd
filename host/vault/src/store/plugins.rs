//! What plugins were granted.

use claviger_runtime::Rights;
use sqlx::FromRow;

use super::{Database, StoreError, Transaction};

/// A file's grant.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct GrantRow {
    pub(crate) rights: String,
    /// `auto` or `approved`.
    pub(crate) how: String,
    /// None while it is good.
    pub(crate) withdrawn_at: Option<i64>,
}

/// A grant that is to be written.
#[derive(Debug, Clone)]
pub(crate) struct NewGrant {
    pub(crate) name: String,
    pub(crate) hash: String,
    pub(crate) version: String,
    pub(crate) rights: String,
    pub(crate) how: &'static str,
    pub(crate) granted_by: Option<String>,
    pub(crate) granted_at: i64,
}

/// Rights, as they are kept.
pub(crate) fn write_rights(rights: &Rights) -> Result<String, StoreError> {
    serde_json::to_string(rights).map_err(|error| StoreError::damaged("plugin's rights", error))
}

/// Rights that were kept.
pub(crate) fn read_rights(text: &str) -> Result<Rights, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::damaged("plugin's rights", error))
}

/// What a file was granted.
pub(crate) async fn grant(
    database: &Database,
    name: &str,
    hash: &str,
) -> Result<Option<GrantRow>, StoreError> {
    let mut reader = database.read().await?;
    let text = "SELECT rights, how, withdrawn_at FROM plugin_grants WHERE name = $1 AND hash = $2";
    fetch_optional!(reader, GrantRow, text, name, hash)
}

/// What a name's further files get: none where the name was never granted anything, `Some(None)` where each of them waits.
pub(crate) async fn baseline(
    database: &Database,
    name: &str,
) -> Result<Option<Option<String>>, StoreError> {
    let mut reader = database.read().await?;
    let text = "SELECT baseline FROM plugin_names WHERE name = $1";
    Ok(fetch_optional!(reader, (Option<String>,), text, name)?.map(|row| row.0))
}

/// Notes that a name has been granted something, with what its further files get. Whether it never had been.
pub(crate) async fn insert_name(
    transaction: &mut Transaction,
    name: &str,
    baseline: Option<&str>,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO plugin_names (name, baseline) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(execute!(transaction, text, name, baseline)? == 1)
}

/// Whether a name's further files still get exactly this.
pub(crate) async fn has_baseline(
    transaction: &mut Transaction,
    name: &str,
    baseline: &str,
) -> Result<bool, StoreError> {
    let text = "SELECT name FROM plugin_names WHERE name = $1 AND baseline = $2";
    Ok(fetch_optional!(transaction, (String,), text, name, baseline)?.is_some())
}

/// From now on each further file of a name waits.
pub(crate) async fn end_baseline(
    transaction: &mut Transaction,
    name: &str,
) -> Result<(), StoreError> {
    let text = "UPDATE plugin_names SET baseline = NULL WHERE name = $1";
    execute!(transaction, text, name)?;
    Ok(())
}

/// Writes a grant, unless the file has one or had one that was withdrawn.
pub(crate) async fn insert_grant(
    transaction: &mut Transaction,
    row: &NewGrant,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO plugin_grants (name, hash, version, rights, how, granted_by, granted_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let inserted = execute!(
        transaction,
        text,
        &row.name,
        &row.hash,
        &row.version,
        &row.rights,
        row.how,
        &row.granted_by,
        row.granted_at
    )?;
    Ok(inserted == 1)
}

/// Writes a grant in place of the one that the file has, unless that one is good and gives the same.
pub(crate) async fn put_grant(
    transaction: &mut Transaction,
    row: &NewGrant,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO plugin_grants (name, hash, version, rights, how, granted_by, granted_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name, hash) DO UPDATE SET version = $3, rights = $4, \
         how = $5, granted_by = $6, granted_at = $7, withdrawn_at = NULL \
         WHERE plugin_grants.withdrawn_at IS NOT NULL OR plugin_grants.rights <> $4";
    let written = execute!(
        transaction,
        text,
        &row.name,
        &row.hash,
        &row.version,
        &row.rights,
        row.how,
        &row.granted_by,
        row.granted_at
    )?;
    Ok(written == 1)
}

/// Ends a file's grant. How it had been given; none where there is no good one.
pub(crate) async fn withdraw_grant(
    transaction: &mut Transaction,
    name: &str,
    hash: &str,
    at: i64,
) -> Result<Option<String>, StoreError> {
    let text = "UPDATE plugin_grants SET withdrawn_at = $3 \
         WHERE name = $1 AND hash = $2 AND withdrawn_at IS NULL RETURNING how";
    Ok(fetch_optional!(transaction, (String,), text, name, hash, at)?.map(|row| row.0))
}
