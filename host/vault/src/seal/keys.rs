//! The keys that the vault makes, wrapped in the database and unwrapped in memory.

use std::collections::HashMap;
use std::sync::Arc;

use moka::sync::Cache;
use thiserror::Error;
use zeroize::Zeroizing;

use super::envelope::{SealKey, Unopened};
use super::master::{MasterKeyError, MasterKeys};
use super::random;
use crate::audit::AuditKey;
use crate::error::{InternalError, VaultError};
use crate::ids::WorkspaceId;
use crate::store::keys::{self as rows, WrappedKey};
use crate::store::{Database, StoreError};

/// What a master key's proof is sealed from.
const PROOF: &[u8] = b"claviger: this is the master key";
/// What data keys are for.
const DATA: &str = "data";
/// What the audit chain's keys are for.
const AUDIT: &str = "audit";
/// Data keys in memory: one for each workspace at work.
const DATA_KEYS: u64 = 10_000;

/// Why a key can't be had.
#[derive(Debug, Error)]
pub(crate) enum KeyError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is wrapped by a master key that isn't here.
    #[error(
        "the key {key} is wrapped by the master key {master}, which isn't among those that were given"
    )]
    NoMaster {
        /// The key's id.
        key: String,
        /// The master key's id.
        master: String,
    },
    /// There is no key of this id, in this workspace.
    #[error("there is no data key {0} in this workspace")]
    NoKey(String),
    /// It doesn't open.
    #[error("the key {0}: {1}")]
    Unopened(String, Unopened),
}

impl From<KeyError> for VaultError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Store(error) => error.into(),
            error => InternalError::new(error).into(),
        }
    }
}

