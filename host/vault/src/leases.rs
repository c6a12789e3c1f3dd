//! Leases: credentials that a provider makes for a while, from a root credential.
//!
//! - [`model`]: what a lease is; [`ttl`]: how long it works; [`input`]: what is asked for, and what is handed out
//! - `issue`: asking the provider for one, with `terms`, the limits it is asked within; `again`: the same request once more
//! - [`read`]: what is known of leases; [`revoke`]: ending one before its time, or giving it up
//! - `sweep`: what is due by itself; `ending`, `recovery`, `expiry`: what it does then
//! - `sealed`: what is kept of a token; `journal`: what is written of a lease; `verdict`: what a failed call means
//!
//! **Nothing that a provider made is forgotten.** A row is durable before the provider is asked, and with it how long what
//! it makes could work at the longest; what it made is sealed at once. A row whose answer was lost is undone where the
//! plugin can do that, and else listed as `orphaned` for as long. An end that fails is tried again with growing pauses, then
//! listed as `revoke_failed` until it ends by itself or an operator gives it up.
//!
//! **Who works on a row holds its fence**: each claim counts it up, and what is written names the one it was made under.

mod action;
mod again;
mod ending;
mod error;
mod expiry;
pub mod input;
mod issue;
mod journal;
pub mod model;
pub mod read;
mod recovery;
pub mod revoke;
mod sealed;
mod sweep;
mod terms;
pub mod ttl;
mod verdict;

#[cfg(test)]
mod tests;

pub use error::LeaseError;
pub use input::{IssuedLease, NewLease};
pub use model::{AtProvider, Lease, LeaseState};
pub use read::LeaseFilter;
pub use revoke::RevokedLease;
pub use ttl::{Ttl, TtlError};
