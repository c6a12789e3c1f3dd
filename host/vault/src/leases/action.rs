//! What the audit log calls what is done to leases. The target of each of these is the backend's id.

/// A provider is about to be asked for a lease.
pub(super) const ISSUE_INTENT: &str = "lease.issue.intent";
/// A lease was handed out; or somebody asked for one in vain.
pub(super) const ISSUE: &str = "lease.issue";
/// The same request was answered with the same lease once more.
pub(super) const ISSUE_AGAIN: &str = "lease.issue.again";
/// A provider is about to be asked to end a lease.
pub(super) const REVOKE_INTENT: &str = "lease.revoke.intent";
/// What came of asking; or a lease that was given up without.
pub(super) const REVOKE: &str = "lease.revoke";
/// A provider is about to be asked to undo what it may have issued without an answer.
pub(super) const RECOVER_INTENT: &str = "lease.recover.intent";
/// What came of it.
pub(super) const RECOVER: &str = "lease.recover";
/// A lease's own end at the provider has come.
pub(super) const EXPIRE: &str = "lease.expire";
