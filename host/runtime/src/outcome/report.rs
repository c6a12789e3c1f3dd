//! Whether a credential works.

/// What `validation.validate` answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The provider's name for the account behind the credential.
    pub account: Option<String>,
    /// Requests left in the provider's window.
    pub rate_limit_remaining: Option<u64>,
    /// In percent.
    pub quota_remaining: Option<u32>,
    /// When the provider says that the secret ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<u64>,
    /// What the credential may do, in the provider's words.
    pub scopes: Vec<String>,
    /// Anything else.
    pub details: Vec<(String, String)>,
}
