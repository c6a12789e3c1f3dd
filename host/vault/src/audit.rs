//! The audit log: append-only, written in groups, each entry chained to the one before it.
//!
//! A secret is not handed out, and nothing is changed, before its entry is durable. One writer task takes what waits,
//! applies the changes and inserts the entries of the whole group in one transaction, commits, and then answers
//! everybody: the cost is a fraction of an fsync each, and a change and its entry are both there or neither.
//!
//! The chain is keyed: each entry's MAC goes over the MAC before it and the entry's own postcard bytes, under a key that
//! the master key seals. Who can write the table can't forge an entry, change one or take one out without
//! [`Vault::verify_audit`](crate::Vault::verify_audit) saying so. A tail that is cut off shows against an
//! [`AuditHead`] that was kept elsewhere.
//!
//! To record a new kind of event: build a [`NewEntry`] with one of [`action`]'s names, and hand it to
//! `AuditWriter::commit`, with the [`Change`] that it is about, if it is about one.

pub mod action;
mod chain;
mod change;
mod entry;
mod log;
mod tail;
mod verify;
mod writer;

pub(crate) use change::{Applied, Change, Refusal};
pub use entry::{AuditEntry, Author, NewEntry};
pub use log::{AuditFilter, AuditPage};
pub use verify::{AuditHead, AuditVerdict, Break};
pub(crate) use writer::{AuditError, AuditKey, AuditWriter, Use};
