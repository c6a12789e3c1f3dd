//! Panics when it is asked for its manifest.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct DescribeTrap;

claviger_guests::guest!(DescribeTrap, describe());

impl Validation for DescribeTrap {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default())
    }
}

fn describe() -> String {
    panic!("there is no manifest")
}
