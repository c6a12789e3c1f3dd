//! The rows of keys: proofs of the master keys, and what they wrap.

use sqlx::FromRow;

use super::{Database, StoreError, Transaction};

/// A wrapped key.
#[derive(FromRow)]
pub(crate) struct WrappedKey {
    pub(crate) id: String,
    pub(crate) master_key: String,
    pub(crate) wrapped: Vec<u8>,
}

/// Holds other hosts' first starts back until the transaction ends. `SQLite`'s writer is alone as it is.
pub(crate) async fn lock_first_start(transaction: &mut Transaction) -> Result<(), StoreError> {
    if let Transaction::Postgres(transaction) = transaction {
        // "claviger" in ASCII.
        sqlx::query("SELECT pg_advisory_xact_lock(7164774750938461554)")
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// The proofs of all master keys that ever sealed something here.
pub(crate) async fn proofs(
    transaction: &mut Transaction,
) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
    fetch_all!(
        transaction,
        (String, Vec<u8>),
        "SELECT id, proof FROM master_keys ORDER BY created_at, id"
    )
}

/// Remembers a master key by its proof.
pub(crate) async fn add_proof(
    transaction: &mut Transaction,
    id: &str,
    proof: &[u8],
    now: i64,
) -> Result<(), StoreError> {
    let text = "INSERT INTO master_keys (id, proof, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    execute!(transaction, text, id, proof, now)?;
    Ok(())
}

/// The active key of a purpose, of a workspace or (where it is empty) of the host.
pub(crate) async fn active(
    database: &Database,
    purpose: &str,
    workspace: &str,
) -> Result<Option<WrappedKey>, StoreError> {
    let mut reader = database.read().await?;
    let text = "SELECT id, master_key, wrapped FROM wrapped_keys WHERE purpose = $1 AND workspace = $2 AND active = 1";
    fetch_optional!(reader, WrappedKey, text, purpose, workspace)
}

/// All keys of a purpose that the host has for itself, active or not.
pub(crate) async fn of_host(
    database: &Database,
    purpose: &str,
) -> Result<Vec<WrappedKey>, StoreError> {
    let mut reader = database.read().await?;
    let text =
        "SELECT id, master_key, wrapped FROM wrapped_keys WHERE purpose = $1 AND workspace = ''";
    fetch_all!(reader, WrappedKey, text, purpose)
}

/// The key of that id, of that purpose and workspace.
pub(crate) async fn by_id(
    database: &Database,
    id: &str,
    purpose: &str,
    workspace: &str,
) -> Result<Option<WrappedKey>, StoreError> {
    let mut reader = database.read().await?;
    let text = "SELECT id, master_key, wrapped FROM wrapped_keys WHERE id = $1 AND purpose = $2 AND workspace = $3";
    fetch_optional!(reader, WrappedKey, text, id, purpose, workspace)
}

/// Adds an active key, unless there is one: of two hosts that draw one at once, one wins, and both read that one after.
pub(crate) async fn add(
    database: &Database,
    key: &WrappedKey,
    purpose: &str,
    workspace: &str,
    now: i64,
) -> Result<(), StoreError> {
    let mut transaction = database.begin().await?;
    let text = "INSERT INTO wrapped_keys (id, purpose, workspace, master_key, wrapped, active, created_at) \
         VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT DO NOTHING";
    execute!(
        transaction,
        text,
        &key.id,
        purpose,
        workspace,
        &key.master_key,
        &key.wrapped,
        now
    )?;
    transaction.commit().await
}
