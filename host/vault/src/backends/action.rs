//! What the audit log calls what is done to backends.

/// A backend was added.
pub(super) const BACKEND_CREATE: &str = "backend.create";
/// A backend was deleted.
pub(super) const BACKEND_DELETE: &str = "backend.delete";
