//! The rows of leases.

use sqlx::FromRow;

use super::claims::Claims;
use super::{Database, StoreError, Transaction, Value};

/// The states of a lease that may still work at its provider, as SQL has them.
pub(crate) const LIVE: &str = "('issuing', 'active', 'revoking', 'revoke_failed', 'orphaned')";

/// What `ends_at` is where the provider ends nothing by itself.
pub(crate) const NEVER: i64 = i64::MAX;

/// A lease.
#[derive(Clone, FromRow)]
pub(crate) struct LeaseRow {
    pub(crate) id: String,
    pub(crate) workspace: String,
    pub(crate) backend: String,
    pub(crate) provider: String,
    pub(crate) root: String,
    pub(crate) root_version: i64,
    pub(crate) holder: String,
    pub(crate) holder_name: String,
    pub(crate) scopes: String,
    pub(crate) metadata: String,
    pub(crate) parameters: String,
    pub(crate) ttl_s: i64,
    pub(crate) state: String,
    pub(crate) outcome: Option<String>,
    pub(crate) data_key: Option<String>,
    pub(crate) sealed: Option<Vec<u8>>,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) ends_at: i64,
    pub(crate) ended_at: Option<i64>,
    pub(crate) attempts: i64,
    pub(crate) next_at: Option<i64>,
    pub(crate) error: Option<String>,
    pub(crate) fence: i64,
}

const COLUMNS: &str = "id, workspace, backend, provider, root, root_version, holder, holder_name, scopes, metadata, \
     parameters, ttl_s, state, outcome, data_key, sealed, created_at, expires_at, ends_at, ended_at, attempts, next_at, \
     error, fence";

/// A host that works on a row, and until when at the most.
#[derive(Debug, Clone)]
pub(crate) struct Claimant {
    pub(crate) claims: Claims,
    /// In milliseconds.
    pub(crate) length: i64,
}

impl Claimant {
    fn until(&self) -> i64 {
        self.claims.now.saturating_add(self.length)
    }
}

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

/// How many leases of a backend may still work.
pub(crate) async fn of_backend(
    transaction: &mut Transaction,
    workspace: &str,
    backend: &str,
) -> Result<i64, StoreError> {
    let text = format!(
        "SELECT COUNT(*) FROM leases WHERE workspace = $1 AND backend = $2 AND state IN {LIVE}"
    );
    let counted =
        fetch_all!(transaction, (i64,), values vec![workspace.into(), backend.into()], text)?;
    Ok(counted.first().map_or(0, |row| row.0))
}

/// Whether a credential is in use, in that version: what a lease may be issued from.
pub(crate) async fn is_root(
    transaction: &mut Transaction,
    workspace: &str,
    root: &str,
    version: i64,
) -> Result<bool, StoreError> {
    let text = "SELECT version FROM credentials WHERE workspace = $1 AND id = $2 AND version = $3 AND active = 1";
    let found = fetch_optional!(transaction, (i64,), text, workspace, root, version)?;
    Ok(found.is_some())
}

/// Whether a lease's holder is still a member of its workspace who may log in.
pub(crate) async fn has_holder(
    transaction: &mut Transaction,
    row: &LeaseRow,
) -> Result<bool, StoreError> {
    let text = "SELECT member FROM members JOIN users ON users.id = members.member \
         WHERE workspace = $1 AND member = $2 AND users.active = 1";
    let found = fetch_optional!(transaction, (String,), text, &row.workspace, &row.holder)?;
    Ok(found.is_some())
}

/// Inserts a lease that is about to be issued, claimed. Whether the id was free.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    row: &LeaseRow,
    claimant: &Claimant,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO leases (id, workspace, backend, provider, root, root_version, holder, holder_name, scopes, \
         metadata, parameters, ttl_s, state, created_at, expires_at, ends_at, attempts, next_at, claimed_by, \
         claimed_until, fence) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0, $17, \
         $18, $19, $20) ON CONFLICT DO NOTHING";
    let inserted = execute!(
        transaction,
        text,
        &row.id,
        &row.workspace,
        &row.backend,
        &row.provider,
        &row.root,
        row.root_version,
        &row.holder,
        &row.holder_name,
        &row.scopes,
        &row.metadata,
        &row.parameters,
        row.ttl_s,
        &row.state,
        row.created_at,
        row.expires_at,
        row.ends_at,
        row.next_at,
        &*claimant.claims.host,
        claimant.until(),
        row.fence,
    )?;
    Ok(inserted > 0)
}

