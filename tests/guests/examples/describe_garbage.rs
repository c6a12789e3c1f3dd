//! Describes itself in something that isn't JSON.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct DescribeGarbage;

claviger_guests::guest!(DescribeGarbage, "name: garbage\nversion: yes".to_owned());

impl Validation for DescribeGarbage {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default())
    }
}
