//! Takes for ever to describe itself.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct DescribeLoop;

claviger_guests::guest!(DescribeLoop, describe());

impl Validation for DescribeLoop {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default())
    }
}

fn describe() -> String {
    loop {
        std::hint::spin_loop();
    }
}
