//! How `creddy` writes the ids of leases.

use claviger_vault::LeaseId;

use crate::refusal::Refusal;

/// `cred_1234567890abcdef12345678`
pub(crate) fn lease(id: LeaseId) -> String {
    format!("cred_{id}")
}

/// The lease of such an id. What is none is nobody's.
pub(crate) fn parse_lease(text: &str) -> Result<LeaseId, Refusal> {
    let digits = text.strip_prefix("cred_");
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Refusal::NotFound {
            what: "Credential",
            name: text.to_owned(),
        })
}
