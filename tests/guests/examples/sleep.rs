//! Sleeps for an hour, through `wasi:clocks` and `wasi:io/poll`.

use std::thread::sleep;
use std::time::Duration;

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Sleep;

claviger_guests::guest!(Sleep, claviger_guests::manifest("sleep"));

impl Validation for Sleep {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        sleep(Duration::from_hours(1));
        Ok(Report::default())
    }
}
