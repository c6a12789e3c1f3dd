//! Logs a gibibyte, then answers as if nothing had been.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct LogFlood;

claviger_guests::guest!(LogFlood, claviger_guests::manifest("log-flood"));

impl Validation for LogFlood {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        let line = "flood ".repeat(1 << 14);
        for _ in 0..(1 << 30) / line.len() {
            claviger_sdk::log::error(&line);
        }
        Ok(Report::default())
    }
}
