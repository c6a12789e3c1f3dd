//! What the vault is told of the request behind an operation: the audit log carries it.

use std::net::IpAddr;

/// The request that an operation is done for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestInfo {
    /// The id under which the request stands in the log and in its answer.
    pub trace_id: String,
    /// The client's address, where there is one.
    pub address: Option<IpAddr>,
}
