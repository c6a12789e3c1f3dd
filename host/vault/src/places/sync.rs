//! What n8n has of its own: its credentials become known here, without their secrets, and the places where those are in
//! use that were put there from here.
//!
//! All of it is listed before anything is written, so that a provider that fails leaves nothing. Each credential is written
//! by itself, with its own entry: what was done stays done, whatever comes after, and another sync goes on from there.

use std::sync::Arc;

use claviger_runtime::outcome::Entry;
use claviger_runtime::plugin::{Capability, Plugin};
use claviger_runtime::subject::CallContext;
use jiff::Timestamp;

use super::failure::Failed;
use crate::audit::{NewEntry, action};
use crate::credentials::CredentialRef;
use crate::credentials::model::Credential;
use crate::error::{InternalError, Problem, VaultError};
use crate::identity::Actor;
use crate::ids::{CredentialId, WorkspaceId};
use crate::permission::{Permit, credential};
use crate::vault::Vault;

mod found;
mod known;
mod names;

/// The plugin that is asked.
const PLUGIN: &str = "n8n";
/// The most pages that are asked for.
const MOST_PAGES: usize = 1000;
/// The most things that are taken in, and the most bytes in their texts.
const MOST_ENTRIES: usize = 20_000;
const MOST_TEXT: usize = 32 * 1024 * 1024;
/// What an inventory calls a credential.
const CREDENTIAL: &str = "credential";
/// What an inventory calls a place where one is in use.
const PLACE: &str = "workflow-node";

/// What a sync found.
#[derive(Debug, Clone)]
pub struct Synced {
    /// How many credentials n8n has.
    pub synced: u64,
    /// Those that weren't known.
    pub new: Vec<Arc<Credential>>,
    /// Those that are not as they were.
    pub updated: Vec<Renamed>,
    /// When.
    pub synced_at: Timestamp,
}

/// A credential that changed with a sync.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    /// Its name now.
    pub name: String,
    /// What changed.
    pub changes: Vec<&'static str>,
}

/// Who syncs, and what.
struct Round<'r> {
    /// May store credentials.
    permit: &'r Permit<credential::Create>,
    plugin: Arc<Plugin>,
    /// The connection's id.
    connection: String,
}

impl Vault {
    /// Makes n8n's credentials known, through the connection of that name, or else the only one there is.
    pub async fn sync_n8n(
        &self,
        permit: Permit<credential::Create>,
        _may_read: &Permit<credential::Read>,
        connection: Option<String>,
    ) -> Result<Synced, VaultError> {
        let vault = self.clone();
        let work = async move { vault.sync(&permit, connection.as_deref()).await };
        // None: the vault is closing.
        let task = self.inner.underway.spawn(work);
        task.ok_or(VaultError::Unavailable)?
            .await
            .map_err(InternalError::new)?
    }

    async fn sync(
        &self,
        permit: &Permit<credential::Create>,
        connection: Option<&str>,
    ) -> Result<Synced, VaultError> {
        let workspace = permit.workspace();
        let plugin = self.listing_plugin()?;
        let reach =
            || self.target_connection(&plugin, Capability::Inventory, workspace, connection);
        let through = reach()
            .await?
            .map_err(|reason| VaultError::Invalid(vec![Problem::new("connection", reason)]))?;
        let entry = |action| {
            NewEntry::by(permit.actor(), action)
                .within(workspace)
                .target(PLUGIN)
                .detail("connection", through.name.as_str())
        };
        self.inner
            .audit
            .commit(entry(action::SYNC_INTENT), None)
            .await?;
        let listed = self
            .list_all(permit.actor(), workspace, &plugin, &through.name)
            .await;
        let round = Round {
            permit,
            plugin: Arc::clone(&plugin),
            connection: through.subject.id.clone(),
        };
        let mut synced = Synced {
            synced: 0,
            new: Vec::new(),
            updated: Vec::new(),
            synced_at: self.now(),
        };
        let result = match listed {
            Ok(entries) => self.take_in(&round, &entries, &mut synced).await,
            Err(error) => Err(error),
        };
        let mut outcome = entry(action::SYNC)
            .regardless()
            .detail("synced", synced.synced)
            .detail("new", synced.new.len())
            .detail("updated", synced.updated.len());
        if let Err(error) = &result {
            outcome = outcome.failed().detail("reason", error.to_string());
        }
        self.inner.audit.commit(outcome, None).await?;
        match result {
            Ok(()) => Ok(synced),
            Err(error) => Err(in_the_middle(error, &synced)),
        }
    }

