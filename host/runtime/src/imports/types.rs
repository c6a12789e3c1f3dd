//! The records that several imports share.

use crate::bindings::claviger::provider::types::{Attribute, Failure, Host};
use crate::call::CallState;
use crate::egress::SendFailure;

impl Host for CallState {}

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

pub(super) fn pairs(attributes: Vec<Attribute>) -> Vec<(String, String)> {
    attributes
        .into_iter()
        .map(|it| (it.key, it.value))
        .collect()
}

pub(crate) fn attributes(pairs: Vec<(String, String)>) -> Vec<Attribute> {
    pairs
        .into_iter()
        .map(|(key, value)| Attribute { key, value })
        .collect()
}
