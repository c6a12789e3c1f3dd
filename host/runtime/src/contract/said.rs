//! What a guest said, before anyone looked at it. Where the host's own type is of the same shape, that one is used.

use super::Pairs;

/// A new secret: `rotation.replacement`.
#[derive(Default)]
pub(crate) struct Replacement {
    pub fields: Pairs,
    pub external_id: Option<String>,
    pub handle: Option<String>,
    pub expires_at_ms: Option<u64>,
    pub details: Pairs,
}

/// A short-lived credential: `issuance.issued`. It is told as well, when it is to end.
#[derive(Default)]
pub(crate) struct Issued {
    pub fields: Pairs,
    pub scopes: Vec<String>,
    pub expires_at_ms: Option<u64>,
    pub handle: Option<String>,
    pub details: Pairs,
}
