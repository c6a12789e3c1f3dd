//! Who may do what in a workspace.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::action;
use super::error::IdentityError;
use super::news::{News, Told};
use crate::Vault;
use crate::audit::{Applied, Change, NewEntry, Refusal};
use crate::error::Problem;
use crate::ids::{UserId, WorkspaceId};
use crate::permission::{AnyPermission, PermissionSet, Permit, workspace};
use crate::store::{StoreError, Transaction, identity as rows, leases};

/// Why the leases of somebody who was removed end.
const LEFT: &str = "its holder is no longer a member of the workspace";

impl Vault {
    /// Makes a user a member of the workspace with these permissions, or gives a member these and no others.
    ///
    /// Nobody grants what they don't hold themselves: managing members is no way to reading secrets.
    pub async fn put_member(
        &self,
        permit: &Permit<workspace::Manage>,
        user: UserId,
        permissions: &[impl AsRef<str> + Sync],
    ) -> Result<PermissionSet, IdentityError> {
        let wanted = read(permissions)?;
        let mut reader = self.inner.database.read().await?;
        let own = rows::member(&mut reader, permit.workspace(), permit.actor().user).await?;
        let old = rows::member(&mut reader, permit.workspace(), user).await?;
        drop(reader);
        let mut grantable = own
            .into_iter()
            .chain(old)
            .flat_map(PermissionSet::iter)
            .collect::<Vec<_>>();
        grantable.sort_unstable();
        if let Some(beyond) = wanted
            .iter()
            .find(|permission| grantable.binary_search(permission).is_err())
        {
            return Err(invalid(format!(
                "you can't grant `{beyond}`, which you don't hold in this workspace"
            )));
        }
        let entry = NewEntry::by(permit.actor(), action::MEMBER_PUT)
            .within(permit.workspace())
            .target(user.to_string())
            .detail("permissions", wanted.to_string());
        self.change_members(permit, user, entry, Some(wanted))
            .await?;
        Ok(wanted)
    }

    /// Ends a user's membership, and with it the leases that they hold in the workspace.
    pub async fn remove_member(
        &self,
        permit: &Permit<workspace::Manage>,
        user: UserId,
    ) -> Result<(), IdentityError> {
        let entry = NewEntry::by(permit.actor(), action::MEMBER_REMOVE)
            .within(permit.workspace())
            .target(user.to_string());
        let held = self.leases_of(user, Some(permit.workspace())).await?;
        let entry = entry.detail("leases_to_end", held);
        self.change_members(permit, user, entry, None).await
    }

    /// How many leases a user holds that are in use; in that workspace, if one is named.
    pub(super) async fn leases_of(
        &self,
        user: UserId,
        workspace: Option<WorkspaceId>,
    ) -> Result<i64, StoreError> {
        let workspace = workspace.map(|id| id.to_string());
        let database = &self.inner.database;
        leases::in_use_by(database, &user.to_string(), workspace.as_deref()).await
    }

    async fn change_members(
        &self,
        permit: &Permit<workspace::Manage>,
        user: UserId,
        entry: NewEntry,
        permissions: Option<PermissionSet>,
    ) -> Result<(), IdentityError> {
        let change = Membership {
            workspace: permit.workspace(),
            user,
            permissions,
            now: self.now(),
        };
        match self
            .inner
            .audit
            .commit(
                entry,
                Some(Told::boxed(
                    change,
                    News::Member,
                    &self.inner.identity.memory,
                )),
            )
            .await?
            .applied
        {
            Applied::Done => Ok(()),
            Applied::Refused(Refusal::Stale) => Err(IdentityError::LastManager),
            Applied::Refused(_) if permissions.is_none() => Err(IdentityError::NoSuchMember),
            Applied::Refused(_) => Err(IdentityError::NoSuchUser),
        }
    }
}

fn read(permissions: &[impl AsRef<str>]) -> Result<PermissionSet, IdentityError> {
    let set = PermissionSet::parse(permissions.iter().map(AsRef::as_ref))
        .map_err(|error| invalid(error.to_string()))?;
    if set.is_empty() {
        return Err(invalid("a member has at least one permission".to_owned()));
    }
    if let Some(servers) = set.iter().find(|permission| !permission.in_workspace()) {
        return Err(invalid(format!(
            "`{servers}` belongs to administrators, and a membership can't give it"
        )));
    }
    Ok(set)
}

fn invalid(message: String) -> IdentityError {
    IdentityError::Invalid(vec![Problem::new("permissions", message)])
}

/// A membership put or, without permissions, removed. Refused as gone where there is no such user or membership, and as
/// stale where nobody would be left to manage the members.
struct Membership {
    workspace: WorkspaceId,
    user: UserId,
    permissions: Option<PermissionSet>,
    now: Timestamp,
}

impl Change for Membership {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let manages = |set: &PermissionSet| set.contains(AnyPermission::WorkspaceManage);
            if !self.permissions.as_ref().is_some_and(manages) {
                let others =
                    rows::permissions_of_others(transaction, self.workspace, self.user).await?;
                if !others.iter().any(manages) {
                    return Ok(Applied::Refused(Refusal::Stale));
                }
            }
            let found = match self.permissions {
                None => {
                    let (user, workspace) = (self.user.to_string(), self.workspace.to_string());
                    let now = self.now.as_millisecond();
                    leases::end_of_holder(transaction, &user, Some(&workspace), now, LEFT).await?;
                    rows::remove_member(transaction, self.workspace, self.user).await?
                }
                Some(_) if !rows::has_user(transaction, self.user).await? => false,
                Some(permissions) => {
                    rows::put_member(
                        transaction,
                        self.workspace,
                        self.user,
                        permissions,
                        self.now,
                    )
                    .await?;
                    true
                }
            };
            Ok(if found {
                Applied::Done
            } else {
                Applied::Refused(Refusal::Gone)
            })
        }
        .boxed()
    }
}
