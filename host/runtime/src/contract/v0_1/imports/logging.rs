//! `logging.log`: lines for the plugin's author and the operator.

use super::super::bindings::claviger::provider::logging::{Host, Level};
use crate::call::{CallState, Texts};
use crate::outcome::LogLevel;

impl Host for CallState {
    fn log(&mut self, level: Level, message: String) {
        let texts = Texts::of(self.session.as_ref());
        self.log.add(level.into(), &message, &texts);
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
