//! What the audit log calls what is done to users, tokens, workspaces and members.

/// A user logged in and was given a token; or somebody tried to.
pub(super) const LOG_IN: &str = "token.issue";
/// A token was replaced by a new one.
pub(super) const TOKEN_REFRESH: &str = "token.refresh";
/// A token was ended before its time.
pub(super) const TOKEN_REVOKE: &str = "token.revoke";
/// A user was made.
pub(super) const USER_CREATE: &str = "user.create";
/// A user may log in again.
pub(super) const USER_ENABLE: &str = "user.enable";
/// A user may no longer log in.
pub(super) const USER_DISABLE: &str = "user.disable";
/// A user's password was changed.
pub(super) const USER_PASSWORD: &str = "user.password";
/// A workspace was made.
pub(super) const WORKSPACE_CREATE: &str = "workspace.create";
/// A user became a member, or a member's permissions were changed.
pub(super) const MEMBER_PUT: &str = "member.put";
/// A membership was ended.
pub(super) const MEMBER_REMOVE: &str = "member.remove";
/// The vault was opened for the first time.
pub(super) const FIRST_START: &str = "first-start";
