//! Opening the vault, and what its first start makes.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use claviger_runtime::catalogue::Catalogue;
use claviger_runtime::clock::Clock;
use claviger_runtime::secret::Secret;
use thiserror::Error;
use tokio::sync::Notify;

use crate::audit::AuditWriter;
use crate::backends::Configured;
use crate::credentials::cache::CredentialCache;
use crate::credentials::list::CountCache;
use crate::credentials::shredding;
use crate::error::VaultError;
use crate::idempotency::Repeats;
use crate::identity::{
    FirstStart, Identity, IdentityError, LONGEST_PASSWORD, Passwords, SHORTEST_PASSWORD,
};
use crate::ids::CredentialId;
use crate::jobs::Lanes;
use crate::plugins::{GrantNews, ToldEvents};
use crate::rotation::RotationOptions;
use crate::seal::MasterKeys;
use crate::seal::keys::{Keys, ProofError};
use crate::store::listen::{self, Heed};
use crate::store::{Database, StoreError};
use crate::underway::Underway;
use crate::vault::{Inner, Vault};

/// What a vault is opened with.
pub struct VaultOptions {
    /// `sqlite:<path>` or `postgres://…`.
    pub database_url: String,
    /// The master keys, loaded by [`MasterKeys::load`].
    pub master_keys: MasterKeys,
    /// The first administrator's password; none draws one.
    pub admin_password: Option<Secret>,
    /// How long a token is good for.
    pub token_lifetime: Duration,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
    /// How rotations go.
    pub rotation: RotationOptions,
    /// The plugins, which their owner swaps.
    pub catalogue: Arc<ArcSwap<Catalogue>>,
}

/// A vault that is open.
pub struct Opened {
    /// It.
    pub vault: Vault,
    /// What the first start made; none where it isn't the first.
    pub first_start: Option<FirstStart>,
}

/// Why a vault doesn't open.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The database can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password given for the first administrator isn't one.
    #[error(
        "CLAVIGER_ADMIN_PASSWORD, the first administrator's password, has to have {SHORTEST_PASSWORD} to \
         {LONGEST_PASSWORD} bytes; give another one, or none to have one drawn"
    )]
    AdminPassword,
    /// The master keys aren't this database's.
    #[error(transparent)]
    Keys(#[from] ProofError),
    /// What the first start makes couldn't be made, or a key couldn't be opened.
    #[error("the vault can't be opened: {0}")]
    Vault(#[from] VaultError),
    /// The first administrator can't be made: the password given for them isn't one, for instance.
    #[error("the first administrator: {0}")]
    FirstStart(#[from] IdentityError),
}

impl Vault {
    /// Opens a vault: brings the database up to date, checks the master keys, starts the audit log's writer.
    pub async fn open(options: VaultOptions) -> Result<Opened, OpenError> {
        // Before anything is made: a start that was refused leaves nothing behind. A variable that is set to nothing
        // gives none.
        let password = options.admin_password.filter(|given| !given.is_empty());
        if password
            .as_ref()
            .is_some_and(|given| !Passwords::fits(given))
        {
            return Err(OpenError::AdminPassword);
        }
        let database = Database::open(&options.database_url).await?;
        let now = i64::try_from(options.clock.now_ms()).unwrap_or(i64::MAX);
        let keys = Keys::prove(options.master_keys, &database, now).await?;
        let audit_key = keys
            .audit_key(&database, now)
            .await
            .map_err(VaultError::from)?;
        let repeats = Repeats::open(&database, &keys, now)
            .await
            .map_err(VaultError::from)?;
        let audit = AuditWriter::start(database.clone(), audit_key, Arc::clone(&options.clock));
        let credentials = Arc::new(CredentialCache::new(database.shared().is_some()));
        let identity = Identity::open(
            &database,
            &keys,
            &audit,
            options.token_lifetime,
            &options.clock,
        )
        .await;
        let identity = identity.map_err(VaultError::from)?;
        let memory: Arc<dyn Heed> = Arc::clone(&identity.memory) as _;
        let grants = GrantNews::default();
        let heed = vec![
            Arc::clone(&credentials) as _,
            memory,
            Arc::new(grants.clone()) as _,
        ];
        let listener = database
            .shared()
            .map(|pool| listen::start(pool.clone(), heed));
        let deleted = Arc::new(Notify::new());
        let shredding = shredding::start(&database, Arc::clone(&deleted));
        let inner = Inner {
            database,
            keys,
            audit,
            identity,
            repeats,
            credentials,
            counts: CountCache::default(),
            configured_backends: Configured::default(),
            catalogue: options.catalogue,
            grants,
            plugin_events: ToldEvents::default(),
            clock: options.clock,
            underway: Underway::new(),
            lanes: Lanes::default(),
            host: CredentialId::random().to_string().into(),
            rotation: options.rotation,
            deleted,
            shredding,
            listener,
        };
        let vault = Self {
            inner: Arc::new(inner),
        };
        let first_start = vault.first_start(password).await?;
        Ok(Opened { vault, first_start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::tests::support::SetClock;
    use crate::seal::MasterKeySource;

    #[tokio::test]
    async fn a_password_that_is_none_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        let keys = MasterKeys::load(&MasterKeySource::File { path, create: true }).unwrap();
        let file = directory.path().join("claviger.db");
        let options = VaultOptions {
            database_url: format!("sqlite:{}", file.display()),
            master_keys: keys,
            admin_password: Some(Secret::from("short".to_owned())),
            token_lifetime: Duration::from_hours(1),
            clock: Arc::new(SetClock::at_second(1_800_000_000)),
            rotation: RotationOptions::default(),
            catalogue: Arc::default(),
        };
        let Err(error) = Vault::open(options).await else {
            panic!("it was opened")
        };
        assert!(error.to_string().contains("CLAVIGER_ADMIN_PASSWORD"));
        assert!(!error.to_string().contains("short"));
        let left = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(left, 0);
    }
}
