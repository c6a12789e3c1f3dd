//! What the operator decides: `claviger.toml`, and every key of it also as `CLAVIGER_…`.
//!
//! The environment wins over the file, the file over the defaults. A key that isn't known is an error that names it: a
//! misspelt setting is never one that is silently not there. What is secret comes from the environment alone. Relative paths are relative to the working directory.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use claviger_runtime::secret::Secret;
use figment::Figment;
use figment::providers::{Format, Toml};
use serde::Deserialize;

use environment::{ADMIN_PASSWORD, MASTER_KEY};

mod backends;
mod environment;
mod error;
mod plugins;
mod rotation;
mod values;

pub use backends::Backends;
pub use environment::{CONFIG, Environment};
pub use error::ConfigError;
pub use plugins::{Approval, Plugins};
pub use rotation::{Overlap, Rotation};
pub use values::{LogFormat, LogLevel};

/// The file that is read where none is named, if it is there.
const FILE: &str = "claviger.toml";

/// Everything that can be set.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Where the server keeps what it keeps: the database, the master key, compiled plugins.
    #[serde(default = "values::default_data_dir")]
    pub data_dir: PathBuf,
    /// The address that every surface is served on.
    #[serde(
        default = "values::default_listen",
        deserialize_with = "values::listen"
    )]
    pub listen: SocketAddr,
    /// Where the database is, as a URL; `SQLite` in the data directory if not set.
    #[serde(default)]
    pub database_url: Option<String>,
    /// The file that holds the master keys.
    #[serde(default)]
    pub master_key_file: Option<PathBuf>,
    /// The master key itself: 32 bytes in base64. In the environment alone.
    #[serde(skip)]
    pub master_key: Option<Secret>,
    /// The first administrator's password, used at the first start alone. In the environment alone.
    #[serde(skip)]
    pub admin_password: Option<Secret>,
    /// What log lines look like.
    #[serde(default)]
    pub log_format: LogFormat,
    /// Which log lines are written.
    #[serde(default)]
    pub log_level: LogLevel,
    /// What leases are issued from.
    #[serde(default)]
    pub backend: Backends,
    /// How credentials rotate.
    #[serde(default)]
    pub rotation: Rotation,
    /// Which plugins serve, and what the operator sets for each.
    #[serde(default)]
    pub plugins: Plugins,
}

impl Config {
    /// Reads the file, `claviger.toml` if `file` is none, and then the environment.
    pub fn load(file: Option<&Path>, environment: Environment) -> Result<Self, ConfigError> {
        let mut figment = Figment::new();
        if let Some((path, text)) = read(file)? {
            figment = figment.merge(NamedToml { path, text });
        }
        let (master_key, admin_password) = (
            environment.secret(MASTER_KEY)?,
            environment.secret(ADMIN_PASSWORD)?,
        );
        let config = Self {
            master_key,
            admin_password,
            ..figment.merge(environment).extract()?
        };
        if config.master_key.is_some() && config.master_key_file.is_some() {
            return Err(ConfigError::TwoMasterKeys);
        }
        config.backend.check()?;
        if config.plugins.require_signature && config.plugins.authors.is_empty() {
            return Err(ConfigError::NoAuthors);
        }
        Ok(config)
    }
}

fn read(named: Option<&Path>) -> Result<Option<(PathBuf, String)>, ConfigError> {
    let path = named.unwrap_or(Path::new(FILE)).to_owned();
    match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ConfigError::Unreadable { path, source }),
    }
}

/// The file's text under the file's name, so that an error says which file to open.
struct NamedToml {
    path: PathBuf,
    text: String,
}

impl figment::Provider for NamedToml {
    fn metadata(&self) -> figment::Metadata {
        figment::Metadata::named(self.path.display().to_string())
    }

    fn data(
        &self,
    ) -> figment::error::Result<figment::value::Map<figment::Profile, figment::value::Dict>> {
        Toml::string(&self.text).data()
    }
}

#[cfg(test)]
mod tests;
