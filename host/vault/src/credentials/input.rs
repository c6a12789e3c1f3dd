//! What callers give. All of it is raw: the vault checks it, once, for all surfaces.

use claviger_runtime::secret::Secret;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::model::{Rotation, RotationStrategy};
use crate::idempotency::Planned;
use crate::ids::CredentialId;

/// How a caller names a credential of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialRef {
    /// By its id.
    Id(CredentialId),
    /// By its name.
    Name(String),
}

/// A credential to be stored.
#[derive(Default)]
pub struct NewCredential {
    /// The request that it comes with, where that may be sent again.
    pub planned: Option<Planned>,
    /// Its name.
    pub name: String,
    /// Such as `api_key`; case doesn't matter.
    pub kind: String,
    /// The provider, where the caller names one; case doesn't matter.
    pub provider: Option<String>,
    /// The kind's one required secret field, or the whole of an opaque secret.
    pub value: Option<Secret>,
    /// The kind's fields, by name.
    pub fields: Vec<(String, Secret)>,
    /// Whether it may come without any secret, so that it is only known here: AEGIS has its `value` optional.
    pub secretless: bool,
    /// The name of the credential that gives access to the provider, where its operations need another than itself.
    pub connection: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// For people.
    pub tags: Vec<String>,
    /// The caller's own.
    pub metadata: Map<String, Value>,
    /// The provider's own id of it.
    pub provider_credential_id: Option<String>,
    /// When it ends. A date in the past is taken, and shows as expired.
    pub expires_at: Option<Timestamp>,
    /// When it rotates.
    pub rotation: Rotation,
    /// How long before its end it counts as expiring: 168 hours where nothing is said.
    pub alert_threshold_hours: Option<u32>,
}

/// What is to be changed of what is known of a credential; its secret is none of it. None leaves a thing as it is;
/// `Some(None)` takes it away.
#[derive(Debug, Clone, Default)]
pub struct CredentialPatch {
    /// Its name.
    pub name: Option<String>,
    /// For people.
    pub description: Option<Option<String>>,
    /// All of its tags.
    pub tags: Option<Vec<String>>,
    /// All of its metadata.
    pub metadata: Option<Map<String, Value>>,
    /// The provider's own id of it.
    pub provider_credential_id: Option<Option<String>>,
    /// When it ends.
    pub expires_at: Option<Option<Timestamp>>,
    /// Whether it rotates by itself.
    pub rotation_enabled: Option<bool>,
    /// How often.
    pub rotation_interval_hours: Option<u32>,
    /// What starts it.
    pub rotation_strategy: Option<RotationStrategy>,
    /// How long before its end it counts as expiring.
    pub alert_threshold_hours: Option<u32>,
}
