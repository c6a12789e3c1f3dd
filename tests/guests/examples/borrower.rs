//! Asks about a `loan` through another credential, an `account`, whose own address it calls; about an `account` it asks
//! with itself. The report's account is the name of the credential that it asked with.

use claviger_sdk::http;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Borrower;

claviger_sdk::export!(Borrower, manifest: "borrower.json", capabilities: [validation]);

impl Validation for Borrower {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let account = match credential.kind.as_str() {
            "account" => &credential,
            _ => context.connection()?,
        };
        let answer = http::get(format!("{}/loans", account.secret("base_url")?))
            .header("authorization", account.secret("token")?)
            .send()?;
        Ok(Report {
            account: Some(account.name.clone()),
            rate_limit_remaining: Some(u64::from(answer.status())),
            ..Report::default()
        })
    }
}
