//! Whether a caller may.

use super::permit::{Denied, Permit, ServerPermit};
use super::{InWorkspace, OnServer, PermissionSet};
use crate::Vault;
use crate::audit::{NewEntry, action};
use crate::error::{InternalError, VaultError};
use crate::identity::Caller;
use crate::ids::{UserId, WorkspaceId};
use crate::store::{StoreError, identity as rows};

/// A workspace, as a request names it.
#[derive(Debug, Clone, Copy)]
pub enum WorkspaceRef<'a> {
    /// By its id, such as the caller's home.
    Id(WorkspaceId),
    /// By the text of a path or a header: `WSP-` and 16 upper-case hexadecimal digits. Any other text names no
    /// workspace, which a caller can't tell from one that isn't theirs.
    Text(&'a str),
}

impl From<WorkspaceId> for WorkspaceRef<'_> {
    fn from(id: WorkspaceId) -> Self {
        Self::Id(id)
    }
}

impl<'a> From<&'a str> for WorkspaceRef<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for WorkspaceRef<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl WorkspaceRef<'_> {
    fn id(self) -> Option<WorkspaceId> {
        match self {
            Self::Id(id) => Some(id),
            Self::Text(text) => {
                let digits = text.strip_prefix("WSP-")?;
                let upper = !digits.bytes().any(|byte| byte.is_ascii_lowercase());
                digits.to_ascii_lowercase().parse().ok().filter(|_| upper)
            }
        }
    }
}

impl Vault {
    /// Leave for the caller to do `P` in a workspace. An attempt that is denied is in the audit log.
    pub async fn permit<P: InWorkspace>(
        &self,
        caller: &Caller,
        workspace: impl Into<WorkspaceRef<'_>>,
    ) -> Result<Permit<P>, Denied> {
        let id = workspace.into().id();
        let unavailable = |error| Denied::Unavailable(InternalError::new(error));
        let held = match id {
            Some(id) => self
                .permissions(caller.user(), id)
                .await
                .map_err(unavailable)?,
            None => None,
        };
        let denied = match (id, held) {
            (Some(id), Some(held)) if held.contains(P::ANY) => {
                return Ok(Permit::new(id, caller.actor()));
            }
            (_, Some(_)) => Denied::missing::<P>(),
            (_, None) => Denied::NotAMember,
        };
        let entry = NewEntry::by(caller.actor(), action::DENIED)
            .target(P::NAME)
            .regardless()
            .failed();
        // Made-up workspaces are all one: of them there is no end, and nobody reads their part of the log.
        let known = match id {
            Some(id) if held.is_some() || self.has_workspace(id).await.map_err(unavailable)? => {
                Some(id)
            }
            _ => None,
        };
        self.inner.identity.record_denial(match known {
            Some(id) => entry.within(id),
            None => entry,
        });
        Err(denied)
    }

    /// Whether the caller may do `P` in a workspace, for what is shown to those who may and that others never asked for:
    /// unlike an attempt, the question leaves nothing in the audit log.
    pub async fn may<P: InWorkspace>(
        &self,
        caller: &Caller,
        workspace: WorkspaceId,
    ) -> Result<bool, VaultError> {
        let held = self.permissions(caller.user(), workspace).await?;
        Ok(held.is_some_and(|held| held.contains(P::ANY)))
    }

    /// Leave for the caller to do `P` on the server. An attempt that is denied is in the audit log.
    #[expect(
        clippy::unused_async,
        reason = "asked for like the other; a caller that isn't a user's token takes a look-up"
    )]
    pub async fn server_permit<P: OnServer>(
        &self,
        caller: &Caller,
    ) -> Result<ServerPermit<P>, Denied> {
        if caller.is_administrator() {
            return Ok(ServerPermit::new(caller.actor()));
        }
        self.inner.identity.record_denial(
            NewEntry::by(caller.actor(), action::DENIED)
                .target(P::NAME)
                .regardless()
                .failed(),
        );
        Err(Denied::missing::<P>())
    }

    async fn has_workspace(&self, workspace: WorkspaceId) -> Result<bool, StoreError> {
        let mut reader = self.inner.database.read().await?;
        rows::workspace_exists(&mut reader, workspace).await
    }

    /// What a user may do in a workspace; none if they aren't a member, or there is no such workspace.
    pub(crate) async fn permissions(
        &self,
        user: UserId,
        workspace: WorkspaceId,
    ) -> Result<Option<PermissionSet>, StoreError> {
        let memory = &self.inner.identity.memory;
        if let Some(held) = memory.permissions(user, workspace) {
            return Ok(Some(held));
        }
        let read_in = memory.members.generation();
        let mut reader = self.inner.database.read().await?;
        let held = rows::member(&mut reader, workspace, user).await?;
        // Only memberships are remembered: of workspaces that somebody made up there is no end.
        if let Some(held) = held {
            memory.remember_permissions(user, workspace, held, read_in);
        }
        Ok(held)
    }
}
