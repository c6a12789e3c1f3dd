//! What the host saw of a call.

use std::time::Duration;

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
    /// Whether a secret of the subject itself was shown to the plugin, which then judges by itself.
    pub subject_revealed: bool,
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
    /// In how many memories of the guest there was a secret of the call at its end; none where nobody looked.
    #[cfg(feature = "inspection")]
    pub secrets_left: Option<usize>,
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
