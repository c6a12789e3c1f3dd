//! The statements of users, workspaces, members and revoked tokens.

use jiff::Timestamp;
use sqlx::FromRow;

use super::{Reader, StoreError, Transaction};
use crate::identity::{TokenId, User, Username, Workspace};
use crate::ids::{UserId, WorkspaceId};
use crate::permission::PermissionSet;

/// A user, with what only a login or a token needs to know.
pub(crate) struct Account {
    pub(crate) user: User,
    pub(crate) password_hash: String,
    /// How often all of the user's tokens were ended.
    pub(crate) era: i64,
}

#[derive(FromRow)]
struct UserRow {
    id: String,
    username: String,
    password_hash: String,
    administrator: i64,
    active: i64,
    home_workspace: String,
    generation: i64,
    created_at: i64,
}

impl UserRow {
    fn read(self) -> Result<Account, StoreError> {
        let user = User {
            id: self
                .id
                .parse()
                .map_err(|error| StoreError::damaged("users.id", error))?,
            username: Username::parse(&self.username)
                .map_err(|error| StoreError::damaged("users.username", error))?,
            administrator: self.administrator != 0,
            active: self.active != 0,
            home_workspace: workspace_id(&self.home_workspace)?,
            created_at: time(self.created_at)?,
        };
        Ok(Account {
            user,
            password_hash: self.password_hash,
            era: self.generation,
        })
    }
}

fn workspace_id(text: &str) -> Result<WorkspaceId, StoreError> {
    text.parse()
        .map_err(|error| StoreError::damaged("workspace's id", error))
}

fn time(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds).map_err(|error| StoreError::damaged("time", error))
}

pub(super) fn read_permissions(text: &str) -> Result<PermissionSet, StoreError> {
    PermissionSet::parse(text.split_whitespace())
        .map_err(|error| StoreError::damaged("members.permissions", error))
}

/// The account that logs in under a name, given as it is compared.
pub(crate) async fn account_named(
    reader: &mut Reader,
    folded: &str,
) -> Result<Option<Account>, StoreError> {
    let row = fetch_optional!(
        reader,
        UserRow,
        "SELECT id, username, password_hash, administrator, active, home_workspace, generation, created_at
         FROM users WHERE folded = $1",
        folded
    )?;
    row.map(UserRow::read).transpose()
}

/// The account of a user.
pub(crate) async fn account(
    reader: &mut Reader,
    user: UserId,
) -> Result<Option<Account>, StoreError> {
    let row = fetch_optional!(
        reader,
        UserRow,
        "SELECT id, username, password_hash, administrator, active, home_workspace, generation, created_at
         FROM users WHERE id = $1",
        user.to_string()
    )?;
    row.map(UserRow::read).transpose()
}

/// The administrator who was made first, of those who may log in.
pub(crate) async fn oldest_administrator(
    reader: &mut Reader,
) -> Result<Option<Account>, StoreError> {
    let row = fetch_optional!(
        reader,
        UserRow,
        "SELECT id, username, password_hash, administrator, active, home_workspace, generation, created_at
         FROM users WHERE administrator = 1 AND active = 1 ORDER BY created_at, id LIMIT 1"
    )?;
    row.map(UserRow::read).transpose()
}

/// All users, in the order of their names.
pub(crate) async fn users(reader: &mut Reader) -> Result<Vec<User>, StoreError> {
    let rows = fetch_all!(
        reader,
        UserRow,
        "SELECT id, username, password_hash, administrator, active, home_workspace, generation, created_at
         FROM users ORDER BY folded"
    )?;
    rows.into_iter()
        .map(|row| row.read().map(|account| account.user))
        .collect()
}

/// Whether there is no user yet.
pub(crate) async fn is_empty(reader: &mut Reader) -> Result<bool, StoreError> {
    Ok(fetch_optional!(reader, (String,), "SELECT id FROM users LIMIT 1")?.is_none())
}

/// Adds a user; not if the name is taken.
pub(crate) async fn insert_user(
    transaction: &mut Transaction,
    user: &User,
    password_hash: &str,
) -> Result<bool, StoreError> {
    let inserted = execute!(
        transaction,
        "INSERT INTO users (id, username, folded, password_hash, administrator, active, home_workspace, generation,
                            created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8) ON CONFLICT DO NOTHING",
        user.id.to_string(),
        user.username.as_str(),
        user.username.folded(),
        password_hash,
        i64::from(user.administrator),
        i64::from(user.active),
        user.home_workspace.to_string(),
        user.created_at.as_millisecond()
    )?;
    Ok(inserted == 1)
}

/// Lets a user log in, or not; false if there is no such user.
pub(crate) async fn set_active(
    transaction: &mut Transaction,
    user: UserId,
    active: bool,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // Who is let in again logs in again: tokens from before stay ended.
    let updated = execute!(
        transaction,
        "UPDATE users SET active = $2, generation = generation + 1, updated_at = $3 WHERE id = $1",
        user.to_string(),
        i64::from(active),
        now.as_millisecond()
    )?;
    Ok(updated == 1)
}

/// Changes a password and ends the user's tokens; false if there is no such user.
pub(crate) async fn set_password(
    transaction: &mut Transaction,
    user: UserId,
    password_hash: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let updated = execute!(
        transaction,
        "UPDATE users SET password_hash = $2, generation = generation + 1, updated_at = $3 WHERE id = $1",
        user.to_string(),
        password_hash,
        now.as_millisecond()
    )?;
    Ok(updated == 1)
}

