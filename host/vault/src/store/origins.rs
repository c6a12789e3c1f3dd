//! Where the secrets of a workspace may go beside the origins that manifests write out.

use sqlx::FromRow;

use super::identity::read_permissions;
use super::{Database, StoreError, Transaction};
use crate::ids::{UserId, WorkspaceId};
use crate::permission::PermissionSet;

/// An approval, with its approver's name.
#[derive(Debug, FromRow)]
pub(crate) struct OriginRow {
    pub(crate) plugin: String,
    pub(crate) origin: String,
    pub(crate) approved_by: String,
    pub(crate) approved_at: i64,
}

/// All approvals of a workspace, in the order of plugins and origins.
pub(crate) async fn approved(
    database: &Database,
    workspace: WorkspaceId,
) -> Result<Vec<OriginRow>, StoreError> {
    let mut reader = database.read().await?;
    let text = "SELECT o.plugin, o.origin, u.username AS approved_by, o.approved_at FROM approved_origins o \
         JOIN users u ON u.id = o.approved_by WHERE o.workspace = $1 ORDER BY o.plugin, o.origin";
    fetch_all!(reader, OriginRow, text, workspace.to_string())
}

/// The origins that are approved in a workspace for one plugin.
pub(crate) async fn approved_for(
    database: &Database,
    workspace: WorkspaceId,
    plugin: &str,
) -> Result<Vec<(String,)>, StoreError> {
    let mut reader = database.read().await?;
    let text = "SELECT origin FROM approved_origins WHERE workspace = $1 AND plugin = $2";
    fetch_all!(reader, (String,), text, workspace.to_string(), plugin)
}

/// Approves an origin; false where it is approved already.
pub(crate) async fn approve(
    transaction: &mut Transaction,
    workspace: WorkspaceId,
    plugin: &str,
    origin: &str,
    by: UserId,
    at: i64,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO approved_origins (workspace, plugin, origin, approved_by, approved_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let inserted = execute!(
        transaction,
        text,
        workspace.to_string(),
        plugin,
        origin,
        by.to_string(),
        at
    )?;
    Ok(inserted == 1)
}

/// Ends an approval; false where there is none.
pub(crate) async fn withdraw(
    transaction: &mut Transaction,
    workspace: WorkspaceId,
    plugin: &str,
    origin: &str,
) -> Result<bool, StoreError> {
    let text = "DELETE FROM approved_origins WHERE workspace = $1 AND plugin = $2 AND origin = $3";
    Ok(execute!(transaction, text, workspace.to_string(), plugin, origin)? == 1)
}

/// What a member may do now, in the transaction that rests on it.
pub(crate) async fn permissions(
    transaction: &mut Transaction,
    workspace: WorkspaceId,
    member: UserId,
) -> Result<Option<PermissionSet>, StoreError> {
    let text = "SELECT permissions FROM members WHERE workspace = $1 AND member = $2";
    let row = fetch_optional!(
        transaction,
        (String,),
        text,
        workspace.to_string(),
        member.to_string()
    )?;
    row.map(|row| read_permissions(&row.0)).transpose()
}
