//! `logging.log`: lines for the plugin's author and the operator.

use super::super::bindings::claviger::provider::logging::{Host, Level};
use crate::call::{CallState, Texts};
use crate::outcome::LogLevel;

impl Host for CallState {
    async fn log(&mut self, level: Level, message: String) {
        let session = match &self.session {
            Some(session) => Some(session.lock().await),
            None => None,
        };
        self.log
            .add(level.into(), &message, &Texts::of(session.as_deref()));
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
