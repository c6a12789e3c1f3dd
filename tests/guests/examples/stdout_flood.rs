//! Prints a gibibyte, half to stdout and half to stderr, ignores what the host says to that, and answers.

use std::io::{Write, stderr, stdout};

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct StdoutFlood;

claviger_guests::guest!(StdoutFlood, claviger_guests::manifest("stdout-flood"));

impl Validation for StdoutFlood {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        let line = "flood\n".repeat(1 << 13);
        let mut refused = 0_u64;
        for _ in 0..(1 << 29) / line.len() {
            refused += u64::from(stdout().write_all(line.as_bytes()).is_err());
            refused += u64::from(stderr().write_all(line.as_bytes()).is_err());
        }
        Ok(Report::default().with_detail("refused", refused.to_string()))
    }
}
