//! A loaded plugin: checked, compiled, its imports linked and its exports looked up, so that a call only has to run it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use wasmtime::component::InstancePre;

use crate::call::CallState;
use crate::clock::Clock;
use crate::contract::Contract;
use crate::egress::PluginEgress;
use crate::grant::Grant;
use crate::manifest::Manifest;
use crate::quarantine::{PluginHealth, Quarantine};
use crate::resources::Resources;

/// Something that a plugin can do: an interface of `claviger:provider` that it exports.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Asks the provider whether a credential works.
    Validation,
    /// Has the provider make a new secret, and ends old ones.
    Rotation,
    /// Has a secret that the host made set at the provider.
    Assignment,
    /// Makes an old version work again.
    Restoration,
    /// Undoes what an interrupted operation left at the provider.
    Recovery,
    /// Puts a credential to use in a target.
    Application,
    /// Makes short-lived credentials from a root credential.
    Issuance,
    /// Lists what the provider holds.
    Inventory,
}

impl Capability {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Validation,
        Self::Rotation,
        Self::Assignment,
        Self::Restoration,
        Self::Recovery,
        Self::Application,
        Self::Issuance,
        Self::Inventory,
    ];

    /// The interface's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Rotation => "rotation",
            Self::Assignment => "assignment",
            Self::Restoration => "restoration",
            Self::Recovery => "recovery",
            Self::Application => "application",
            Self::Issuance => "issuance",
            Self::Inventory => "inventory",
        }
    }

    /// What a plugin that exports these can do.
    pub(crate) fn of(contract: &dyn Contract) -> BTreeSet<Self> {
        let has = |capability: &Self| match capability {
            Self::Validation => contract.validation().is_some(),
            Self::Rotation => contract.rotation().is_some(),
            Self::Assignment => contract.assignment().is_some(),
            Self::Restoration => contract.restoration().is_some(),
            Self::Recovery => contract.recovery().is_some(),
            Self::Application => contract.application().is_some(),
            Self::Issuance => contract.issuance().is_some(),
            Self::Inventory => contract.inventory().is_some(),
        };
        Self::ALL.into_iter().filter(has).collect()
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a plugin's file came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provenance {
    /// Built with the server and part of its binary.
    Embedded,
    /// A file that the operator dropped into the plugin directory.
    Directory,
}

/// A loaded plugin. It is immutable but for its record: a new version is another `Plugin`, and calls under way finish on
/// this one.
pub struct Plugin {
    pub(crate) manifest: Manifest,
    pub(crate) grant: Grant,
    pub(crate) capabilities: BTreeSet<Capability>,
    pub(crate) hash: blake3::Hash,
    pub(crate) provenance: Provenance,
    /// Whether the operator lets it take credentials that nobody meant for it by name.
    pub(crate) recognises: bool,
    pub(crate) instance: InstancePre<CallState>,
    pub(crate) contract: Arc<dyn Contract>,
    pub(crate) egress: Arc<PluginEgress>,
    pub(crate) limits: Limits,
    /// What the operator set for it, as each call's context carries it.
    pub(crate) settings: Vec<(String, String)>,
    /// What of the host it is lent.
    pub(crate) resources: Arc<Resources>,
    pub(crate) clock: Arc<dyn Clock>,
    /// One permit for each call that may be in flight, over all plugins.
    pub(crate) calls: Arc<Semaphore>,
    /// One permit for each call of this plugin: half of what all may have, so that one whose provider hangs leaves room.
    pub(crate) own_calls: Arc<Semaphore>,
    /// Whether it failed too often to be called now: the one thing about a plugin that changes.
    pub(crate) quarantine: Quarantine,
    /// Whether each call ends with a look for its secrets in the guest's memory.
    #[cfg(feature = "inspection")]
    pub(crate) inspected: bool,
}

/// What one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Over all memories and tables of an instance, in bytes.
    pub memory: u64,
    /// From when the call is asked for until it has an answer.
    pub wall: Duration,
    /// Spent in the guest, not in waiting for the host.
    pub cpu: Duration,
}

impl Plugin {
    /// The provider's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// The plugin's own version.
    #[must_use]
    pub fn version(&self) -> &Version {
        &self.manifest.version
    }

    /// What it says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// What it may do.
    #[must_use]
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// What it can do.
    #[must_use]
    pub fn capabilities(&self) -> &BTreeSet<Capability> {
        &self.capabilities
    }

    /// What one call of it may use.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The BLAKE3 hash of its file.
    #[must_use]
    pub fn hash(&self) -> &blake3::Hash {
        &self.hash
    }

    /// Whether it takes credentials whose provider nobody named: it is part of the server, or the operator lets it.
    #[must_use]
    pub fn routes_openly(&self) -> bool {
        self.provenance == Provenance::Embedded || self.recognises
    }

    /// Where its file came from.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Whether it is given credentials whose owner named no provider. A file that was dropped must not draw them to itself.
    #[must_use]
    pub fn is_open_to_all(&self) -> bool {
        self.provenance == Provenance::Embedded || self.recognises
    }

    /// How it is doing.
    #[must_use]
    pub fn health(&self) -> PluginHealth {
        self.quarantine.health(self.clock.now_ms())
    }

    /// Whether a call would be let in: it isn't resting, and no other call tries it after its rest.
    #[must_use]
    pub fn is_available(&self) -> bool {
        self.quarantine.is_open(|| self.clock.now_ms())
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugin({} {})", self.name(), self.version())
    }
}
