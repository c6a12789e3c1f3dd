//! Why a request, a signature or a reveal was not made, or has no usable answer.

use std::fmt;

use thiserror::Error;

/// What the guest is told. Its message holds no secret and says what to change.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{code}: {message}")]
pub struct SendFailure {
    /// What the plugin acts on.
    pub code: FailureCode,
    /// The same more closely, for a protocol that has words for it.
    pub cause: FailureCause,
    /// For a person.
    pub message: String,
}

/// What the trouble was with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// The host's policy.
    Policy,
    /// The address that a name leads to, which the plugin may not reach.
    Address,
    /// The request, which can't be made as it is.
    Request,
    /// The name, which leads nowhere.
    Name,
    /// The connection, which was refused.
    Refused,
    /// The connection, which wasn't there in time.
    ConnectionTime,
    /// TLS.
    Tls,
    /// The answer, which wasn't there in time.
    AnswerTime,
    /// The answer, which is too long.
    AnswerSize,
    /// The answer, which isn't one that the host reads.
    Answer,
    /// The connection, which closed before there was an answer.
    Closed,
}

/// Of the codes that the WIT package lists, those that the host itself gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCode {
    /// The host's policy forbids it, and nothing was sent. Always recorded as a denial.
    Denied,
    /// There is no answer, and nothing has happened at the other end, or it doesn't matter there.
    Unreachable,
    /// The request can't be made as it is.
    InvalidInput,
    /// It may or may not have happened at the other end.
    UnknownOutcome,
    /// This version of the host doesn't do that.
    Unsupported,
}

impl FailureCode {
    /// The code as the WIT package spells it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Unreachable => "unreachable",
            Self::InvalidInput => "invalid-input",
            Self::UnknownOutcome => "unknown-outcome",
            Self::Unsupported => "unsupported",
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl SendFailure {
    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self {
            code: FailureCode::Denied,
            cause: FailureCause::Policy,
            message: message.into(),
        }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            code: FailureCode::InvalidInput,
            cause: FailureCause::Request,
            message: message.into(),
        }
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self {
            code: FailureCode::Unsupported,
            cause: FailureCause::Request,
            message: message.into(),
        }
    }
}

/// Why a plugin's way out can't be made. For the operator.
#[derive(Debug, Error)]
pub enum SetupError {
    /// A file of certificates can't be read.
    #[error("the certificates in {path} can't be read: {reason}; it has to hold PEM certificates")]
    Certificates {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A root of trust is no certificate that TLS can use.
    #[error("a root certificate can't be used: {0}")]
    Root(#[from] rustls::Error),
}
