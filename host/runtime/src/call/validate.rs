//! `validation.validate`: asks the provider whether a credential works.

use super::{Operation, Texts, record, unsupported};
use crate::contract::told::{Context, Credential};
use crate::contract::{Answering, Guest, Validation};
use crate::egress::Role;
use crate::outcome::{CallError, CallOutcome, Report};
use crate::plugin::{Capability, Plugin};
use crate::subject::{CallContext, Subject};

struct Validate<'p>(&'p dyn Validation);

impl Plugin {
    /// Asks the provider whether the credential works.
    pub async fn validate(&self, context: CallContext, subject: Subject) -> CallOutcome<Report> {
        let Some(validation) = self.contract.validation() else {
            return unsupported(Capability::Validation);
        };
        self.call(
            context,
            |session| record::credential(session, Role::Subject, &subject),
            Validate(validation),
        )
        .await
    }
}

impl Operation for Validate<'_> {
    type Told = Credential;
    type Raw = Report;
    type Answer = Report;

    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        credential: Credential,
    ) -> Answering<'a, Report> {
        self.0.validate(guest, context, credential)
    }

    fn accept(&self, raw: Report, texts: &Texts<'_>) -> Result<Report, CallError> {
        accepted(raw, texts)
    }
}

fn accepted(raw: Report, texts: &Texts<'_>) -> Result<Report, CallError> {
    if raw.quota_remaining.is_some_and(|percent| percent > 100) {
        return Err(texts.refuse("`quota-remaining` is in percent, so at most 100"));
    }
    Ok(Report {
        account: texts.optional(raw.account),
        rate_limit_remaining: raw.rate_limit_remaining,
        quota_remaining: raw.quota_remaining,
        expires_at_ms: texts.expiry(raw.expires_at_ms)?,
        scopes: texts.list(raw.scopes),
        details: texts.pairs(raw.details),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_checked_and_cut() {
        let report = Report {
            account: Some("Acme".to_owned()),
            rate_limit_remaining: Some(u64::MAX),
            quota_remaining: Some(100),
            scopes: vec!["a".to_owned(); 10_000],
            ..Report::default()
        };
        let accept = |raw| accepted(raw, &Texts::of(None));
        assert_eq!(accept(report.clone()).expect("a report").scopes.len(), 256);
        assert!(
            accept(Report {
                quota_remaining: Some(101),
                ..report
            })
            .is_err()
        );
    }
}
