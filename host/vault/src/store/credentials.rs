//! The rows of credentials and of their versions.

use std::fmt::Write as _;

use sqlx::FromRow;

use super::{Database, StoreError, Transaction, Value};

/// All that is known of a credential, its secret aside.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct CredentialRow {
    pub(crate) id: String,
    pub(crate) workspace: String,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) provider: Option<String>,
    pub(crate) plugin: Option<String>,
    pub(crate) pin: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) tags: String,
    pub(crate) metadata: String,
    pub(crate) provider_credential_id: Option<String>,
    pub(crate) active: i64,
    pub(crate) rotating: i64,
    pub(crate) health: String,
    pub(crate) health_reason: Option<String>,
    pub(crate) health_checked_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) alert_at: Option<i64>,
    pub(crate) alert_threshold_hours: i64,
    pub(crate) rotation_enabled: i64,
    pub(crate) rotation_interval_hours: i64,
    pub(crate) rotation_strategy: String,
    pub(crate) version: i64,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) last_rotated_at: Option<i64>,
    pub(crate) rotation_failures: i64,
    pub(crate) rotation_error: Option<String>,
    pub(crate) rotate_at: Option<i64>,
    pub(crate) generation: i64,
    /// From the uses; not a column of the credential.
    pub(crate) last_used_at: Option<i64>,
}

/// The ciphertext of a version.
#[derive(Debug, Clone, FromRow)]
pub(crate) struct SealedRow {
    pub(crate) data_key: String,
    pub(crate) sealed: Vec<u8>,
}

/// A credential with its current version's ciphertext.
#[derive(FromRow)]
pub(crate) struct WholeRow {
    #[sqlx(flatten)]
    pub(crate) credential: CredentialRow,
    #[sqlx(flatten)]
    pub(crate) sealed: SealedRow,
}

/// What is known of a version.
#[derive(Debug, FromRow)]
pub(crate) struct VersionRow {
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) created_at: i64,
}

const COLUMNS: &str = "c.id, c.workspace, c.owner, c.name, c.kind, c.provider, c.plugin, c.pin, c.description, c.tags, \
     c.metadata, c.provider_credential_id, c.active, c.rotating, c.health, c.health_reason, c.health_checked_at, c.expires_at, \
     c.alert_at, c.alert_threshold_hours, c.rotation_enabled, c.rotation_interval_hours, c.rotation_strategy, \
     c.version, c.created_at, c.updated_at, c.last_rotated_at, c.rotation_failures, c.rotation_error, c.rotate_at, c.generation, u.last_used_at";

/// Which of a workspace's credentials a lookup is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By<'b> {
    Id(&'b str),
    Name(&'b str),
}

/// The credential with its current version, if it is in that workspace.
pub(crate) async fn find(
    database: &Database,
    workspace: &str,
    by: By<'_>,
) -> Result<Option<WholeRow>, StoreError> {
    let (column, key) = match by {
        By::Id(id) => ("id", id),
        By::Name(name) => ("name", name),
    };
    let text = format!(
        "SELECT {COLUMNS}, v.data_key, v.sealed FROM credentials c \
         JOIN credential_versions v ON v.credential = c.id AND v.version = c.version \
         LEFT JOIN uses u ON u.credential = c.id WHERE c.workspace = $1 AND c.{column} = $2"
    );
    let mut reader = database.read().await?;
    let rows = fetch_all!(reader, WholeRow, values vec![workspace.into(), key.into()], text)?;
    Ok(rows.into_iter().next())
}

/// Which of a workspace's credentials are wanted. Those conditions that are none don't matter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Wanted {
    pub(crate) workspace: String,
    pub(crate) kind: Option<String>,
    pub(crate) provider: Option<String>,
    /// The word of a status.
    pub(crate) status: Option<&'static str>,
}

/// `credentials::status` says the same; `$2` is the time.
const STATUS: &str = "CASE WHEN c.active = 0 THEN 'retired' WHEN c.rotating = 1 THEN 'rotating' \
     WHEN c.expires_at <= $2 THEN 'expired' \
     WHEN c.health = 'invalid' THEN 'failed' WHEN c.alert_at <= $2 THEN 'expiring' ELSE 'active' END";

