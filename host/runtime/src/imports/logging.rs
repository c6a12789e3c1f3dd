//! `logging.log`: lines for the plugin's author and the operator.

use crate::bindings::claviger::provider::logging::{Host, Level};
use crate::call::{CallState, Texts};
use crate::outcome::{LogLevel, LogLine};

/// The most lines of one call; further ones are dropped.
const LINES: usize = 1000;

/// The longest line that is looked at, in bytes. A longer one is dropped whole: scrubbing costs time that the guest isn't
/// charged for, and a line that is cut before it is scrubbed could end in half a secret.
const LONGEST: usize = 64 << 10;

/// What a guest logged, scrubbed. A line has at most 4 KiB.
#[derive(Default)]
pub(crate) struct Log {
    lines: Vec<LogLine>,
    dropped: u64,
}

impl Log {
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

impl Host for CallState {
    async fn log(&mut self, level: Level, message: String) {
        if self.log.lines.len() >= LINES {
            self.log.dropped += 1;
            return;
        }
        let message = if message.len() > LONGEST {
            format!(
                "a line of {} bytes was dropped; write at most 4 KiB a line",
                message.len()
            )
        } else {
            let session = match &self.session {
                Some(session) => Some(session.lock().await),
                None => None,
            };
            Texts::of(session.as_deref()).text(&message)
        };
        self.log.lines.push(LogLine {
            level: level.into(),
            message,
        });
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}
