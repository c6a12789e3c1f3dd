//! Why an operation of the vault didn't happen.
//!
//! Each variant is something a caller can act on; a surface maps them in one place. What went wrong inside is in
//! [`InternalError`], which the server logs with the request's trace id and never shows.

use std::error::Error as StdError;
use std::fmt;

use thiserror::Error;

use crate::permission::Lapsed;

/// Why an operation didn't happen.
#[derive(Debug, Error)]
pub enum VaultError {
    /// There is no such thing in this workspace.
    #[error("there is no such credential in this workspace")]
    NotFound,
    /// The name is taken in this workspace.
    #[error("a credential named `{name}` already exists in this workspace; choose another name")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// What was given breaks rules; all of those that it breaks are here.
    #[error("{}", Problem::list(.0))]
    Invalid(Vec<Problem>),
    /// Something else is being done with it.
    #[error("{message}")]
    Conflict {
        /// What is in the way.
        message: String,
        /// When to try again, where that helps.
        retry_after_ms: Option<u64>,
    },
    /// Its provider, or the plugin for it, didn't do it. What is known of the credential hasn't changed.
    #[error("{message}")]
    Provider {
        /// What came of it, as the contract has it: `unreachable`, `rate-limited`, `rejected`, `unknown-outcome`, …
        code: String,
        /// Why, for the caller; without any secret.
        message: String,
        /// When to try again, where that helps.
        retry_after_ms: Option<u64>,
    },
    /// The audit log or the database can't be written or read now, so nothing was handed out or changed.
    #[error("the vault can't record this now; nothing was changed, try again shortly")]
    Unavailable,
    /// The database's answer was lost: it may have been done.
    #[error(
        "it isn't known whether this was done: the database's answer was lost; look before you try again"
    )]
    OutcomeUnknown,
    /// What the caller's leave rested on has ended meanwhile.
    #[error(transparent)]
    Lapsed(#[from] Lapsed),
    /// A defect or damage.
    #[error("an internal error occurred")]
    Internal(#[from] InternalError),
}

/// One rule that an input breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field, as the caller wrote it: `name`, `fields.api_key`.
    pub field: String,
    /// What must hold; never the value itself.
    pub message: String,
}

impl Problem {
    /// A problem with `field`.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }

    fn list(problems: &[Self]) -> String {
        let texts: Vec<_> = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.field, problem.message))
            .collect();
        texts.join("; ")
    }
}

/// What went wrong inside. Its `Display` says nothing: only [`InternalError::cause`] does, for the log.
pub struct InternalError(Box<dyn StdError + Send + Sync>);

impl InternalError {
    /// Takes the cause.
    pub fn new(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(cause.into())
    }

    /// The cause, for the operator's log.
    #[must_use]
    pub fn cause(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }
}

impl fmt::Debug for InternalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for InternalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an internal error")
    }
}

impl StdError for InternalError {}
