//! What a guest is told: stand-ins where secrets are.

use super::Pairs;

/// What a call may rely on: `types.context`.
pub(crate) struct Context {
    pub idempotency_key: String,
    pub now_ms: u64,
    pub deadline_ms: u32,
    pub settings: Pairs,
    pub connection: Option<Credential>,
    pub options: Pairs,
}

/// A credential: `types.credential`.
pub(crate) struct Credential {
    pub id: String,
    pub name: String,
    pub kind: String,
    pub version: u32,
    pub fields: Pairs,
    pub metadata: Pairs,
    pub external_id: Option<String>,
    pub handle: Option<String>,
    pub expires_at_ms: Option<u64>,
}