impl Wanted {
    /// The condition with its values; `$1` is the workspace, `$2` the time.
    fn condition(&self, now: i64) -> (String, Vec<Value>) {
        // PostgreSQL wants each value used, whichever conditions there are.
        let mut text = String::from("c.workspace = $1 AND $2 IS NOT NULL");
        let mut values = vec![Value::from(self.workspace.clone()), Value::from(now)];
        let mut and = |column: &str, value: Option<&str>| {
            if let Some(value) = value {
                values.push(value.into());
                // Writing to a `String` can't fail.
                let _ = write!(text, " AND {column} = ${}", values.len());
            }
        };
        and("c.kind", self.kind.as_deref());
        and("c.provider", self.provider.as_deref());
        and(STATUS, self.status);
        (text, values)
    }
}

/// A page, in the order in which they were stored.
pub(crate) async fn page(
    database: &Database,
    wanted: &Wanted,
    now: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<CredentialRow>, StoreError> {
    let (condition, mut values) = wanted.condition(now);
    values.extend([limit.into(), offset.into()]);
    let (limit, offset) = (values.len() - 1, values.len());
    // The page is found in an index alone; only its own rows are read.
    let text = format!(
        "SELECT {COLUMNS} FROM (SELECT c.id FROM credentials c WHERE {condition} \
         ORDER BY c.created_at, c.id LIMIT ${limit} OFFSET ${offset}) AS chosen \
         JOIN credentials c ON c.id = chosen.id LEFT JOIN uses u ON u.credential = c.id ORDER BY c.created_at, c.id"
    );
    let mut reader = database.read().await?;
    fetch_all!(reader, CredentialRow, values values, text)
}

/// How many there are of each status.
pub(crate) async fn counts(
    database: &Database,
    wanted: &Wanted,
    now: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let (condition, values) = wanted.condition(now);
    let text = format!(
        "SELECT {STATUS} AS status, COUNT(*) FROM credentials c WHERE {condition} GROUP BY 1"
    );
    let mut reader = database.read().await?;
    fetch_all!(reader, (String, i64), values values, text)
}

/// The ids of a workspace's active credentials after `after`, in the order of their ids.
pub(crate) async fn active_after(
    database: &Database,
    workspace: &str,
    after: &str,
    limit: i64,
) -> Result<Vec<(String,)>, StoreError> {
    let text = "SELECT id FROM credentials WHERE workspace = $1 AND active = 1 AND id > $2 ORDER BY id LIMIT $3";
    let mut reader = database.read().await?;
    fetch_all!(reader, (String,), text, workspace, after, limit)
}

/// The ids and names of a workspace's active credentials of a kind that a plugin works with, in the order of their names.
pub(crate) async fn candidates(
    database: &Database,
    workspace: &str,
    kind: &str,
    plugin: &str,
    limit: i64,
) -> Result<Vec<(String, String)>, StoreError> {
    let text = "SELECT id, name FROM credentials WHERE workspace = $1 AND kind = $2 AND plugin = $3 AND active = 1 \
         ORDER BY name LIMIT $4";
    let mut reader = database.read().await?;
    fetch_all!(
        reader,
        (String, String),
        text,
        workspace,
        kind,
        plugin,
        limit
    )
}

/// What a workspace has of a provider's own: the provider's ids, and our ids and names.
pub(crate) async fn of_provider(
    database: &Database,
    workspace: &str,
    provider: &str,
) -> Result<Vec<(String, String, String)>, StoreError> {
    let text = "SELECT provider_credential_id, id, name FROM credentials WHERE workspace = $1 AND provider = $2 \
         AND provider_credential_id IS NOT NULL ORDER BY id";
    let mut reader = database.read().await?;
    fetch_all!(reader, (String, String, String), text, workspace, provider)
}

/// A workspace's credentials that rotate by themselves, those that are due first at the top.
pub(crate) async fn scheduled(
    database: &Database,
    workspace: &str,
    limit: i64,
) -> Result<Vec<CredentialRow>, StoreError> {
    let text = format!(
        "SELECT {COLUMNS} FROM credentials c LEFT JOIN uses u ON u.credential = c.id WHERE c.workspace = $1 \
         AND c.active = 1 AND c.rotation_enabled = 1 AND c.rotation_strategy <> 'manual' \
         ORDER BY CASE WHEN c.rotate_at IS NULL THEN 1 ELSE 0 END, c.rotate_at, c.id LIMIT $2"
    );
    let mut reader = database.read().await?;
    fetch_all!(reader, CredentialRow, values vec![workspace.into(), limit.into()], text)
}

/// The versions of a credential that are or were in use, the newest first.
pub(crate) async fn versions(
    database: &Database,
    credential: &str,
) -> Result<Vec<VersionRow>, StoreError> {
    let text = "SELECT version, state, reason, created_at FROM credential_versions WHERE credential = $1 \
         AND state NOT IN ('pending', 'discarded') ORDER BY version DESC";
    let mut reader = database.read().await?;
    fetch_all!(reader, VersionRow, text, credential)
}

/// A version with its ciphertext.
#[derive(FromRow)]
pub(crate) struct SealedVersionRow {
    pub(crate) state: String,
    pub(crate) external_id: Option<String>,
    #[sqlx(flatten)]
    pub(crate) sealed: SealedRow,
}

/// One version of a credential.
pub(crate) async fn version(
    database: &Database,
    credential: &str,
    version: i64,
) -> Result<Option<SealedVersionRow>, StoreError> {
    let text = "SELECT state, external_id, data_key, sealed FROM credential_versions WHERE credential = $1 AND version = $2";
    let mut reader = database.read().await?;
    fetch_optional!(reader, SealedVersionRow, text, credential, version)
}

/// Overwrites the ciphertext of a version, and leaves nothing of it. As with a deletion, `SQLite`'s log of writes is
/// emptied apart from this.
pub(crate) async fn shred_version(
    transaction: &mut Transaction,
    credential: &str,
    version: i64,
) -> Result<(), StoreError> {
    let text = "UPDATE credential_versions SET sealed = $3 WHERE credential = $1 AND version = $2";
    for left in [&[0_u8; 64][..], &[]] {
        execute!(transaction, text, credential, version, left)?;
    }
    Ok(())
}

/// Inserts a credential and its first version. Whether the name was free.
pub(crate) async fn insert(
    transaction: &mut Transaction,
    row: &CredentialRow,
    sealed: &SealedRow,
    reason: &str,
) -> Result<bool, StoreError> {
    let text = "INSERT INTO credentials (id, workspace, owner, name, kind, provider, plugin, pin, description, tags, \
         metadata, provider_credential_id, active, health, health_reason, health_checked_at, expires_at, alert_at, \
         alert_threshold_hours, rotation_enabled, rotation_interval_hours, rotation_strategy, version, created_at, \
         updated_at, last_rotated_at, generation, rotate_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
         $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28) ON CONFLICT DO NOTHING";
    let inserted = execute!(
        transaction,
        text,
        &row.id,
        &row.workspace,
        &row.owner,
        &row.name,
        &row.kind,
        &row.provider,
        &row.plugin,
        &row.pin,
        &row.description,
        &row.tags,
        &row.metadata,
        &row.provider_credential_id,
        row.active,
        &row.health,
        &row.health_reason,
        row.health_checked_at,
        row.expires_at,
        row.alert_at,
        row.alert_threshold_hours,
        row.rotation_enabled,
        row.rotation_interval_hours,
        &row.rotation_strategy,
        row.version,
        row.created_at,
        row.updated_at,
        row.last_rotated_at,
        row.generation,
        row.rotate_at,
    )?;
    if inserted == 0 {
        return Ok(false);
    }
    let text = "INSERT INTO credential_versions (credential, version, state, reason, data_key, sealed, created_at) \
         VALUES ($1, $2, 'current', $3, $4, $5, $6)";
    execute!(
        transaction,
        text,
        &row.id,
        row.version,
        reason,
        &sealed.data_key,
        &sealed.sealed,
        row.created_at
    )?;
    Ok(true)
}

