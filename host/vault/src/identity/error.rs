//! Why something about users, tokens or workspaces didn't happen.

use std::time::Duration;

use thiserror::Error;

use super::password::PasswordError;
use crate::audit::AuditError;
use crate::error::{InternalError, Problem};
use crate::permission::Lapsed;
use crate::store::StoreError;

/// Why nobody was logged in.
#[derive(Debug, Error)]
pub enum LogInError {
    /// Unknown user, wrong password, or a user who may not log in: which of them, nobody is told.
    #[error("the username or the password is wrong")]
    Refused,
    /// Too many logins are under way.
    #[error("too many logins are under way; try again shortly")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// The audit log or the database can't be written or read now.
    #[error("nobody can be logged in just now; try again shortly")]
    Unavailable(#[source] InternalError),
}

/// Why a token isn't taken.
#[derive(Debug, Error)]
pub enum AuthError {
    /// There is none.
    #[error("a token is needed: send it as `Authorization: Bearer <token>`")]
    Missing,
    /// It is malformed, or not this server's.
    #[error("the token is not valid")]
    Invalid,
    /// Its time is over.
    #[error("the token has expired; log in again")]
    Expired,
    /// It was revoked or refreshed, or its user may no longer log in.
    #[error("the token has been revoked; log in again")]
    Revoked,
    /// The audit log or the database can't be written or read now.
    #[error("tokens can't be checked just now; try again shortly")]
    Unavailable(#[source] InternalError),
}

/// Why a change of users, workspaces or members didn't happen.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// What was given breaks rules; all of those that it breaks are here.
    #[error("{}", .0.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Problem>),
    /// Another user has the name.
    #[error("there is a user named `{name}` already; choose another name")]
    UsernameTaken {
        /// The name.
        name: String,
    },
    /// Another workspace has the name.
    #[error("there is a workspace named `{name}` already; choose another name")]
    WorkspaceNameTaken {
        /// The name.
        name: String,
    },
    /// There is no such user.
    #[error("there is no such user")]
    NoSuchUser,
    /// The user isn't a member of the workspace.
    #[error("the user is not a member of this workspace")]
    NoSuchMember,
    /// Who changes is the one who would be shut out.
    #[error("you can't disable yourself; have another administrator do it")]
    Yourself,
    /// Nobody could manage the workspace's members any more.
    #[error("this is the last member with `workspace:manage`; give it to another member first")]
    LastManager,
    /// Too many passwords are being hashed.
    #[error("too many passwords are being checked; try again shortly")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// What the caller's leave rested on has ended meanwhile.
    #[error(transparent)]
    Lapsed(Lapsed),
    /// The database's answer was lost: it may have been done.
    #[error(
        "it isn't known whether this was done: the database's answer was lost; look before you try again"
    )]
    OutcomeUnknown(#[source] InternalError),
    /// The audit log or the database can't be written or read now, so nothing was changed.
    #[error("this can't be recorded just now, and nothing was changed; try again shortly")]
    Unavailable(#[source] InternalError),
}

/// How long a crowd of logins takes to thin out.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<PasswordError> for LogInError {
    fn from(error: PasswordError) -> Self {
        match error {
            // A password of such a length is nobody's.
            PasswordError::Length => Self::Refused,
            PasswordError::Busy => Self::Busy {
                retry_after: RETRY_AFTER,
            },
            PasswordError::Internal(cause) => Self::Unavailable(cause),
        }
    }
}

impl From<PasswordError> for IdentityError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Length => {
                Self::Invalid(vec![Problem::new("password", error.to_string())])
            }
            PasswordError::Busy => Self::Busy {
                retry_after: RETRY_AFTER,
            },
            PasswordError::Internal(cause) => Self::Unavailable(cause),
        }
    }
}

/// Where the database or the audit log fails, nothing is known against anybody, and nothing was changed.
macro_rules! unavailable {
    ($($error:ident),+) => {
        $(impl From<StoreError> for $error {
            fn from(error: StoreError) -> Self {
                Self::Unavailable(InternalError::new(error))
            }
        })+
    };
}

unavailable!(LogInError, AuthError, IdentityError);

impl From<AuditError> for LogInError {
    fn from(error: AuditError) -> Self {
        Self::Unavailable(InternalError::new(error))
    }
}

impl From<AuditError> for AuthError {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Lapsed(_) => Self::Revoked,
            error => Self::Unavailable(InternalError::new(error)),
        }
    }
}

impl From<AuditError> for IdentityError {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Lapsed(lapsed) => Self::Lapsed(lapsed),
            AuditError::OutcomeUnknown(_) => Self::OutcomeUnknown(InternalError::new(error)),
            error => Self::Unavailable(InternalError::new(error)),
        }
    }
}
