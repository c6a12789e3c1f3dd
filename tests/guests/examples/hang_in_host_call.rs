//! Asks an upstream that never answers, and waits.

use claviger_guests::{UPSTREAM, outcome};
use claviger_sdk::http;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct HangInHostCall;

claviger_guests::guest!(
    HangInHostCall,
    claviger_guests::manifest("hang-in-host-call")
);

impl Validation for HangInHostCall {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        let answer = http::get(format!("{UPSTREAM}/never")).send();
        Ok(Report::default().with_detail("never", outcome(&answer)))
    }
}
