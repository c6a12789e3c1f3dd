//! Lines for the operator's log. The host scrubs and caps them.

use crate::bindings::imports::claviger::provider::logging::{Level, log};

/// For the plugin's author.
pub fn debug(message: &str) {
    log(Level::Debug, message);
}

/// Of interest.
pub fn info(message: &str) {
    log(Level::Info, message);
}

/// Something to look at.
pub fn warn(message: &str) {
    log(Level::Warn, message);
}

/// Something failed.
pub fn error(message: &str) {
    log(Level::Error, message);
}
