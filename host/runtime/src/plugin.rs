//! A loaded plugin: checked, compiled, its imports linked and its exports looked up, so that a call only has to run it.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use semver::Version;
use tokio::sync::Semaphore;
use wasmtime::component::InstancePre;

use crate::call::CallState;
use crate::clock::Clock;
use crate::egress::PluginEgress;
use crate::grant::Grant;
use crate::load::exports::Exports;
use crate::manifest::Manifest;
use crate::resources::Resources;

/// Something that a plugin can do: an interface of `claviger:provider` that it exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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

/// A loaded plugin. It is immutable: a new version is another `Plugin`, and calls under way finish on this one.
pub struct Plugin {
    pub(crate) manifest: Manifest,
    pub(crate) grant: Grant,
    pub(crate) capabilities: BTreeSet<Capability>,
    pub(crate) hash: blake3::Hash,
    pub(crate) provenance: Provenance,
    pub(crate) instance: InstancePre<CallState>,
    pub(crate) exports: Exports,
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
}

/// What one call may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
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

    /// The BLAKE3 hash of its file.
    #[must_use]
    pub fn hash(&self) -> &blake3::Hash {
        &self.hash
    }

    /// Where its file came from.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plugin({} {})", self.name(), self.version())
    }
}