/// Claims a lease as it was read, and writes where it stands. Not where somebody else works on it, or has since.
pub(crate) async fn claim(
    transaction: &mut Transaction,
    row: &LeaseRow,
    claimant: &Claimant,
) -> Result<bool, StoreError> {
    let text = format!(
        "UPDATE leases SET state = $4, outcome = $5, attempts = $6, next_at = $7, claimed_by = $8, claimed_until = $9, \
         fence = fence + 1 WHERE workspace = $1 AND id = $2 AND fence = $3 AND state IN {LIVE} \
         AND (claimed_by IS NULL OR claimed_until <= $10 OR ($11 = 1 AND claimed_by <> $8))"
    );
    let values: Vec<Value> = vec![
        row.workspace.as_str().into(),
        row.id.as_str().into(),
        row.fence.into(),
        row.state.as_str().into(),
        row.outcome.clone().into(),
        row.attempts.into(),
        row.next_at.into(),
        (*claimant.claims.host).into(),
        claimant.until().into(),
        claimant.claims.now.into(),
        claimant.claims.alone.into(),
    ];
    Ok(execute!(transaction, values values, text)? > 0)
}

/// Writes what has become of a lease, and gives up the claim on it. Not where the claim has passed on, or where it has ended.
pub(crate) async fn write(
    transaction: &mut Transaction,
    row: &LeaseRow,
) -> Result<bool, StoreError> {
    if row.sealed.is_none() {
        // Overwritten before it is dropped, so that `SQLite`'s file keeps zeros.
        let text =
            "UPDATE leases SET sealed = $3 WHERE id = $1 AND fence = $2 AND sealed IS NOT NULL";
        execute!(transaction, text, &row.id, row.fence, &[0_u8; 64][..])?;
    }
    let text = "UPDATE leases SET state = $3, outcome = $4, data_key = $5, sealed = $6, scopes = $7, expires_at = $8, \
         ends_at = $9, ended_at = $10, attempts = $11, next_at = $12, error = $13, claimed_by = NULL, claimed_until = 0 \
         WHERE id = $1 AND fence = $2 AND ended_at IS NULL";
    let written = execute!(
        transaction,
        text,
        &row.id,
        row.fence,
        &row.state,
        &row.outcome,
        &row.data_key,
        &row.sealed,
        &row.scopes,
        row.expires_at,
        row.ends_at,
        row.ended_at,
        row.attempts,
        row.next_at,
        &row.error,
    )?;
    Ok(written > 0)
}

/// A lease by its id; of that workspace, if one is named.
pub(crate) async fn find(
    database: &Database,
    workspace: Option<&str>,
    id: &str,
) -> Result<Option<LeaseRow>, StoreError> {
    let mut reader = database.read().await?;
    let text =
        format!("SELECT {COLUMNS} FROM leases WHERE id = $1 AND ($2 IS NULL OR workspace = $2)");
    let workspace = workspace.map(str::to_owned);
    let rows = fetch_all!(reader, LeaseRow, values vec![id.into(), workspace.into()], text)?;
    Ok(rows.into_iter().next())
}

/// Which leases are wanted. Those conditions that are none don't matter.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    pub(crate) workspace: Option<String>,
    pub(crate) backend: Option<String>,
    /// The word of a state; none: those that may still work.
    pub(crate) state: Option<&'static str>,
    /// Older than the lease of this id.
    pub(crate) after: Option<String>,
}

