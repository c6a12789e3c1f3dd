//! What the vault's errors mean to a client.

use std::time::Duration;

use claviger_vault::error::{InternalError, VaultError};
use claviger_vault::identity::{AuthError, IdentityError, LogInError};
use claviger_vault::leases::LeaseError;
use claviger_vault::permission::{Denied, Lapsed, Permission};

use super::{NotIssued, Refusal};
use crate::front::Chain;

/// What an error means that came up while working on the credential called `name`.
pub(crate) fn about(name: &str) -> impl FnOnce(VaultError) -> Refusal {
    about_a("Credential", name)
}

/// What an error means that came up while working on another thing, such as an `Approved origin`.
pub(crate) fn about_a(what: &'static str, name: &str) -> impl FnOnce(VaultError) -> Refusal {
    move |error| match error {
        VaultError::NotFound => Refusal::NotFound {
            what,
            name: name.to_owned(),
        },
        other => other.into(),
    }
}

/// What an error means that came up while working on the user or member whose id is `id`.
pub(crate) fn about_user(id: &str) -> impl FnOnce(IdentityError) -> Refusal {
    move |error| match Refusal::from(error) {
        Refusal::NotFound { what, .. } => Refusal::NotFound {
            what,
            name: id.to_owned(),
        },
        other => other,
    }
}

/// What it means not to get a permit of `P`.
pub(crate) fn denied<P: Permission>(denied: &Denied) -> Refusal {
    match denied {
        Denied::NotAMember => Refusal::NotAMember {
            permission: P::NAME,
        },
        Denied::Missing { permission } => Refusal::Forbidden {
            permission: permission.as_str(),
        },
        Denied::Unavailable(cause) => unavailable(denied, cause),
    }
}

impl From<VaultError> for Refusal {
    fn from(error: VaultError) -> Self {
        match error {
            VaultError::NotFound => Self::NotFound {
                what: "Credential",
                name: String::new(),
            },
            VaultError::NameTaken { name } => Self::NameTaken {
                what: "Credential",
                name,
            },
            VaultError::Invalid(problems) => Self::Invalid(problems),
            VaultError::Conflict {
                message,
                retry_after_ms,
            } => Self::Conflict {
                message,
                retry_after_ms,
            },
            VaultError::Provider {
                code,
                message,
                retry_after_ms,
            } => from_provider(&code, message, retry_after_ms),
            VaultError::Lapsed(lapsed) => lapsed.into(),
            VaultError::Unavailable | VaultError::OutcomeUnknown => Self::Unavailable {
                message: error.to_string(),
                cause: None,
            },
            VaultError::Internal(cause) => Self::Internal(told(&cause).into()),
        }
    }
}

impl From<LeaseError> for Refusal {
    fn from(error: LeaseError) -> Self {
        let message = error.to_string();
        match error {
            LeaseError::NoSuchBackend { id } => Self::NotFound {
                what: "Backend",
                name: id,
            },
            LeaseError::ScopeNotAllowed { .. } => Self::NotIssued {
                reason: NotIssued::Scope,
                message,
            },
            LeaseError::TtlExceeded { .. } => Self::NotIssued {
                reason: NotIssued::Ttl,
                message,
            },
            LeaseError::Vault(error) => error.into(),
        }
    }
}

impl From<Lapsed> for Refusal {
    fn from(lapsed: Lapsed) -> Self {
        match lapsed {
            Lapsed::Token => AuthError::Revoked.into(),
            Lapsed::Membership { permission } => Self::NotAMember {
                permission: permission.as_str(),
            },
            Lapsed::Permission { permission } => Self::Forbidden {
                permission: permission.as_str(),
            },
        }
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Missing => Self::Unauthenticated("Authentication required"),
            AuthError::Invalid => {
                Self::Unauthenticated("The token is not valid; log in for a new one")
            }
            AuthError::Expired => {
                Self::Unauthenticated("The token has expired; log in for a new one")
            }
            AuthError::Revoked => {
                Self::Unauthenticated("The token has been revoked; log in for a new one")
            }
            AuthError::Unavailable(ref cause) => unavailable(&error, cause),
        }
    }
}

impl From<LogInError> for Refusal {
    fn from(error: LogInError) -> Self {
        match error {
            LogInError::Refused => Self::WrongPassword,
            LogInError::Busy { retry_after } => Self::TooManyRequests {
                retry_after_ms: milliseconds(retry_after),
            },
            LogInError::Unavailable(ref cause) => unavailable(&error, cause),
        }
    }
}

impl From<IdentityError> for Refusal {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Invalid(problems) => Self::Invalid(problems),
            IdentityError::UsernameTaken { name } => Self::NameTaken { what: "User", name },
            IdentityError::WorkspaceNameTaken { name } => Self::NameTaken {
                what: "Workspace",
                name,
            },
            IdentityError::NoSuchUser => Self::NotFound {
                what: "User",
                name: String::new(),
            },
            IdentityError::NoSuchMember => Self::NotFound {
                what: "Member",
                name: String::new(),
            },
            IdentityError::Yourself | IdentityError::LastManager => Self::Conflict {
                message: error.to_string(),
                retry_after_ms: None,
            },
            IdentityError::Busy { retry_after } => Self::TooManyRequests {
                retry_after_ms: milliseconds(retry_after),
            },
            IdentityError::Lapsed(lapsed) => lapsed.into(),
            IdentityError::OutcomeUnknown(ref cause) | IdentityError::Unavailable(ref cause) => {
                unavailable(&error, cause)
            }
        }
    }
}

/// A provider that can't be reached may be later; one that can't do it at all, or was asked wrongly, is the caller's to
/// change; anything else it has against the credential as it now is.
fn from_provider(code: &str, message: String, retry_after_ms: Option<u64>) -> Refusal {
    match code {
        "unreachable" | "rate-limited" | "unknown-outcome" => Refusal::Unavailable {
            message,
            cause: None,
        },
        "unsupported" | "invalid-input" => Refusal::Malformed(message),
        _ => Refusal::Conflict {
            message,
            retry_after_ms,
        },
    }
}

fn unavailable(error: &dyn std::error::Error, cause: &InternalError) -> Refusal {
    Refusal::Unavailable {
        message: error.to_string(),
        cause: Some(told(cause).into()),
    }
}

/// The cause in words, since an internal error has none of its own.
fn told(internal: &InternalError) -> String {
    Chain(internal.cause()).to_string()
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_named_as_it_was_asked_for() {
        let refusal = about_user("USR-1234567890ABCDEF")(IdentityError::NoSuchUser);
        assert_eq!(refusal.message(), "User not found: USR-1234567890ABCDEF");
        let refusal = about("key")(VaultError::NotFound);
        assert_eq!(refusal.message(), "Credential not found: key");
        let nameless = Refusal::from(IdentityError::NoSuchUser);
        assert_eq!(nameless.message(), "User not found");
    }
}
