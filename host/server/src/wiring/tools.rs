//! A runtime for commands that look at plugin files without a server.

use claviger_runtime::{CacheOptions, Runtime, RuntimeOptions};
use claviger_vault::seal::{MasterKeySource, MasterKeys};

use super::{CACHE_DIRECTORY, CACHE_PURPOSE, StartError, master_key_source};
use crate::config::Config;

/// It shares the server's cache of compiled code where the server's master key is there to be read, so that a plugin that
/// was checked on the server's machine serves as soon as it is dropped in. It makes no key and no data directory.
pub(crate) fn tool_runtime(config: &Config) -> Result<Runtime, StartError> {
    let cache = existing_keys(config).map(|keys| CacheOptions {
        directory: config.data_dir.join(CACHE_DIRECTORY),
        key: keys.derived_key(CACHE_PURPOSE),
    });
    Ok(Runtime::new(RuntimeOptions {
        cache,
        ..Default::default()
    })?)
}

fn existing_keys(config: &Config) -> Option<MasterKeys> {
    let source = match master_key_source(config) {
        MasterKeySource::File { path, .. } => MasterKeySource::File {
            path,
            create: false,
        },
        value @ MasterKeySource::Value(_) => value,
    };
    MasterKeys::load(&source).ok()
}
