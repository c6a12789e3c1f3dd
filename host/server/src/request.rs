//! What handlers take out of a request: who calls, the path's parts, the query, the body, and whether the
//! request may come again. Each refuses in the words of
//! [`crate::refusal`], so that a surface renders what goes wrong here as its own.

mod authentication;
mod body;
mod fields;
mod idempotency;
mod path;
mod query;
mod value;

pub(crate) use authentication::Authenticated;
pub(crate) use body::JsonBody;
pub(crate) use fields::Fields;
pub(crate) use idempotency::IdempotencyKey;
pub(crate) use path::PathOf;
pub(crate) use query::Query;
#[cfg(test)]
pub(crate) use value::Value;
