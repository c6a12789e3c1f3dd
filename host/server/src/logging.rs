//! Log lines go to standard error, as text or as JSON; standard output is for what scripts read.

use std::io;
use std::panic::PanicHookInfo;

use tracing::error;
use tracing_subscriber::fmt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Config, LogFormat};

/// Starts writing the log as the configuration says.
pub(crate) fn start(config: &Config) -> Result<(), TryInitError> {
    let lines = fmt()
        .with_env_filter(config.log_level.filter())
        .with_writer(io::stderr)
        .with_ansi(false);
    std::panic::set_hook(Box::new(log_panic));
    match config.log_format {
        LogFormat::Text => lines.finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    }
}

/// A panic is a line of the log like any other. It says where, not what: a message may hold whatever was at hand.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    error!(place, "a panic: this is a defect, please report it");
}
