//! The credential that a call is about, as the host holds it: the guest sees a stand-in in each secret's place.

use crate::origin::Origin;
use crate::secret::Secret;

/// A credential with its secrets, for one call.
#[derive(Clone)]
pub struct Subject {
    /// The credential's id.
    pub id: String,
    /// Its name in its workspace.
    pub name: String,
    /// The kind that the plugin's manifest declares, such as `api_key`.
    pub kind: String,
    /// The version of the secret, counted from 1.
    pub version: u32,
    /// The fields of the kind, each name once.
    pub fields: Vec<Field>,
    /// What else is known of it; never a secret.
    pub metadata: Vec<(String, String)>,
    /// The provider's own id of it, where there is one.
    pub external_id: Option<String>,
    /// What the plugin gave the host to keep with this version.
    pub handle: Option<String>,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<u64>,
    /// Where its secrets may go at all: fixed when they were stored, and narrowed, never widened, by the plugin's grant.
    pub origins: Vec<Origin>,
}

/// One field of a [`Subject`].
#[derive(Clone)]
pub struct Field {
    /// The field's name in the manifest.
    pub name: String,
    /// What it holds.
    pub value: FieldValue,
}

/// What a field holds.
#[derive(Clone)]
pub enum FieldValue {
    /// Text that the guest may see.
    Text(String),
    /// A secret; the guest gets a stand-in.
    Secret(Secret),
}

/// What a call may rely on beside its subject. The runtime adds the time, the deadline and the plugin's settings.
#[derive(Clone, Default)]
pub struct CallContext {
    /// The same for every retry of one operation, also after a crash.
    pub idempotency_key: String,
    /// The credential that gives access to the provider itself, where the operation needs another than its subject.
    pub connection: Option<Subject>,
    /// Open-ended options of the operation.
    pub options: Vec<(String, String)>,
}