    fn listing_plugin(&self) -> Result<Arc<Plugin>, VaultError> {
        let catalogue = self.inner.catalogue.load();
        let plugin = catalogue.by_name(PLUGIN);
        let able = plugin.filter(|it| it.capabilities().contains(&Capability::Inventory));
        able.cloned().ok_or_else(|| VaultError::Provider {
            code: "unsupported".to_owned(),
            message: format!("no plugin `{PLUGIN}` serves that lists what n8n has"),
            retry_after_ms: None,
        })
    }

    /// All that there is, page by page.
    async fn list_all(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        plugin: &Plugin,
        connection: &str,
    ) -> Result<Vec<Entry>, VaultError> {
        let key = CredentialId::random().to_string();
        let reference = CredentialRef::Name(connection.to_owned());
        let credential = self.look_up(workspace, &reference).await?.credential;
        let (mut entries, mut cursor, mut text) = (Vec::new(), None, 0_usize);
        for _ in 0..MOST_PAGES {
            let through = self
                .target_connection(plugin, Capability::Inventory, workspace, Some(connection))
                .await?;
            let through = through
                .map_err(|reason| VaultError::Invalid(vec![Problem::new("connection", reason)]))?;
            let context = CallContext {
                idempotency_key: key.clone(),
                connection: Some(through.subject),
                ..CallContext::default()
            };
            let called = plugin.enumerate(context, cursor.clone()).await;
            self.record_denials(actor, &credential, plugin, &called.evidence)
                .await?;
            let page = called.result.map_err(|error| Failed::of_reading(&error))?;
            text += page.entries.iter().map(length).sum::<usize>();
            entries.extend(page.entries);
            if entries.len() > MOST_ENTRIES || text > MOST_TEXT {
                return Err(VaultError::Provider {
                    code: "failed".to_owned(),
                    message: format!(
                        "n8n has more than can be synced: at most {MOST_ENTRIES} credentials and places, and 32 MiB of text"
                    ),
                    retry_after_ms: None,
                });
            }
            match page.next {
                None => return Ok(entries),
                next if next == cursor => break,
                next => cursor = next,
            }
        }
        Err(VaultError::Provider {
            code: "failed".to_owned(),
            message: format!("the list of what n8n has doesn't end within {MOST_PAGES} pages"),
            retry_after_ms: None,
        })
    }
}

/// An error that came up when some of it was done.
fn in_the_middle(error: VaultError, synced: &Synced) -> VaultError {
    let done = synced.new.len() + synced.updated.len();
    if done == 0 || matches!(error, VaultError::Lapsed(_)) {
        return error;
    }
    if let VaultError::Internal(error) = &error {
        tracing::error!(error = %error.cause(), "a sync broke off");
    }
    VaultError::Provider {
        code: "unreachable".to_owned(),
        message: format!(
            "{} new and {} changed credentials were synced before it broke off: {error}; sync again for the others",
            synced.new.len(),
            synced.updated.len()
        ),
        retry_after_ms: None,
    }
}

/// The bytes in the texts of what was listed.
fn length(entry: &Entry) -> usize {
    let pairs = entry.attributes.iter();
    let attributes: usize = pairs.map(|(key, value)| key.len() + value.len()).sum();
    entry.kind.len() + entry.external_id.len() + entry.name.len() + attributes
}

/// An attribute of what was listed.
fn attribute<'e>(entry: &'e Entry, name: &str) -> Option<&'e str> {
    let mut pairs = entry.attributes.iter();
    pairs
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}
