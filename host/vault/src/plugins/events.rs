//! What happens to plugins beside being granted something.

use moka::sync::Cache;
use serde_json::{Map, Value};

use crate::audit::{Author, NewEntry, action};
use crate::error::VaultError;
use crate::vault::Vault;

/// Names whose last event is remembered.
const MOST_NAMES: u64 = 1024;

/// Something that happened to a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PluginEvent {
    /// It serves from now on.
    Loaded,
    /// Its file can't serve.
    Refused,
    /// It failed too often and doesn't serve for a while.
    Quarantined,
}

impl PluginEvent {
    const fn action(self) -> &'static str {
        match self {
            Self::Loaded => action::PLUGIN_LOADED,
            Self::Refused => action::PLUGIN_REFUSED,
            Self::Quarantined => action::PLUGIN_QUARANTINED,
        }
    }
}

/// The last event of each name, so that one that is told at each look at a directory is written once.
pub(crate) struct ToldEvents(Cache<String, blake3::Hash>);

impl Default for ToldEvents {
    fn default() -> Self {
        Self(Cache::new(MOST_NAMES))
    }
}

impl Vault {
    /// Writes an event to the audit log. The same twice in a row of one name (a plugin's, or a file's where that couldn't
    /// be read) is written once.
    pub async fn record_plugin_event(
        &self,
        event: PluginEvent,
        name: &str,
        detail: Map<String, Value>,
    ) -> Result<(), VaultError> {
        let mut entry = NewEntry::new(Author::System, event.action()).target(name);
        entry.success = event == PluginEvent::Loaded;
        entry.detail = detail;
        let what = format!("{}\0{}", entry.action, Value::Object(entry.detail.clone()));
        let what = blake3::hash(what.as_bytes());
        let told = &self.inner.plugin_events.0;
        if told.get(name) == Some(what) {
            return Ok(());
        }
        self.inner.audit.commit(entry, None).await?;
        told.insert(name.to_owned(), what);
        Ok(())
    }
}
