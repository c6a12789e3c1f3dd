//! From a configuration to a server that is ready: the data directory, the master keys, the plugins, the vault.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use claviger_runtime::{
    CacheOptions, Catalogue, Clock, LoadError, Runtime, RuntimeOptions, SetupError, SystemClock,
};
use claviger_vault::identity::FirstStart;
use claviger_vault::seal::{MasterKeyError, MasterKeySource, MasterKeys};
use claviger_vault::{OpenError, Opened, Vault, VaultError, VaultOptions};
use thiserror::Error;
use tracing::warn;

use crate::app::App;
use crate::config::{Config, ConfigError};
use crate::control::ControlSocket;
use crate::plugins::{Keeper, Keeping, Setup};

mod data_directory;
mod lock;
mod plugins;
mod tools;

pub(crate) use lock::Lock;
pub(crate) use plugins::{load_plugins, plugin_directory_of};
pub(crate) use tools::tool_runtime;

/// The file in the data directory that holds the master keys where nothing else is said.
const MASTER_KEY_FILE: &str = "master.key";
/// The database in the data directory where nothing else is said.
const DATABASE_FILE: &str = "claviger.db";
/// The directory in the data directory that compiled plugins are kept in.
const CACHE_DIRECTORY: &str = "cache";
/// How long a token is good for; it can be refreshed until then.
const TOKEN_LIFETIME: Duration = Duration::from_hours(24);
/// What the key that authenticates compiled plugins is derived for.
const CACHE_PURPOSE: &str = "compiled plugins";

