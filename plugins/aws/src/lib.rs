//! AWS: checks and rotates access keys, and issues sessions of a role from them.
//!
//! The host signs each request as it leaves, so the secret key is not even in a header. STS and IAM are asked at their
//! global endpoints, which serve all regions of the partition `aws`.

mod answer;
mod keys;
mod policy;
mod query;
mod session;
mod xml;

use claviger_sdk::issuance::{Issued, Outcome, Request};
use claviger_sdk::{
    Context, Credential, Failure, Issuance, Recovery, Replacement, Report, Rotation, Validation,
};

use query::{Query, Service};

struct Aws;

claviger_sdk::export!(
    Aws,
    manifest: "../manifest.json",
    capabilities: [validation, rotation, recovery, issuance]
);

impl Validation for Aws {
    /// `GetCallerIdentity` needs no permission, so a key that may do nothing is valid all the same.
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let answer = Query::new(Service::Sts, "GetCallerIdentity", &credential)?.ask(&context)?;
        let report = Report {
            account: answer.text("Account"),
            ..Report::default()
        };
        Ok(match answer.text("Arn") {
            Some(arn) => report.with_detail("arn", arn),
            None => report,
        })
    }
}

impl Rotation for Aws {
    fn create(context: Context, current: Credential) -> Result<Replacement, Failure> {
        keys::create(&context, &current)
    }

    fn retire(context: Context, old: Credential) -> Result<(), Failure> {
        keys::retire(&context, &old)
    }
}

impl Recovery for Aws {
    fn abandon(context: Context, subject: Credential) -> Result<(), Failure> {
        keys::abandon(&context, &subject)
    }
}

impl Issuance for Aws {
    fn issue(context: Context, root: Credential, request: Request) -> Result<Issued, Failure> {
        session::issue(&context, &root, request)
    }

    /// AWS ends a session early only by changing its role for everyone who has one.
    fn revoke(_: Context, _: Credential, _: Issued) -> Result<Outcome, Failure> {
        Ok(Outcome::UntilExpiry)
    }
}