/// Notes that a token was revoked, and drops those that have ended; false if it was revoked before.
pub(crate) async fn revoke_token(
    transaction: &mut Transaction,
    token: TokenId,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    execute!(
        transaction,
        "DELETE FROM revoked_tokens WHERE expires_at <= $1",
        now.as_millisecond()
    )?;
    let inserted = execute!(
        transaction,
        "INSERT INTO revoked_tokens (id, revoked_at, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        token.to_string(),
        now.as_millisecond(),
        expires_at.as_millisecond()
    )?;
    Ok(inserted == 1)
}

/// Whether a token was revoked. Those that have ended may have been forgotten.
pub(crate) async fn is_revoked(reader: &mut Reader, token: TokenId) -> Result<bool, StoreError> {
    let row = fetch_optional!(
        reader,
        (String,),
        "SELECT id FROM revoked_tokens WHERE id = $1",
        token.to_string()
    )?;
    Ok(row.is_some())
}

#[derive(FromRow)]
struct WorkspaceRow {
    id: String,
    name: String,
    created_at: i64,
}

impl WorkspaceRow {
    fn read(self) -> Result<Workspace, StoreError> {
        Ok(Workspace {
            id: workspace_id(&self.id)?,
            name: self.name,
            created_at: time(self.created_at)?,
        })
    }
}

/// All workspaces, in the order of their names.
pub(crate) async fn workspaces(reader: &mut Reader) -> Result<Vec<Workspace>, StoreError> {
    let rows = fetch_all!(
        reader,
        WorkspaceRow,
        "SELECT id, name, created_at FROM workspaces ORDER BY name"
    )?;
    rows.into_iter().map(WorkspaceRow::read).collect()
}

/// The workspaces that a user is a member of, in the order of their names.
pub(crate) async fn workspaces_of(
    reader: &mut Reader,
    user: UserId,
) -> Result<Vec<Workspace>, StoreError> {
    let rows = fetch_all!(
        reader,
        WorkspaceRow,
        "SELECT id, name, workspaces.created_at FROM workspaces JOIN members ON members.workspace = workspaces.id
         WHERE members.member = $1 ORDER BY name",
        user.to_string()
    )?;
    rows.into_iter().map(WorkspaceRow::read).collect()
}

/// Adds a workspace; not if the name is taken.
pub(crate) async fn insert_workspace(
    transaction: &mut Transaction,
    workspace: &Workspace,
) -> Result<bool, StoreError> {
    let inserted = execute!(
        transaction,
        "INSERT INTO workspaces (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        workspace.id.to_string(),
        workspace.name.as_str(),
        workspace.created_at.as_millisecond()
    )?;
    Ok(inserted == 1)
}

/// Whether there is such a workspace.
pub(crate) async fn has_workspace(
    transaction: &mut Transaction,
    workspace: WorkspaceId,
) -> Result<bool, StoreError> {
    let row = fetch_optional!(
        transaction,
        (String,),
        "SELECT id FROM workspaces WHERE id = $1",
        workspace.to_string()
    )?;
    Ok(row.is_some())
}

/// The same, outside a transaction.
pub(crate) async fn workspace_exists(
    reader: &mut Reader,
    workspace: WorkspaceId,
) -> Result<bool, StoreError> {
    let row = fetch_optional!(
        reader,
        (String,),
        "SELECT id FROM workspaces WHERE id = $1",
        workspace.to_string()
    )?;
    Ok(row.is_some())
}

/// Whether there is such a user.
pub(crate) async fn has_user(
    transaction: &mut Transaction,
    user: UserId,
) -> Result<bool, StoreError> {
    let row = fetch_optional!(
        transaction,
        (String,),
        "SELECT id FROM users WHERE id = $1",
        user.to_string()
    )?;
    Ok(row.is_some())
}

/// What a user may do in a workspace; none if they aren't a member, or there is no such workspace.
pub(crate) async fn member(
    reader: &mut Reader,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Option<PermissionSet>, StoreError> {
    let row = fetch_optional!(
        reader,
        (String,),
        "SELECT permissions FROM members WHERE workspace = $1 AND member = $2",
        workspace.to_string(),
        user.to_string()
    )?;
    row.map(|(permissions,)| read_permissions(&permissions))
        .transpose()
}

/// The members of a workspace beside one, each with what they may do.
pub(crate) async fn permissions_of_others(
    transaction: &mut Transaction,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<Vec<PermissionSet>, StoreError> {
    let rows = fetch_all!(
        transaction,
        (String,),
        "SELECT permissions FROM members JOIN users ON users.id = members.member
         WHERE workspace = $1 AND member <> $2 AND users.active = 1",
        workspace.to_string(),
        user.to_string()
    )?;
    rows.into_iter()
        .map(|(permissions,)| read_permissions(&permissions))
        .collect()
}

/// Makes a user a member, or changes what a member may do.
pub(crate) async fn put_member(
    transaction: &mut Transaction,
    workspace: WorkspaceId,
    user: UserId,
    permissions: PermissionSet,
    now: Timestamp,
) -> Result<(), StoreError> {
    execute!(
        transaction,
        "INSERT INTO members (workspace, member, permissions, created_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace, member) DO UPDATE SET permissions = excluded.permissions",
        workspace.to_string(),
        user.to_string(),
        permissions.to_string(),
        now.as_millisecond()
    )?;
    Ok(())
}

/// Ends a membership; false if there was none.
pub(crate) async fn remove_member(
    transaction: &mut Transaction,
    workspace: WorkspaceId,
    user: UserId,
) -> Result<bool, StoreError> {
    let deleted = execute!(
        transaction,
        "DELETE FROM members WHERE workspace = $1 AND member = $2",
        workspace.to_string(),
        user.to_string()
    )?;
    Ok(deleted == 1)
}
