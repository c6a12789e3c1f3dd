//! What a guest logs, as the host keeps it.

use super::Texts;
use crate::outcome::{CallError, CallOutcome, LogLevel, LogLine};
use crate::plugin::Plugin;

/// The most lines of one call; further ones are dropped.
const LINES: usize = 1000;

/// The longest line that is looked at, in bytes. A longer one is dropped whole: scrubbing costs time that the guest isn't
/// charged for, and a line that is cut before it is scrubbed could end in half a secret.
const LONGEST: usize = 64 << 10;

/// The most lines of one call that go into the server's own log, so that one plugin doesn't fill it.
const TOLD: usize = 32;

/// What a guest logged, scrubbed. A line has at most 4 KiB.
#[derive(Default)]
pub(crate) struct Log {
    lines: Vec<LogLine>,
    dropped: u64,
}

impl Log {
    /// Takes a line.
    pub(crate) fn add(&mut self, level: LogLevel, message: &str, texts: &Texts<'_>) {
        if self.lines.len() >= LINES {
            self.dropped += 1;
            return;
        }
        let message = if message.len() > LONGEST {
            format!(
                "a line of {} bytes was dropped; write at most 4 KiB a line",
                message.len()
            )
        } else {
            texts.text(message)
        };
        self.lines.push(LogLine { level, message });
    }

    /// The lines, and where some were dropped one that says so.
    pub(crate) fn into_lines(mut self) -> Vec<LogLine> {
        if self.dropped > 0 {
            let message = format!(
                "{} further lines were dropped; a call may log {LINES}",
                self.dropped
            );
            self.lines.push(LogLine {
                level: LogLevel::Warn,
                message,
            });
        }
        self.lines
    }
}

/// Puts what a guest logged, and how it trapped, into the server's own log. Texts are written as Rust would write them: a
/// line break of a plugin's must not look like another line of the log.
pub(super) fn tell<T>(plugin: &Plugin, outcome: &CallOutcome<T>) {
    let (name, version) = (plugin.name(), plugin.version());
    for LogLine { level, message } in outcome.evidence.log.iter().take(TOLD) {
        match level {
            LogLevel::Debug => {
                tracing::debug!(plugin = name, %version, text = ?message, "a plugin says");
            }
            LogLevel::Info => {
                tracing::info!(plugin = name, %version, text = ?message, "a plugin says");
            }
            LogLevel::Warn => {
                tracing::warn!(plugin = name, %version, text = ?message, "a plugin says");
            }
            LogLevel::Error => {
                tracing::error!(plugin = name, %version, text = ?message, "a plugin says");
            }
        }
    }
    let left_out = outcome.evidence.log.len().saturating_sub(TOLD);
    if left_out > 0 {
        tracing::info!(plugin = name, %version, left_out, "a plugin says more than goes into this log");
    }
    if let Err(CallError::Trap { message }) = &outcome.result {
        tracing::warn!(plugin = name, %version, reason = ?message, "a plugin trapped");
    }
}
