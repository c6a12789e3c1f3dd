//! The fast, good call: answers with what it was given, in ten fields, without a request.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Echo;

claviger_guests::guest!(Echo, claviger_guests::manifest("echo"));

impl Validation for Echo {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let report = Report {
            account: Some(credential.name),
            rate_limit_remaining: Some(u64::from(context.deadline_ms)),
            quota_remaining: Some(100),
            expires_at_ms: credential.expires_at_ms.or(Some(context.now_ms)),
            scopes: vec!["read".to_owned(), "write".to_owned()],
            details: credential.fields,
        };
        Ok(report
            .with_detail("id", credential.id)
            .with_detail("kind", credential.kind)
            .with_detail("version", credential.version.to_string())
            .with_detail("idempotency-key", context.idempotency_key))
    }
}
