//! What came of a call: the plugin's answer or why there is none, and what the host saw meanwhile.

use std::time::Duration;

use thiserror::Error;

/// A call's result with what the host observed.
pub struct CallOutcome<T> {
    /// The plugin's answer, scrubbed of this call's secrets.
    pub result: Result<T, CallError>,
    /// What the host saw, whatever the plugin says.
    pub evidence: Evidence,
}

/// What the host saw of a call.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Whether a stand-in of the subject itself was replaced in a request that was put on the wire. Without it, a
    /// `rejected` says nothing of the subject.
    pub subject_sent: bool,
    /// How long the call took, the sandbox's making included.
    pub duration: Duration,
    /// What the plugin tried and wasn't let do.
    pub denials: Vec<Denial>,
    /// How many secrets were revealed to the plugin.
    pub reveals: u32,
    /// How many requests the plugin made, those included that were denied.
    pub requests: u32,
    /// The memory that the guest had at the end, over all memories and tables of its instance, in bytes. It never gives
    /// any back, so this is also the most that it had.
    pub memory: u64,
    /// The processor time that the guest used, in whole ticks of a few milliseconds each.
    pub cpu: Duration,
    /// What the plugin logged, scrubbed and capped.
    pub log: Vec<LogLine>,
}

/// Something that the plugin wasn't let do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Where the plugin wanted to go, without path or query: `https://evil.example`.
    pub target: String,
    /// Which rule forbids it, and what would allow it. For the operator and the plugin's author; holds no secret.
    pub reason: String,
}

/// One line that a plugin logged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// How much it matters.
    pub level: LogLevel,
    /// What it says, scrubbed.
    pub message: String,
}

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// For the plugin's author.
    Debug,
    /// Of interest.
    Info,
    /// Something to look at.
    Warn,
    /// Something failed.
    Error,
}

/// What `validation.validate` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The provider's name for the account behind the credential.
    pub account: Option<String>,
    /// Requests left in the provider's window.
    pub rate_limit_remaining: Option<u64>,
    /// In percent.
    pub quota_remaining: Option<u32>,
    /// When the provider says that the secret ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<u64>,
    /// What the credential may do, in the provider's words.
    pub scopes: Vec<String>,
    /// Anything else.
    pub details: Vec<(String, String)>,
}

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
    /// Too many calls are in flight.
    #[error("too many plugin calls are in flight; try again shortly")]
    Busy,
}
