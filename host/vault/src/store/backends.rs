//! The rows of backends.

use sqlx::FromRow;

use super::{Database, StoreError, Transaction};

/// A backend.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct BackendRow {
    pub(crate) workspace: String,
    pub(crate) id: String,
    pub(crate) provider: String,
    pub(crate) credential: String,
    pub(crate) pin: Option<String>,
    pub(crate) default_ttl_s: i64,
    pub(crate) max_ttl_s: i64,
    pub(crate) allowed_scopes: Option<String>,
    pub(crate) parameters: String,
    pub(crate) created_by: String,
    pub(crate) created_at: i64,
}

const COLUMNS: &str = "workspace, id, provider, credential, pin, default_ttl_s, max_ttl_s, allowed_scopes, parameters, \
     created_by, created_at";

/// A workspace's backends, in the order of their ids.
pub(crate) async fn all(
    database: &Database,
    workspace: &str,
) -> Result<Vec<BackendRow>, StoreError> {
    let mut reader = database.read().await?;
    let text = format!("SELECT {COLUMNS} FROM backends WHERE workspace = $1 ORDER BY id");
    fetch_all!(reader, BackendRow, values vec![workspace.into()], text)
}

/// One of a workspace's backends.
pub(crate) async fn find(
    database: &Database,
    workspace: &str,
    id: &str,
) -> Result<Option<BackendRow>, StoreError> {
    let mut reader = database.read().await?;
    let text = format!("SELECT {COLUMNS} FROM backends WHERE workspace = $1 AND id = $2");
    let rows = fetch_all!(reader, BackendRow, values vec![workspace.into(), id.into()], text)?;
    Ok(rows.into_iter().next())
}

/// Whether there is such a backend.
pub(crate) async fn exists(
    transaction: &mut Transaction,
    workspace: &str,
    id: &str,
) -> Result<bool, StoreError> {
    let text = "SELECT id FROM backends WHERE workspace = $1 AND id = $2";
    Ok(fetch_optional!(transaction, (String,), text, workspace, id)?.is_some())
}

/// Inserts a backend. Whether its id was free.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    row: &BackendRow,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO backends (workspace, id, provider, credential, pin, default_ttl_s, max_ttl_s, allowed_scopes, \
         parameters, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
    let inserted = execute!(
        transaction,
        text,
        &row.workspace,
        &row.id,
        &row.provider,
        &row.credential,
        &row.pin,
        row.default_ttl_s,
        row.max_ttl_s,
        &row.allowed_scopes,
        &row.parameters,
        &row.created_by,
        row.created_at
    )?;
    Ok(inserted > 0)
}

/// Deletes a backend; false if there was none.
pub(crate) async fn delete(
    transaction: &mut Transaction,
    workspace: &str,
    id: &str,
) -> Result<bool, StoreError> {
    let text = "DELETE FROM backends WHERE workspace = $1 AND id = $2";
    Ok(execute!(transaction, text, workspace, id)? > 0)
}

/// The name of a workspace.
pub(crate) async fn workspace_name(
    database: &Database,
    workspace: &str,
) -> Result<Option<String>, StoreError> {
    let mut reader = database.read().await?;
    let text = "SELECT name FROM workspaces WHERE id = $1";
    Ok(fetch_optional!(reader, (String,), text, workspace)?.map(|row| row.0))
}
