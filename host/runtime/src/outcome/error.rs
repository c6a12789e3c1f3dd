//! Why a call has no answer.

use std::time::Duration;

use thiserror::Error;

/// A failure that the plugin reported by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Open-ended; the host acts on the codes that the WIT package lists.
    pub code: String,
    /// For a person, scrubbed.
    pub message: String,
    /// When to try again.
    pub retry_after_ms: Option<u32>,
    /// Anything else, scrubbed.
    pub details: Vec<(String, String)>,
}

/// Why a call has no answer. Every text is scrubbed of the call's secrets and is meant for the plugin's author.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum CallError {
    /// The plugin answered with a failure of its own.
    #[error("{}: {}", .0.code, .0.message)]
    Failure(Failure),
    /// The guest trapped: a panic, an endless recursion, an access out of bounds.
    #[error("the plugin trapped: {message}")]
    Trap {
        /// The trap, the guest's last words under it.
        message: String,
    },
    /// The call took longer than it may.
    #[error("the plugin took longer than {limit:?} and was stopped")]
    TimedOut {
        /// The wall-clock limit.
        limit: Duration,
    },
    /// The guest computed for longer than it may.
    #[error("the plugin used more than {limit:?} of processor time and was stopped")]
    OutOfCpu {
        /// The processor-time limit.
        limit: Duration,
    },
    /// The guest wanted more memory than it may have.
    #[error("the plugin asked for more than {limit} bytes of memory and was stopped")]
    OutOfMemory {
        /// The limit over all memories of an instance, in bytes.
        limit: u64,
    },
    /// The plugin answered something that its contract does not allow.
    #[error("the plugin's answer is not allowed: {what}")]
    InvalidResult {
        /// Which part of the answer, and the rule.
        what: String,
    },
    /// The plugin does not export the capability.
    #[error("the plugin does not export `{capability}`")]
    Unsupported {
        /// The interface's name, such as `validation`.
        capability: &'static str,
    },
    /// The plugin failed too often in a row, and no other version of it is there to serve.
    #[error(
        "the plugin failed time and again and rests; it is tried again in {} seconds", .retry_after.as_secs().saturating_add(1)
    )]
    Resting {
        /// When to ask again.
        retry_after: Duration,
    },
    /// Too many calls are in flight.
    #[error("too many plugin calls are in flight; try again shortly")]
    Busy,
}
