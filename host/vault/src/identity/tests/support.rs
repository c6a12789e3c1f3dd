//! A vault of its own for each test.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use claviger_runtime::clock::Clock;
use claviger_runtime::secret::Secret;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::identity::{Caller, NewUser, User};
use crate::ids::WorkspaceId;
use crate::open::{OpenError, Opened, VaultOptions};
use crate::permission::user;
use crate::request::RequestInfo;
use crate::rotation::{RotationOptions, Waits};
use crate::seal::{MasterKeySource, MasterKeys};
use crate::store::audit::{self, AuditRow};
use crate::vault::Vault;

/// A clock that a test sets.
pub(crate) struct SetClock(AtomicU64);

impl SetClock {
    pub(crate) fn at_second(second: u64) -> Self {
        Self(AtomicU64::new(second * 1000))
    }

    pub(crate) fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for SetClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A vault that was just started for the first time.
pub(crate) struct House {
    pub(crate) vault: Vault,
    pub(crate) clock: Arc<SetClock>,
    pub(crate) default_workspace: WorkspaceId,
    /// What was drawn for `admin`.
    pub(crate) admin_password: String,
    url: String,
    directory: TempDir,
    postgres: Option<(String, String)>,
}

pub(crate) const LIFETIME: Duration = Duration::from_hours(1);

impl House {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let postgres = match server() {
            Some(server) => {
                let name = format!("claviger_identity_{:016x}", rand::random::<u64>());
                statement(&server, format!("CREATE DATABASE {name}")).await;
                Some((server, name))
            }
            None => None,
        };
        let url = match &postgres {
            Some((server, name)) => {
                let mut url = url::Url::parse(server).unwrap();
                url.set_path(name);
                url.to_string()
            }
            None => format!("sqlite:{}", directory.path().join("claviger.db").display()),
        };
        let clock = Arc::new(SetClock::at_second(1_800_000_000));
        let opened = open(&url, &directory, &clock).await;
        let first_start = opened.first_start.expect("it was never started before");
        Self {
            vault: opened.vault,
            clock,
            default_workspace: first_start.default_workspace,
            admin_password: first_start
                .admin_password
                .expect("none was given")
                .to_string(),
            url,
            directory,
            postgres,
        }
    }

    /// Another host on the same database; for `SQLite`, the same one started again.
    pub(crate) async fn another(&self) -> Opened {
        open(&self.url, &self.directory, &self.clock).await
    }

    /// The same database, with other master keys.
    pub(crate) async fn open_with(&self, master_keys: MasterKeys) -> Result<Opened, OpenError> {
        open_keys(&self.url, master_keys, &self.clock).await
    }

    /// Where its files are.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Caller {
        let token = self.token(username, password).await;
        self.vault.authenticate(&token, &request()).await.unwrap()
    }

    pub(crate) async fn token(&self, username: &str, password: &str) -> String {
        let issued = self
            .vault
            .log_in(username, secret(password), &request())
            .await;
        issued
            .unwrap_or_else(|error| panic!("{username}: {error}"))
            .token
            .to_string()
    }

    pub(crate) async fn admin(&self) -> Caller {
        self.log_in("admin", &self.admin_password).await
    }

    /// A user who is no administrator, with the password `password of <name>`.
    pub(crate) async fn user(&self, username: &str) -> User {
        let admin = self.admin().await;
        let permit = self
            .vault
            .server_permit::<user::Manage>(&admin)
            .await
            .unwrap();
        let new = NewUser {
            username: username.to_owned(),
            password: secret(&password_of(username)),
            administrator: false,
            home_workspace: None,
        };
        self.vault.create_user(&permit, new).await.unwrap()
    }

    /// The whole audit log, the oldest entry first.
    pub(crate) async fn entries(&self) -> Vec<AuditRow> {
        audit::after(&self.vault.inner.database, 0, i64::MAX)
            .await
            .unwrap()
    }

    pub(crate) async fn close(self) {
        self.vault.close().await;
        if let Some((server, name)) = &self.postgres {
            statement(server, format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

pub(crate) fn password_of(username: &str) -> String {
    format!("password of {username}")
}

pub(crate) fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

pub(crate) fn request() -> RequestInfo {
    RequestInfo {
        trace_id: "trace".to_owned(),
        address: Some([127, 0, 0, 1].into()),
    }
}

async fn open(url: &str, directory: &TempDir, clock: &Arc<SetClock>) -> Opened {
    let path = directory.path().join("master.key");
    let keys = MasterKeys::load(&MasterKeySource::File { path, create: true }).unwrap();
    open_keys(url, keys, clock).await.unwrap()
}

async fn open_keys(
    url: &str,
    master_keys: MasterKeys,
    clock: &Arc<SetClock>,
) -> Result<Opened, OpenError> {
    let clock: Arc<dyn Clock> = Arc::<SetClock>::clone(clock);
    let options = VaultOptions {
        database_url: url.to_owned(),
        master_keys,
        admin_password: None,
        token_lifetime: LIFETIME,
        clock,
        rotation: RotationOptions {
            // A test waits for nothing.
            waits: Waits {
                first: Duration::from_millis(1),
                rejected: Duration::from_millis(20),
                unknown: Duration::from_millis(20),
            },
            ..RotationOptions::default()
        },
        catalogue: Arc::default(),
    };
    Vault::open(options).await
}

async fn statement(server: &str, text: String) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(text))
        .execute(&mut connection)
        .await
        .unwrap();
}

#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
fn server() -> Option<String> {
    std::env::var("CLAVIGER_TEST_DATABASE_URL")
        .ok()
        .filter(|url| !url.is_empty())
}
