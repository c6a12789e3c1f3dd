//! How `aegis` writes ids and health.

use claviger_vault::CredentialId;
use claviger_vault::health::Health;

/// `cred_1234567890abcdef`
pub(super) fn credential(id: CredentialId) -> String {
    format!("cred_{id}")
}

/// `log_42`
pub(super) fn log_entry(number: u64) -> String {
    format!("log_{number}")
}

/// `healthy`, `unhealthy`, and for what nobody knows `unknown`.
pub(super) fn health(health: Health) -> &'static str {
    match health {
        Health::Valid => "healthy",
        Health::Invalid => "unhealthy",
        Health::Unknown => "unknown",
    }
}
