//! The proof that a permission was checked.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use thiserror::Error;

use super::{AnyPermission, InWorkspace, Needs, OnServer, Permission};
use crate::error::InternalError;
use crate::identity::Actor;
use crate::ids::WorkspaceId;

/// Leave to do `P` in one workspace, for one request. Only [`Vault::permit`](crate::Vault::permit) makes one.
pub struct Permit<P: InWorkspace> {
    workspace: WorkspaceId,
    actor: Arc<Actor>,
    permission: PhantomData<fn() -> P>,
}

impl<P: InWorkspace> Permit<P> {
    pub(super) fn new(workspace: WorkspaceId, actor: &Actor) -> Self {
        Self {
            workspace,
            actor: Arc::new(actor.needing(Needs::Member(workspace, P::ANY))),
            permission: PhantomData,
        }
    }

    /// The workspace that it is for. Every lookup goes by it.
    #[must_use]
    pub fn workspace(&self) -> WorkspaceId {
        self.workspace
    }

    /// Who acts, and in which request: what the audit log keeps.
    #[must_use]
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }
}

/// Leave to do `P` on the server as a whole, for one request. Only [`Vault::server_permit`](crate::Vault::server_permit)
/// makes one, and only for administrators.
pub struct ServerPermit<P: OnServer> {
    actor: Arc<Actor>,
    permission: PhantomData<fn() -> P>,
}

impl<P: OnServer> ServerPermit<P> {
    pub(super) fn new(actor: &Actor) -> Self {
        Self {
            actor: Arc::new(actor.needing(Needs::Administrator(P::ANY))),
            permission: PhantomData,
        }
    }

    /// Who acts, and in which request: what the audit log keeps.
    #[must_use]
    pub fn actor(&self) -> &Arc<Actor> {
        &self.actor
    }
}

impl<P: InWorkspace> fmt::Debug for Permit<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Permit<{}>", P::NAME)
    }
}

impl<P: OnServer> fmt::Debug for ServerPermit<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ServerPermit<{}>", P::NAME)
    }
}

/// Why there is no permit.
#[derive(Debug, Error)]
pub enum Denied {
    /// There is no such workspace, or the caller isn't a member of it: which of the two, nobody is told.
    #[error("you have no access to this workspace")]
    NotAMember,
    /// The caller is known here, but not for this.
    #[error("the permission `{permission}` is needed for this")]
    Missing {
        /// The permission that was asked for.
        permission: AnyPermission,
    },
    /// Memberships can't be read just now; nothing is known against the caller.
    #[error("permissions can't be checked just now; try again shortly")]
    Unavailable(#[source] InternalError),
}

impl Denied {
    /// That `P` is missing.
    pub(super) const fn missing<P: Permission>() -> Self {
        Self::Missing { permission: P::ANY }
    }
}
