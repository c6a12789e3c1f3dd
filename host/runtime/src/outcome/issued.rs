//! A short-lived credential, and what became of one.

use crate::subject::Field;

/// What `issuance.issue` answers, and what `issuance.revoke` wants back.
pub struct Issued {
    /// What its holder gets, each name once; `token` is the main one. Secrets are what the host captured.
    pub fields: Vec<Field>,
    /// What it is good for; all of it was asked for.
    pub scopes: Vec<String>,
    /// When it ends, in milliseconds since the Unix epoch.
    pub expires_at_ms: Option<u64>,
    /// What the plugin needs to find it. It holds no secret.
    pub handle: Option<String>,
    /// Anything else.
    pub details: Vec<(String, String)>,
}

/// What `issuance.revoke` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It no longer works.
    Revoked,
    /// It didn't work any more.
    AlreadyGone,
    /// The provider can't end it early: it works until it expires.
    UntilExpiry,
}
