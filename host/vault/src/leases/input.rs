//! What is asked for, and what is handed out.

use claviger_runtime::subject::Field;
use serde_json::{Map, Value};

use super::model::Lease;
use super::ttl::Ttl;
use crate::credentials::RevealedField;
use crate::ids::LeaseId;

/// A lease that is asked for.
#[derive(Debug, Clone, Default)]
pub struct NewLease {
    /// The id that it is to have, where the request may be sent again: it is issued once, and answered with again.
    pub id: Option<LeaseId>,
    /// The backend's id.
    pub backend: String,
    /// How long it is to work; none: as long as the backend says.
    pub ttl: Option<Ttl>,
    /// What it is to be good for, in the provider's words.
    pub scopes: Vec<String>,
    /// What the audit log keeps of it. It holds no secret.
    pub metadata: Map<String, Value>,
}

/// A lease, handed out.
pub struct IssuedLease {
    /// It.
    pub lease: Lease,
    /// What its holder works with; `token` is the main one.
    pub fields: Vec<RevealedField>,
}

impl IssuedLease {
    pub(super) fn new(lease: Lease, fields: Vec<Field>) -> Self {
        let fields = fields.into_iter().map(RevealedField::from).collect();
        Self { lease, fields }
    }
}