/// Writes what can be changed of a credential, if it is still as it was at `generation` and its name is free. Whether it is
/// active isn't changed while its secret is being replaced.
pub(crate) async fn update(
    transaction: &mut Transaction,
    row: &CredentialRow,
    generation: i64,
) -> Result<bool, StoreError> {
    let text = "UPDATE credentials SET name = $4, description = $5, tags = $6, metadata = $7, \
         provider_credential_id = $8, active = $9, expires_at = $10, alert_at = $11, alert_threshold_hours = $12, \
         rotation_enabled = $13, rotation_interval_hours = $14, rotation_strategy = $15, updated_at = $16, \
         pin = $17, rotate_at = $18, generation = $3 + 1 WHERE workspace = $1 AND id = $2 AND generation = $3 \
         AND (rotating = 0 OR active = $9) AND NOT EXISTS \
         (SELECT 1 FROM credentials AS other WHERE other.workspace = $1 AND other.name = $4 AND other.id <> $2)";
    let updated = execute!(
        transaction,
        text,
        &row.workspace,
        &row.id,
        generation,
        &row.name,
        &row.description,
        &row.tags,
        &row.metadata,
        &row.provider_credential_id,
        row.active,
        row.expires_at,
        row.alert_at,
        row.alert_threshold_hours,
        row.rotation_enabled,
        row.rotation_interval_hours,
        &row.rotation_strategy,
        row.updated_at,
        &row.pin,
        row.rotate_at,
    )?;
    Ok(updated > 0)
}

