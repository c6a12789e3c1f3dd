//! Ending a lease before its time, or giving it up.

use std::sync::Arc;

use super::action;
use super::journal::Asker;
use super::model::{AtProvider, Lease, LeaseState};
use crate::error::{InternalError, VaultError};
use crate::identity::Actor;
use crate::ids::LeaseId;
use crate::permission::{Permit, ServerPermit, credential, workspace};
use crate::store::leases::{self as rows, LeaseRow};
use crate::vault::Vault;

/// When whoever wants to end what is being issued may try again.
const RETRY_AFTER_MS: u64 = 1000;
/// What the log says of a lease that was given up.
const FORCED: &str =
    "given up: the provider wasn't asked, or didn't agree, and it may still work there";

/// A lease that was to end.
#[derive(Debug, Clone)]
pub struct RevokedLease {
    /// It, as it is now.
    pub lease: Lease,
    /// What happened at the provider.
    pub at_provider: AtProvider,
}

impl RevokedLease {
    fn of(row: &LeaseRow) -> Result<Self, VaultError> {
        let lease = Lease::try_from(row)?;
        let at_provider = match (lease.state.is_live(), lease.at_provider) {
            (false, Some(known @ (AtProvider::Revoked | AtProvider::Forced))) => known,
            // Its own end has come since.
            (false, _) => AtProvider::AlreadyGone,
            (true, Some(AtProvider::UntilExpiry)) => AtProvider::UntilExpiry,
            // Nobody holds what would end it.
            (true, _) if lease.state == LeaseState::Orphaned => AtProvider::UntilExpiry,
            (true, _) => AtProvider::Pending,
        };
        Ok(Self { lease, at_provider })
    }
}

impl Vault {
    /// Ends a lease of the permit's workspace, and says what the provider did about it. A provider that can't be reached is
    /// asked again later. Ending it twice is ending it once.
    pub async fn revoke_lease(
        &self,
        permit: &Permit<credential::Revoke>,
        id: LeaseId,
    ) -> Result<RevokedLease, VaultError> {
        let workspace = permit.workspace().to_string();
        let found = rows::find(&self.inner.database, Some(&workspace), &id.to_string()).await?;
        let row = found.ok_or(VaultError::NotFound)?;
        self.revoke_in_task(permit.actor(), row).await
    }

    /// Ends any workspace's lease, for who runs the server. With `force` it is given up: nobody asks the provider, and
    /// nothing waits for it any more.
    pub async fn revoke_any_lease(
        &self,
        permit: &ServerPermit<workspace::Manage>,
        id: LeaseId,
        force: bool,
    ) -> Result<RevokedLease, VaultError> {
        let found = rows::find(&self.inner.database, None, &id.to_string()).await?;
        let row = found.ok_or(VaultError::NotFound)?;
        let is_live = LeaseState::parse(&row.state).is_some_and(LeaseState::is_live);
        if !force || !is_live {
            return self.revoke_in_task(permit.actor(), row).await;
        }
        self.give_up_lease(permit.actor(), row).await
    }

    async fn give_up_lease(
        &self,
        actor: &Actor,
        mut row: LeaseRow,
    ) -> Result<RevokedLease, VaultError> {
        let entry = Asker::Caller(actor).entry(action::REVOKE, &row)?;
        let entry = entry
            .detail("forced", true)
            .detail("was", row.state.as_str())
            .detail("warning", FORCED);
        row.outcome = Some(AtProvider::Forced.as_str().to_owned());
        match self.end_row(entry, row, LeaseState::Revoked).await? {
            Some(row) => RevokedLease::of(&row),
            None => Err(busy("The lease is being changed by others")),
        }
    }

    /// In a task of its own: whoever asked may go, and what was begun is still recorded.
    async fn revoke_in_task(
        &self,
        actor: &Arc<Actor>,
        row: LeaseRow,
    ) -> Result<RevokedLease, VaultError> {
        let (vault, actor) = (self.clone(), Arc::clone(actor));
        let work = async move { vault.revoke_row(&actor, row).await };
        // None: the vault is closing.
        let task = self.inner.underway.spawn(work);
        task.ok_or(VaultError::Unavailable)?
            .await
            .map_err(InternalError::new)?
    }

    async fn revoke_row(
        &self,
        actor: &Actor,
        mut row: LeaseRow,
    ) -> Result<RevokedLease, VaultError> {
        let id = row.id.clone();
        match Lease::try_from(&row)?.state {
            LeaseState::Issuing => return Err(busy("The lease is being issued")),
            LeaseState::Active | LeaseState::RevokeFailed => {}
            // It has ended, or is about to, or nobody holds what would end it.
            _ => return RevokedLease::of(&row),
        }
        row.outcome = Some(AtProvider::Pending.as_str().to_owned());
        row.attempts = 0;
        row.next_at = Some(self.now().as_millisecond());
        row.error = None;
        if let Some(row) = self.end_lease(Asker::Caller(actor), row).await? {
            return RevokedLease::of(&row);
        }
        // Somebody else is at it: what they say counts.
        let found = rows::find(&self.inner.database, None, &id).await?;
        RevokedLease::of(&found.ok_or(VaultError::NotFound)?)
    }
}

fn busy(what: &str) -> VaultError {
    VaultError::Conflict {
        message: format!("{what}; try again shortly"),
        retry_after_ms: Some(RETRY_AFTER_MS),
    }
}
