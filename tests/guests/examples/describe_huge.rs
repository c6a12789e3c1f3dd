//! Describes itself in 32 MiB.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct DescribeHuge;

claviger_guests::guest!(DescribeHuge, " ".repeat(32 << 20));

impl Validation for DescribeHuge {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default())
    }
}
