//! Follows redirects by itself, wherever they lead, from `/redirect`, or from the URL in the field `what`; five at most.

use claviger_guests::{UPSTREAM, outcome};
use claviger_sdk::http;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct RedirectFollower;

claviger_guests::guest!(
    RedirectFollower,
    claviger_guests::manifest("redirect-follower")
);

impl Validation for RedirectFollower {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        let start = format!("{UPSTREAM}/redirect");
        let mut url = credential.field("what").unwrap_or(&start).to_owned();
        let mut report = Report::default();
        for _ in 0..5 {
            let answer = http::get(url.as_str())
                .bearer(credential.secret("secret")?)
                .send();
            report = report.with_detail(&url, outcome(&answer));
            match answer
                .ok()
                .and_then(|answer| answer.header("location").map(str::to_owned))
            {
                Some(next) => url = next,
                None => break,
            }
        }
        Ok(report)
    }
}
