//! A new secret that the provider made.

use crate::subject::Field;

/// What `rotation.create` answers.
pub struct Replacement {
    /// Fields of the subject's kind, each once, with every required secret one; those that are left out are as they were.
    /// At least one secret is new.
    pub fields: Vec<Field>,
    /// The provider's own id of the new secret. It holds no secret.
    pub external_id: Option<String>,
    /// What the plugin needs to retire it. It holds no secret.
    pub handle: Option<String>,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<u64>,
    /// Anything else.
    pub details: Vec<(String, String)>,
}