/// Why the master keys and the database don't go together.
#[derive(Debug, Error)]
pub enum ProofError {
    /// The database was sealed with other keys.
    #[error(
        "the database is sealed with the master key {needed}, and the one given is {given}: give the key that this \
         database was made with, or another database"
    )]
    WrongKey {
        /// The id of the key that is needed.
        needed: String,
        /// The id of the active key that was given.
        given: String,
    },
    /// The database holds sealed data, and the key's file is gone.
    #[error(
        "there is no master key at {path}, and the database is sealed with the master key {needed}: restore the file; a \
         new key would open nothing"
    )]
    Lost {
        /// Where the key was looked for.
        path: std::path::PathBuf,
        /// The id of the key that is needed.
        needed: String,
    },
    /// The new key can't be written.
    #[error(transparent)]
    Master(#[from] MasterKeyError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A workspace's data key, unwrapped. What it wraps is zeroed when the last of it goes.
#[derive(Clone)]
pub(crate) struct DataKey {
    pub(crate) id: Arc<str>,
    pub(crate) seal: SealKey,
}

/// All keys of the vault.
pub(crate) struct Keys {
    master: MasterKeys,
    active: Cache<WorkspaceId, DataKey>,
    by_id: Cache<(WorkspaceId, Arc<str>), DataKey>,
}

impl Keys {
    /// Checks that the master keys are those of this database, or makes them so where it is empty.
    pub(crate) async fn prove(
        mut master: MasterKeys,
        database: &Database,
        now: i64,
    ) -> Result<Self, ProofError> {
        let mut transaction = database.begin().await?;
        rows::lock_first_start(&mut transaction).await?;
        let proofs = rows::proofs(&mut transaction).await?;
        if let Some((needed, _)) = proofs.last()
            && let Some(path) = master.unsaved()
        {
            return Err(ProofError::Lost {
                path: path.clone(),
                needed: needed.clone(),
            });
        }
        for (id, proof) in &proofs {
            let opens =
                |key: &super::master::MasterKey| key.seal.open(proof, id.as_bytes()).is_ok();
            // Every key that ever sealed something must be here: without it, something doesn't open.
            if !master.by_id(id).is_some_and(opens) {
                return Err(ProofError::WrongKey {
                    needed: id.clone(),
                    given: master.active().id.clone(),
                });
            }
        }
        master.save()?;
        for key in master.iter() {
            if !proofs.iter().any(|(id, _)| *id == key.id) {
                let proof = key
                    .seal
                    .seal(PROOF, key.id.as_bytes())
                    .map_err(|why| StoreError::damaged("proof", why))?;
                rows::add_proof(&mut transaction, &key.id, &proof, now).await?;
            }
        }
        transaction.commit().await?;
        Ok(Self {
            master,
            active: Cache::new(DATA_KEYS),
            by_id: Cache::new(DATA_KEYS),
        })
    }

    /// The data key that a workspace's secrets are sealed with now. The first one is made when it is first needed.
    pub(crate) async fn sealing(
        &self,
        database: &Database,
        workspace: WorkspaceId,
        now: i64,
    ) -> Result<DataKey, KeyError> {
        if let Some(key) = self.active.get(&workspace) {
            return Ok(key);
        }
        let (id, key) = self
            .active_key(database, DATA, &workspace.to_string(), now)
            .await?;
        let key = DataKey {
            id: id.into(),
            seal: SealKey::new(&key),
        };
        self.by_id
            .insert((workspace, Arc::clone(&key.id)), key.clone());
        self.active.insert(workspace, key.clone());
        Ok(key)
    }

    /// The data key of that id, if it is that workspace's.
    pub(crate) async fn opening(
        &self,
        database: &Database,
        workspace: WorkspaceId,
        id: &Arc<str>,
    ) -> Result<DataKey, KeyError> {
        let place = (workspace, Arc::clone(id));
        if let Some(key) = self.by_id.get(&place) {
            return Ok(key);
        }
        let workspace = workspace.to_string();
        let row = rows::by_id(database, id, DATA, &workspace)
            .await?
            .ok_or_else(|| KeyError::NoKey(id.to_string()))?;
        let key = DataKey {
            id: Arc::clone(id),
            seal: SealKey::new(&*self.unwrap(&row, DATA, &workspace)?),
        };
        self.by_id.insert(place, key.clone());
        Ok(key)
    }

    /// A key of the host itself, made when it is first needed: 32 random bytes, and its id.
    pub(crate) async fn of_host(
        &self,
        database: &Database,
        purpose: &str,
        now: i64,
    ) -> Result<(String, Zeroizing<[u8; 32]>), KeyError> {
        self.active_key(database, purpose, "", now).await
    }

    /// The key that the audit chain goes on with.
    pub(crate) async fn audit_key(
        &self,
        database: &Database,
        now: i64,
    ) -> Result<AuditKey, KeyError> {
        let (id, key) = self.of_host(database, AUDIT, now).await?;
        Ok(AuditKey { id, key })
    }

    /// All keys that the audit chain ever had, by id.
    pub(crate) async fn audit_keys(
        &self,
        database: &Database,
    ) -> Result<HashMap<String, Zeroizing<[u8; 32]>>, KeyError> {
        let rows = rows::of_host(database, AUDIT).await?;
        rows.into_iter()
            .map(|row| Ok((row.id.clone(), self.unwrap(&row, AUDIT, "")?)))
            .collect()
    }

    async fn active_key(
        &self,
        database: &Database,
        purpose: &str,
        workspace: &str,
        now: i64,
    ) -> Result<(String, Zeroizing<[u8; 32]>), KeyError> {
        let row = if let Some(row) = rows::active(database, purpose, workspace).await? {
            row
        } else {
            let id = u64::from_be_bytes(random::bytes());
            let id = format!("{id:016x}");
            let key = Zeroizing::new(random::bytes::<32>());
            let wrapping = self.master.active();
            let place = place(&id, purpose, workspace, &wrapping.id);
            let wrapped = wrapping.seal.seal(key.as_slice(), &place);
            let wrapped = wrapped.map_err(|why| KeyError::Unopened(id.clone(), why))?;
            let made = WrappedKey {
                id,
                master_key: wrapping.id.clone(),
                wrapped,
            };
            rows::add(database, &made, purpose, workspace, now).await?;
            // Another host may have been faster: what the database has is what counts.
            rows::active(database, purpose, workspace)
                .await?
                .ok_or(KeyError::NoKey(made.id))?
        };
        let key = self.unwrap(&row, purpose, workspace)?;
        Ok((row.id, key))
    }

    fn unwrap(
        &self,
        row: &WrappedKey,
        purpose: &str,
        workspace: &str,
    ) -> Result<Zeroizing<[u8; 32]>, KeyError> {
        let missing = || KeyError::NoMaster {
            key: row.id.clone(),
            master: row.master_key.clone(),
        };
        let wrapping = self.master.by_id(&row.master_key).ok_or_else(missing)?;
        let place = place(&row.id, purpose, workspace, &wrapping.id);
        let unopened = |why| KeyError::Unopened(row.id.clone(), why);
        let key = wrapping.seal.open(&row.wrapped, &place).map_err(unopened)?;
        <[u8; 32]>::try_from(key.as_slice())
            .map(Zeroizing::new)
            .map_err(|_| unopened(Unopened))
    }
}

/// What a wrapped key is bound to: one that is moved to another purpose or workspace doesn't open.
fn place(id: &str, purpose: &str, workspace: &str, master: &str) -> Vec<u8> {
    ["claviger key", id, purpose, workspace, master]
        .join("\0")
        .into_bytes()
}
