//! What is asked of a plugin beside its subject.

use std::time::Duration;

/// A place where a credential is put to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// An n8n workflow's id, for one.
    pub container: String,
    /// An n8n node's name, for one.
    pub slot: String,
    /// Open-ended parameters of the place.
    pub parameters: Vec<(String, String)>,
}

/// The short-lived credential that is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueRequest {
    /// How long it is to work. Plugins are asked in whole seconds, rounded down.
    pub ttl: Duration,
    /// What it is to be good for, in the provider's words. An answer with any other scope is refused.
    pub scopes: Vec<String>,
    /// Open-ended parameters of the provider's.
    pub parameters: Vec<(String, String)>,
}
