//! What happens to plugins, for the audit log and the server's. Written beside the rounds, which don't wait for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use claviger_runtime::{Plugin, PluginState};
use claviger_vault::Vault;
use claviger_vault::plugins::PluginEvent;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tracing::{info, warn};

/// How many events wait to be written; more than there can be files.
const WAITING: usize = 4096;

/// How many are written at a time: they share a commit.
const AT_A_TIME: usize = 64;

struct Event {
    event: PluginEvent,
    name: String,
    detail: Map<String, Value>,
}

/// Tells of each thing once.
pub(super) struct Events {
    sender: mpsc::Sender<Event>,
    /// Since when each resting plugin rests, by its hash: a longer rest is another event.
    resting: BTreeMap<[u8; 32], u64>,
}

impl Events {
    /// Starts the task that writes; it ends with this.
    pub(super) fn start(vault: Vault) -> Self {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let mut events = Vec::new();
            while receiver.recv_many(&mut events, AT_A_TIME).await > 0 {
                let writes = events.drain(..).map(|event| write(&vault, event));
                join_all(writes).await;
            }
        });
        Self {
            sender,
            resting: BTreeMap::new(),
        }
    }

    /// A plugin serves from now on.
    pub(super) fn loaded(&self, file: &str, plugin: &Plugin) {
        let (name, version) = (plugin.name(), plugin.version());
        info!(file, name, %version, "a plugin serves");
        let detail = [
            ("version", json!(version.to_string())),
            ("hash", json!(plugin.hash().to_hex().as_str())),
            ("file", json!(file)),
        ];
        self.tell(PluginEvent::Loaded, name, detail);
    }

    /// A file can't serve. None where that was told before.
    pub(super) fn refused(&self, file: &str, reason: Option<&str>) {
        if let Some(reason) = reason {
            warn!(file, reason, "a plugin file is refused");
            self.tell(PluginEvent::Refused, file, [("reason", json!(reason))]);
        }
    }

    /// Tells of those that rest now and didn't before.
    pub(super) fn of_quarantine(&mut self, serving: &[Arc<Plugin>]) {
        let mut resting = BTreeMap::new();
        for plugin in serving {
            let health = plugin.health();
            let PluginState::Resting { until_ms } = health.state else {
                continue;
            };
            let hash = *plugin.hash().as_bytes();
            if self.resting.get(&hash) != Some(&until_ms) {
                let (name, version) = (plugin.name(), plugin.version());
                warn!(name, %version, failures = health.failures, "a plugin rests");
                let detail = [
                    ("version", json!(version.to_string())),
                    ("failures", json!(health.failures)),
                    ("until_ms", json!(until_ms)),
                ];
                self.tell(PluginEvent::Quarantined, name, detail);
            }
            resting.insert(hash, until_ms);
        }
        self.resting = resting;
    }

    fn tell(
        &self,
        event: PluginEvent,
        name: &str,
        detail: impl IntoIterator<Item = (&'static str, Value)>,
    ) {
        let detail = detail
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect();
        let name = name.to_owned();
        let told = self.sender.try_send(Event {
            event,
            name,
            detail,
        });
        if told.is_err() {
            warn!(
                "what happens to plugins is not in the audit log: it can't be written fast enough"
            );
        }
    }
}

async fn write(vault: &Vault, event: Event) {
    let Event {
        event,
        name,
        detail,
    } = event;
    if let Err(error) = vault.record_plugin_event(event, &name, detail).await {
        warn!(%error, name, ?event, "what happened to a plugin is not in the audit log");
    }
}
