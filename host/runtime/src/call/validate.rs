//! `validation.validate`: asks the provider whether a credential works.

use wasmtime::Store;
use wasmtime::component::Instance;

use super::{CallState, Operation, Texts};
use crate::bindings::claviger::provider::types;
use crate::bindings::exports::claviger::provider::validation;
use crate::outcome::{CallError, CallOutcome, Evidence, Report};
use crate::plugin::{Capability, Plugin};
use crate::subject::{CallContext, Subject};

/// The end of the year 9999 in milliseconds since the Unix epoch: later dates can't be written in RFC 3339.
const LATEST_MS: u64 = 253_402_300_799_999;

struct Validate<'p> {
    indices: &'p validation::GuestIndices,
    credential: types::Credential,
}

impl Plugin {
    /// Asks the provider whether the credential works.
    pub async fn validate(&self, context: CallContext, subject: Subject) -> CallOutcome<Report> {
        let Some(indices) = &self.exports.validation else {
            let capability = Capability::Validation.as_str();
            return CallOutcome {
                result: Err(CallError::Unsupported { capability }),
                evidence: Evidence::default(),
            };
        };
        self.call(context, subject, |credential| Validate {
            indices,
            credential,
        })
        .await
    }
}

impl Operation for Validate<'_> {
    type Raw = validation::Report;
    type Answer = Report;

    async fn run(
        &self,
        store: &mut Store<CallState>,
        instance: &Instance,
        context: &types::Context,
    ) -> wasmtime::Result<Result<validation::Report, types::Failure>> {
        self.indices
            .load(&mut *store, instance)?
            .call_validate(store, context, &self.credential)
            .await
    }

    fn accept(raw: validation::Report, texts: &Texts<'_>) -> Result<Report, CallError> {
        let refuse = |what: &str| {
            Err(CallError::InvalidResult {
                what: what.to_owned(),
            })
        };
        if raw.quota_remaining.is_some_and(|percent| percent > 100) {
            return refuse("`quota-remaining` is in percent, so at most 100");
        }
        if raw.expires_at_ms.is_some_and(|ms| ms > LATEST_MS) {
            return refuse(
                "`expires-at-ms` is in milliseconds since 1970, and before the year 10000",
            );
        }
        Ok(Report {
            account: texts.optional(raw.account),
            rate_limit_remaining: raw.rate_limit_remaining,
            quota_remaining: raw.quota_remaining,
            expires_at_ms: raw.expires_at_ms,
            scopes: texts.list(raw.scopes),
            details: texts.pairs(raw.details),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> validation::Report {
        validation::Report {
            account: Some("Acme".to_owned()),
            rate_limit_remaining: Some(u64::MAX),
            quota_remaining: Some(100),
            expires_at_ms: Some(LATEST_MS),
            scopes: vec!["a".to_owned(); 10_000],
            details: Vec::new(),
        }
    }

    #[test]
    fn reports_are_checked_and_cut() {
        let accept = |raw| Validate::accept(raw, &Texts::of(None));
        assert_eq!(accept(report()).expect("a report").scopes.len(), 256);
        assert!(
            accept(validation::Report {
                quota_remaining: Some(101),
                ..report()
            })
            .is_err()
        );
        assert!(
            accept(validation::Report {
                expires_at_ms: Some(LATEST_MS + 1),
                ..report()
            })
            .is_err()
        );
    }
}
