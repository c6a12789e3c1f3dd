//! Log lines go to standard error, as text or as JSON; standard output is for what scripts read.

use std::io;

use tracing_subscriber::fmt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Config, LogFormat};

/// Starts writing the log as the configuration says.
pub(crate) fn start(config: &Config) -> Result<(), TryInitError> {
    let lines = fmt()
        .with_env_filter(config.log_level.filter())
        .with_writer(io::stderr)
        .with_ansi(false);
    match config.log_format {
        LogFormat::Text => lines.finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init(),
    }
}
