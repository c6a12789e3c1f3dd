//! Goes out to the network while it is asked for its manifest, and puts what came of it into it.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct DescribeCallsHttp;

claviger_guests::guest!(DescribeCallsHttp, describe());

impl Validation for DescribeCallsHttp {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default())
    }
}

fn describe() -> String {
    let answer = claviger_sdk::http::get(format!("{}/describe", claviger_guests::UPSTREAM)).send();
    eprintln!("describing: {}", claviger_guests::outcome(&answer));
    claviger_guests::manifest("describe-calls-http")
}