/// What a test found of a version.
pub(crate) struct HealthRow {
    pub(crate) workspace: String,
    pub(crate) id: String,
    pub(crate) version: i64,
    /// None leaves what was known.
    pub(crate) health: Option<&'static str>,
    pub(crate) reason: Option<String>,
    pub(crate) checked_at: i64,
}

/// Writes what a test found, if the version that was tested is still the current one.
pub(crate) async fn set_health(
    transaction: &mut Transaction,
    row: &HealthRow,
) -> Result<bool, StoreError> {
    let text = "UPDATE credentials SET health = COALESCE($4, health), health_reason = $5, health_checked_at = $6, \
         generation = generation + 1 WHERE workspace = $1 AND id = $2 AND version = $3";
    let updated = execute!(
        transaction,
        text,
        &row.workspace,
        &row.id,
        row.version,
        row.health,
        &row.reason,
        row.checked_at
    )?;
    Ok(updated > 0)
}

/// How a credential stands in a transaction.
#[derive(Debug, FromRow)]
pub(crate) struct Standing {
    pub(crate) generation: i64,
    pub(crate) rotating: i64,
    pub(crate) active: i64,
    /// Its current version.
    pub(crate) version: i64,
}

/// The generation of a credential, and whether its secret is being replaced: why an update found no row.
pub(crate) async fn standing(
    transaction: &mut Transaction,
    workspace: &str,
    id: &str,
) -> Result<Option<Standing>, StoreError> {
    let text = "SELECT generation, rotating, active, version FROM credentials WHERE workspace = $1 AND id = $2";
    fetch_optional!(transaction, Standing, text, workspace, id)
}

/// Deletes a credential with all that is sealed of it. The ciphertext is overwritten first, so that `SQLite`'s file keeps
/// zeros; its log of writes is emptied soon after, by `shredding`. `PostgreSQL` keeps the old row until it is vacuumed and
/// its own log of writes for as long as it is set to, and no backup forgets: what is left there is the ciphertext alone.
pub(crate) async fn delete(
    transaction: &mut Transaction,
    workspace: &str,
    id: &str,
) -> Result<bool, StoreError> {
    let text = "UPDATE credential_versions SET sealed = $3 WHERE credential = $2 AND EXISTS \
         (SELECT 1 FROM credentials WHERE workspace = $1 AND id = $2)";
    execute!(transaction, text, workspace, id, &[0_u8; 64][..])?;
    let text = "DELETE FROM credentials WHERE workspace = $1 AND id = $2";
    if execute!(transaction, text, workspace, id)? == 0 {
        return Ok(false);
    }
    execute!(transaction, "DELETE FROM uses WHERE credential = $1", id)?;
    execute!(
        transaction,
        "DELETE FROM uses_by_hour WHERE credential = $1",
        id
    )?;
    Ok(true)
}
