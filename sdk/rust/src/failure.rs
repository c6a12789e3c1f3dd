//! Failures by their code. Which one it is decides what the host does, so each says what it stands for.

use crate::{Attribute, Failure};

impl Failure {
    /// A failure of any code. The message is for a person and holds nothing of the secret, not even masked.
    #[must_use]
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            retry_after_ms: None,
            details: Vec::new(),
        }
    }

    /// The provider itself says that the secret is not valid: the credential's health becomes `invalid`.
    #[must_use]
    pub fn rejected(message: impl Into<String>) -> Self {
        Self::new("rejected", message)
    }

    /// The secret is valid, but may not do this.
    #[must_use]
    pub fn restricted(message: impl Into<String>) -> Self {
        Self::new("restricted", message)
    }

    /// Too many requests: nothing is known of the secret.
    #[must_use]
    pub fn rate_limited(message: impl Into<String>, retry_after_ms: Option<u32>) -> Self {
        Self {
            retry_after_ms,
            ..Self::new("rate-limited", message)
        }
    }

    /// The provider is down, slow, or answers what nobody understands: nothing is known of the secret.
    #[must_use]
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self::new("unreachable", message)
    }

    /// What the operation is about isn't there.
    #[must_use]
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new("not-found", message)
    }

    /// The provider's state doesn't allow it now.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new("conflict", message)
    }

    /// The credential or the request can't be right, whatever the provider says.
    #[must_use]
    pub fn invalid_input(message: impl Into<String>) -> Self {
        Self::new("invalid-input", message)
    }

    /// The provider can't do this.
    #[must_use]
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new("unsupported", message)
    }

    /// It may or may not have happened at the provider.
    #[must_use]
    pub fn unknown_outcome(message: impl Into<String>) -> Self {
        Self::new("unknown-outcome", message)
    }

    /// With one more detail, such as the provider's own code.
    #[must_use]
    pub fn with_detail(mut self, key: &str, value: impl Into<String>) -> Self {
        self.details.push(Attribute {
            key: key.to_owned(),
            value: value.into(),
        });
        self
    }
}
