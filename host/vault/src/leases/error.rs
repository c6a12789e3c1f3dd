//! Why there is no lease.

use thiserror::Error;

use super::ttl::Ttl;
use crate::error::{InternalError, VaultError};

/// Why an operation on leases didn't happen.
#[derive(Debug, Error)]
pub enum LeaseError {
    /// There is no such backend in this workspace.
    #[error("there is no backend `{id}` in this workspace")]
    NoSuchBackend {
        /// As it was asked for.
        id: String,
    },
    /// The backend doesn't give this out.
    #[error("{message}")]
    ScopeNotAllowed {
        /// Which scope, and what is allowed.
        message: String,
    },
    /// It was to work longer than the backend lets it.
    #[error("the backend `{backend}` issues for at most {max}, and {asked} were asked for")]
    TtlExceeded {
        /// The backend's id.
        backend: String,
        /// What was asked for.
        asked: Ttl,
        /// The longest there is.
        max: Ttl,
    },
    /// Anything else.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// What goes wrong below, as the vault's own error.
macro_rules! through_the_vault {
    ($($error:ty),+) => {
        $(impl From<$error> for LeaseError {
            fn from(error: $error) -> Self {
                Self::Vault(error.into())
            }
        })+
    };
}

through_the_vault!(
    crate::audit::AuditError,
    crate::store::StoreError,
    InternalError
);
