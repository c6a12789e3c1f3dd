//! The records of this version, from and to the host's own.

use super::bindings::claviger::provider::types::{Attribute, Context, Credential, Failure, Host};
use super::bindings::exports::claviger::provider::{
    application, inventory, issuance, rotation, validation,
};
use crate::ask::{IssueRequest, Place};
use crate::call::CallState;
use crate::contract::{Pairs, said, told};
use crate::egress::SendFailure;
use crate::outcome;

impl Host for CallState {}

pub(super) fn pairs(attributes: Vec<Attribute>) -> Pairs {
    attributes
        .into_iter()
        .map(|it| (it.key, it.value))
        .collect()
}

pub(super) fn attributes(pairs: Pairs) -> Vec<Attribute> {
    pairs
        .into_iter()
        .map(|(key, value)| Attribute { key, value })
        .collect()
}

impl From<SendFailure> for Failure {
    fn from(failure: SendFailure) -> Self {
        Self {
            code: failure.code.as_str().to_owned(),
            message: failure.message,
            retry_after_ms: None,
            details: Vec::new(),
        }
    }
}

impl From<Failure> for outcome::Failure {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.code,
            message: failure.message,
            retry_after_ms: failure.retry_after_ms,
            details: pairs(failure.details),
        }
    }
}

impl From<told::Context> for Context {
    fn from(context: told::Context) -> Self {
        Self {
            idempotency_key: context.idempotency_key,
            now_ms: context.now_ms,
            deadline_ms: context.deadline_ms,
            settings: attributes(context.settings),
            connection: context.connection.map(Credential::from),
            options: attributes(context.options),
        }
    }
}

impl From<told::Credential> for Credential {
    fn from(credential: told::Credential) -> Self {
        Self {
            id: credential.id,
            name: credential.name,
            kind: credential.kind,
            version: credential.version,
            fields: attributes(credential.fields),
            metadata: attributes(credential.metadata),
            external_id: credential.external_id,
            handle: credential.handle,
            expires_at_ms: credential.expires_at_ms,
        }
    }
}

impl From<validation::Report> for outcome::Report {
    fn from(report: validation::Report) -> Self {
        Self {
            account: report.account,
            rate_limit_remaining: report.rate_limit_remaining,
            quota_remaining: report.quota_remaining,
            expires_at_ms: report.expires_at_ms,
            scopes: report.scopes,
            details: pairs(report.details),
        }
    }
}

impl From<rotation::Replacement> for said::Replacement {
    fn from(replacement: rotation::Replacement) -> Self {
        Self {
            fields: pairs(replacement.fields),
            external_id: replacement.external_id,
            handle: replacement.handle,
            expires_at_ms: replacement.expires_at_ms,
            details: pairs(replacement.details),
        }
    }
}

impl From<Place> for application::Place {
    fn from(place: Place) -> Self {
        Self {
            container: place.container,
            slot: place.slot,
            parameters: attributes(place.parameters),
        }
    }
}

impl From<outcome::Receipt> for application::Receipt {
    fn from(receipt: outcome::Receipt) -> Self {
        Self {
            external_id: receipt.external_id,
            details: attributes(receipt.details),
        }
    }
}

impl From<application::Receipt> for outcome::Receipt {
    fn from(receipt: application::Receipt) -> Self {
        Self {
            external_id: receipt.external_id,
            details: pairs(receipt.details),
        }
    }
}

impl From<IssueRequest> for issuance::Request {
    fn from(request: IssueRequest) -> Self {
        Self {
            ttl_seconds: u32::try_from(request.ttl.as_secs()).unwrap_or(u32::MAX),
            scopes: request.scopes,
            parameters: attributes(request.parameters),
        }
    }
}

impl From<issuance::Issued> for said::Issued {
    fn from(issued: issuance::Issued) -> Self {
        Self {
            fields: pairs(issued.fields),
            scopes: issued.scopes,
            expires_at_ms: issued.expires_at_ms,
            handle: issued.handle,
            details: pairs(issued.details),
        }
    }
}

impl From<said::Issued> for issuance::Issued {
    fn from(issued: said::Issued) -> Self {
        Self {
            fields: attributes(issued.fields),
            scopes: issued.scopes,
            expires_at_ms: issued.expires_at_ms,
            handle: issued.handle,
            details: attributes(issued.details),
        }
    }
}

impl From<issuance::Outcome> for outcome::Revocation {
    fn from(revoked: issuance::Outcome) -> Self {
        match revoked {
            issuance::Outcome::Revoked => Self::Revoked,
            issuance::Outcome::AlreadyGone => Self::AlreadyGone,
            issuance::Outcome::UntilExpiry => Self::UntilExpiry,
        }
    }
}

impl From<inventory::Page> for outcome::Page {
    fn from(page: inventory::Page) -> Self {
        let entries = page.entries.into_iter().map(|entry| outcome::Entry {
            external_id: entry.external_id,
            name: entry.name,
            kind: entry.kind,
            attributes: pairs(entry.attributes),
        });
        Self {
            entries: entries.collect(),
            next: page.next,
        }
    }
}
