//! Has a misspelt key in its manifest: a rule that would not be one.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct DescribeUnknownKey;

claviger_guests::guest!(
    DescribeUnknownKey,
    claviger_guests::manifest("describe-unknown-key").replace("path-prefix", "path-prefx")
);

impl Validation for DescribeUnknownKey {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default())
    }
}
