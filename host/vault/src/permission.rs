//! Permissions, demanded by type.
//!
//! An operation of the vault on a workspace takes a [`Permit<P>`], and only
//! [`Vault::permit`](crate::Vault::permit) makes one: an operation whose permission nobody checked doesn't compile.
//! Each permission is an empty type, such as [`credential::Reveal`]; [`AnyPermission`] is the same as a value, for
//! lists and for memberships.
//!
//! To add a permission: one line in `permissions!` below. It belongs to workspaces, where members hold it, or to the
//! server, where administrators do; [`workspace::Manage`] is both, and each is granted apart from the other.

mod check;
mod permit;
mod set;
mod standing;

pub use check::WorkspaceRef;
pub use permit::{Denied, Permit, ServerPermit};
pub use set::{PermissionSet, UnknownPermission};
pub use standing::Lapsed;
pub(crate) use standing::{Held, Needs, Standing};

/// A permission, as a type.
pub trait Permission: sealed::Sealed + Send + Sync + 'static {
    /// Its name, such as `credential:reveal`.
    const NAME: &'static str;
    /// The same permission as a value.
    const ANY: AnyPermission;
}

/// A permission that members hold in their workspace.
pub trait InWorkspace: Permission {}

/// A permission over the whole server, which administrators hold, and nobody else.
pub trait OnServer: Permission {}

mod sealed {
    /// Keeps permissions to those of this module: another crate can't invent one that nobody grants.
    pub trait Sealed {}
}

macro_rules! permissions {
    ($($(#[$about:meta])* $module:ident { $($(#[$doc:meta])* $kind:ident = $any:ident, $name:literal: $($scope:ident)+;)+ })+) => {
        $($(#[$about])* pub mod $module {
            $($(#[$doc])* pub struct $kind;
            impl super::sealed::Sealed for $kind {}
            impl super::Permission for $kind {
                const NAME: &'static str = $name;
                const ANY: super::AnyPermission = super::AnyPermission::$any;
            }
            $(impl super::$scope for $kind {})+)+
        })+

        /// Any permission, as a value.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum AnyPermission {
            $($($(#[$doc])* $any,)+)+
        }

        impl AnyPermission {
            /// Every permission there is.
            pub const ALL: &'static [Self] = &[$($(Self::$any,)+)+];

            /// Its name, such as `credential:reveal`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$any => $name,)+)+
                }
            }

            /// Whether a workspace's members can hold it.
            #[must_use]
            pub const fn in_workspace(self) -> bool {
                match self {
                    $($(Self::$any => permissions!(@in_workspace $($scope)+),)+)+
                }
            }
        }
    };
    (@in_workspace InWorkspace $($rest:ident)*) => { true };
    (@in_workspace OnServer) => { false };
}

permissions! {
    /// What may be done with a workspace's credentials.
    credential {
        /// Store a credential.
        Create = CredentialCreate, "credential:create": InWorkspace;
        /// Read what is known of a credential, without its secret.
        Read = CredentialRead, "credential:read": InWorkspace;
        /// Read a credential's secret.
        Reveal = CredentialReveal, "credential:reveal": InWorkspace;
        /// Change what is known of a credential, and whether it is active.
        Update = CredentialUpdate, "credential:update": InWorkspace;
        /// Retire or delete a credential.
        Delete = CredentialDelete, "credential:delete": InWorkspace;
        /// Replace a credential's secret by a new one.
        Rotate = CredentialRotate, "credential:rotate": InWorkspace;
        /// Go back to an earlier version of a secret.
        Rollback = CredentialRollback, "credential:rollback": InWorkspace;
        /// Have a credential tested at its provider.
        Test = CredentialTest, "credential:test": InWorkspace;
        /// Put a credential into another system.
        Apply = CredentialApply, "credential:apply": InWorkspace;
        /// Have a short-lived credential issued.
        Issue = CredentialIssue, "credential:issue": InWorkspace;
        /// End a short-lived credential before its time.
        Revoke = CredentialRevoke, "credential:revoke": InWorkspace;
    }
    /// What may be done with the keys that this server mints for its own callers.
    access_key {
        /// Mint, change and delete access keys.
        Manage = AccessKeyManage, "access-key:manage": InWorkspace;
    }
    /// What may be done with the audit log.
    audit {
        /// Read a workspace's part of the audit log.
        Read = AuditRead, "audit:read": InWorkspace;
    }
    /// What may be done with plugins.
    plugin {
        /// See, reload and approve plugins.
        Manage = PluginManage, "plugin:manage": OnServer;
    }
    /// What may be done with workspaces.
    workspace {
        /// In a workspace: manage its members and approve where its secrets may go. On the server: make workspaces.
        Manage = WorkspaceManage, "workspace:manage": InWorkspace OnServer;
    }
    /// What may be done with users.
    user {
        /// Make users, list them, and change their passwords and whether they may log in.
        Manage = UserManage, "user:manage": OnServer;
    }
}

impl std::fmt::Display for AnyPermission {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl std::str::FromStr for AnyPermission {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::ALL
            .iter()
            .copied()
            .find(|permission| permission.as_str() == text)
            .ok_or_else(|| UnknownPermission::named(text))
    }
}