/// Why the server doesn't start. The text says what to change.
#[derive(Debug, Error)]
pub(crate) enum StartError {
    #[error("can't listen on {address}")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("the data directory {path} can't be used")]
    DataDirectory {
        path: String,
        source: std::io::Error,
    },
    #[error(
        "another claviger works with the data directory {path}; stop that one, or give this one a directory of its own \
         (CLAVIGER_DATA_DIR)"
    )]
    Locked { path: String },
    #[error("there is no database at {path}; start the server once, or name the right one")]
    NoDatabase { path: String },
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    #[error(transparent)]
    Runtime(#[from] SetupError),
    #[error("the plugin `{name}` can't be loaded")]
    Plugin {
        name: &'static str,
        source: Box<LoadError>,
    },
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Vault(#[from] OpenError),
    #[error("the backends of the configuration can't be looked at: {0}")]
    Backends(#[from] VaultError),
}

/// A server that is ready.
pub(crate) struct Started {
    pub(crate) app: App,
    pub(crate) vault: Vault,
    pub(crate) plugins: usize,
    /// To be ended before the vault is closed.
    pub(crate) keeping: Keeping,
    /// Where the operator's commands come in, where there is such a place.
    pub(crate) control: Option<ControlSocket>,
    pub(crate) first_start: Option<FirstStart>,
    /// To be kept until the vault is closed.
    pub(crate) lock: Option<Lock>,
}

/// Makes a server ready.
pub(crate) async fn start(config: Config) -> Result<Started, StartError> {
    data_directory::prepare(&config.data_dir)?;
    let lock = lock(&config)?;
    warn_of_key_beside_database(&config);
    let master_keys = MasterKeys::load(&master_key_source(&config))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let cache = CacheOptions {
        directory: config.data_dir.join(CACHE_DIRECTORY),
        key: master_keys.derived_key(CACHE_PURPOSE),
    };
    let runtime = Runtime::new(RuntimeOptions {
        cache: Some(cache),
        clock: Arc::clone(&clock),
        ..Default::default()
    })?;
    let embedded = load_plugins(&runtime, &config.plugins.settings).await?;
    let catalogue = Arc::new(ArcSwap::from_pointee(Catalogue::new(embedded.clone())));
    let directory = plugin_directory_of(&config);
    data_directory::prepare(directory.path())?;
    let control = lock
        .as_ref()
        .and_then(|lock| ControlSocket::bind(&config.data_dir, lock));
    let plugins = config.plugins.clone();
    let backends = config.backend.check()?;
    let options = vault_options(
        config,
        master_keys,
        Arc::clone(&clock),
        Arc::clone(&catalogue),
    );
    let Opened { vault, first_start } = Vault::open(options).await?;
    let (keeper, keeping) = Keeper::start(Setup {
        runtime,
        vault: vault.clone(),
        catalogue: Arc::clone(&catalogue),
        embedded,
        directory,
        config: plugins,
    })
    .await;
    // Once the plugins are there: what is wrong with a backend is told, and may be put right while the server works.
    for problem in vault.configure_backends(backends).await? {
        warn!("{problem}");
    }
    let count = catalogue.load().iter().count();
    Ok(Started {
        app: App::new(vault.clone(), catalogue, keeper, clock),
        vault,
        plugins: count,
        keeping,
        control,
        first_start,
        lock,
    })
}

/// The data directory for this process alone, where the database is a file: what a process remembers of it has to be true,
/// and nothing tells one process what another has changed. Hosts that share a `PostgreSQL` tell each other; of those that
/// share a data directory as well, the first has the control socket.
fn lock(config: &Config) -> Result<Option<Lock>, StartError> {
    let shared = config
        .database_url
        .as_ref()
        .is_some_and(|url| !url.starts_with("sqlite:"));
    match Lock::take(&config.data_dir) {
        Err(StartError::Locked { .. }) if shared => Ok(None),
        taken => taken.map(Some),
    }
}

/// Opens the vault alone, without plugins, for commands that ask it something.
pub(crate) async fn open_vault(config: Config) -> Result<Opened, StartError> {
    expect_database(&config)?;
    let source = match master_key_source(&config) {
        MasterKeySource::File { path, .. } => MasterKeySource::File {
            path,
            create: false,
        },
        value @ MasterKeySource::Value(_) => value,
    };
    let master_keys = MasterKeys::load(&source)?;
    let catalogue = Arc::new(ArcSwap::from_pointee(Catalogue::default()));
    let options = vault_options(config, master_keys, Arc::new(SystemClock), catalogue);
    Ok(Vault::open(options).await?)
}

/// The same for commands that change something that a server beside them would have to be told.
pub(crate) async fn open_vault_alone(config: Config) -> Result<(Option<Lock>, Opened), StartError> {
    expect_database(&config)?;
    let lock = lock(&config)?;
    Ok((lock, open_vault(config).await?))
}

/// A command makes no database: where there is none, it was pointed at the wrong place.
fn expect_database(config: &Config) -> Result<(), StartError> {
    let database = config.data_dir.join(DATABASE_FILE);
    if config.database_url.is_none() && !database.exists() {
        return Err(StartError::NoDatabase {
            path: database.display().to_string(),
        });
    }
    Ok(())
}

fn vault_options(
    config: Config,
    master_keys: MasterKeys,
    clock: Arc<dyn Clock>,
    catalogue: Arc<ArcSwap<Catalogue>>,
) -> VaultOptions {
    let in_directory = || sqlite_url(&config.data_dir.join(DATABASE_FILE));
    VaultOptions {
        database_url: config.database_url.clone().unwrap_or_else(in_directory),
        master_keys,
        admin_password: config.admin_password,
        token_lifetime: TOKEN_LIFETIME,
        rotation: config.rotation.into(),
        clock,
        catalogue,
    }
}

/// The URL of a file. What would end its path, or begin an escape in it, is escaped.
fn sqlite_url(path: &Path) -> String {
    format!(
        "sqlite:{}",
        path.display()
            .to_string()
            .replace('%', "%25")
            .replace('?', "%3F")
    )
}

/// Where the master keys are.
fn master_key_source(config: &Config) -> MasterKeySource {
    if let Some(value) = &config.master_key {
        return MasterKeySource::Value(value.clone());
    }
    let path = config
        .master_key_file
        .clone()
        .unwrap_or_else(|| config.data_dir.join(MASTER_KEY_FILE));
    MasterKeySource::File { path, create: true }
}

/// Says what a key in the data directory is worth where the database is there, too.
fn warn_of_key_beside_database(config: &Config) {
    if config.master_key.is_none()
        && config.master_key_file.is_none()
        && config.database_url.is_none()
    {
        warn!(
            "the master key lies beside the database, in {}: it protects against a stolen database file and against \
             nothing else; set CLAVIGER_MASTER_KEY_FILE to keep it elsewhere",
            config.data_dir.display()
        );
    }
}