/// The newest leases that are wanted.
pub(crate) async fn page(
    database: &Database,
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<LeaseRow>, StoreError> {
    let mut reader = database.read().await?;
    let states = match wanted.state {
        Some(_) => "state = $3".to_owned(),
        // PostgreSQL wants each value used, with a type.
        None => format!("CAST($3 AS TEXT) IS NULL AND state IN {LIVE}"),
    };
    let text = format!(
        "SELECT {COLUMNS} FROM leases WHERE ($1 IS NULL OR workspace = $1) AND ($2 IS NULL OR backend = $2) AND {states} \
         AND ($4 IS NULL OR EXISTS (SELECT 1 FROM leases AS last WHERE last.id = $4 AND (leases.created_at < \
         last.created_at OR (leases.created_at = last.created_at AND leases.id < last.id)))) \
         ORDER BY created_at DESC, id DESC LIMIT $5"
    );
    let values = vec![
        wanted.workspace.clone().into(),
        wanted.backend.clone().into(),
        wanted.state.map(str::to_owned).into(),
        wanted.after.clone().into(),
        limit.into(),
    ];
    fetch_all!(reader, LeaseRow, values values, text)
}

/// What a look at what is due looks for.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    pub(crate) claims: Claims,
    /// By the vault's clock.
    pub(crate) now: i64,
}

/// `$1` is the time, `$2` that of claims, `$3` whether there is no other host, `$4` the host.
const FREE: &str = "next_at <= $1 AND (claimed_by IS NULL OR claimed_until <= $2 OR ($3 = 1 AND claimed_by <> $4))";

impl Look {
    fn values(&self) -> Vec<Value> {
        vec![
            self.now.into(),
            self.claims.now.into(),
            self.claims.alone.into(),
            (*self.claims.host).into(),
        ]
    }
}

/// Leases whose end at the provider has come by itself, those that wait longest first.
pub(crate) async fn over(
    database: &Database,
    look: &Look,
    limit: i64,
) -> Result<Vec<LeaseRow>, StoreError> {
    let mut reader = database.read().await?;
    let text = format!(
        "SELECT {COLUMNS} FROM leases WHERE {FREE} AND ends_at <= $1 ORDER BY next_at, id LIMIT {limit}"
    );
    fetch_all!(reader, LeaseRow, values look.values(), text)
}

/// The providers that are to be asked for something.
pub(crate) async fn due_providers(
    database: &Database,
    look: &Look,
) -> Result<Vec<(String,)>, StoreError> {
    let mut reader = database.read().await?;
    let text = format!("SELECT DISTINCT provider FROM leases WHERE {FREE} AND ends_at > $1");
    fetch_all!(reader, (String,), values look.values(), text)
}

/// Leases about which a provider is to be asked for something, those that wait longest first.
pub(crate) async fn due(
    database: &Database,
    look: &Look,
    provider: &str,
    limit: i64,
) -> Result<Vec<LeaseRow>, StoreError> {
    let mut reader = database.read().await?;
    let text = format!(
        "SELECT {COLUMNS} FROM leases WHERE {FREE} AND ends_at > $1 AND provider = $5 ORDER BY next_at, id LIMIT {limit}"
    );
    let mut values = look.values();
    values.push(provider.into());
    fetch_all!(reader, LeaseRow, values values, text)
}

/// How many leases a user holds that are in use; in that workspace, if one is named.
pub(crate) async fn in_use_by(
    database: &Database,
    holder: &str,
    workspace: Option<&str>,
) -> Result<i64, StoreError> {
    let mut reader = database.read().await?;
    let text = "SELECT COUNT(*) FROM leases WHERE holder = $1 AND ($2 IS NULL OR workspace = $2) AND state = 'active'";
    let values = vec![holder.into(), workspace.map(str::to_owned).into()];
    let counted = fetch_all!(reader, (i64,), values values, text.to_owned())?;
    Ok(counted.first().map_or(0, |row| row.0))
}

/// Has all leases that a user holds ended, in that workspace if one is named: each is due at once, and who it was that asked
/// for it is in `why`. One that is being issued sees to it itself when it is recorded.
pub(crate) async fn end_of_holder(
    transaction: &mut Transaction,
    holder: &str,
    workspace: Option<&str>,
    now: i64,
    why: &str,
) -> Result<u64, StoreError> {
    let text = "UPDATE leases SET state = 'revoking', outcome = 'pending', attempts = 0, next_at = $3, error = $4, \
         fence = fence + 1 WHERE holder = $1 AND ($2 IS NULL OR workspace = $2) AND state = 'active'";
    let values = vec![
        holder.into(),
        workspace.map(str::to_owned).into(),
        now.into(),
        why.into(),
    ];
    execute!(transaction, values values, text.to_owned())
}
