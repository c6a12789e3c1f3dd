//! What is due: leases whose end has come, and those that a provider is to be asked to end or to undo.
//!
//! However many are due, a look reads a page of each provider's and goes on: a few workers for each provider take turns with
//! its leases, told apart by their ids, so that no two are at the same one.

use tokio::task::JoinHandle;

use super::journal::Asker;
use super::model::{Lease, LeaseState};
use crate::error::VaultError;
use crate::jobs::{Begun, Turn};
use crate::store::leases::{self as rows, LeaseRow};
use crate::vault::Vault;

/// Leases of a provider that are read at a look.
const PAGE: i64 = 200;
/// Workers for each provider: fewer than its lane has room for, so that rotations and the like get their turn.
const WORKERS: usize = 2;
/// The lane of those that call no provider. No plugin has a name with a blank.
const NO_PROVIDER: &str = "leases that are over";

impl Vault {
    /// Begins what is due of leases.
    pub(crate) async fn begin_due_leases(&self) -> Result<Begun, VaultError> {
        let mut begun = Begun::new();
        let database = &self.inner.database;
        let look = self.look().await?;
        if !rows::over(database, &look, 1).await?.is_empty() {
            let job = self.inner.lanes.enter(NO_PROVIDER, NO_PROVIDER);
            begun.extend(job.and_then(|turn| self.begin_expiry(turn)));
        }
        for (provider,) in rows::due_providers(database, &look).await? {
            let due = rows::due(database, &look, &provider, PAGE).await?;
            let mut shares: [Vec<LeaseRow>; WORKERS] = std::array::from_fn(|_| Vec::new());
            for row in due {
                shares[worker(&row.id)].push(row);
            }
            for (number, share) in shares.into_iter().enumerate() {
                if share.is_empty() {
                    continue;
                }
                let job = format!("leases of {provider} {number}");
                let turn = self.inner.lanes.enter(&provider, &job);
                begun.extend(turn.and_then(|turn| self.begin_share(turn, share)));
            }
        }
        Ok(begun)
    }

    fn begin_expiry(&self, turn: Turn) -> Option<JoinHandle<()>> {
        let vault = self.clone();
        self.inner.underway.spawn(async move {
            let _turn = turn;
            if let Err(error) = vault.expire_leases().await {
                tracing::warn!(%error, "leases that are over can't be recorded; it is tried again");
            }
        })
    }

    fn begin_share(&self, turn: Turn, share: Vec<LeaseRow>) -> Option<JoinHandle<()>> {
        let vault = self.clone();
        self.inner.underway.spawn(async move {
            let _turn = turn;
            for row in share {
                let id = row.id.clone();
                if let Err(error) = vault.do_what_is_due(row).await {
                    tracing::warn!(lease = id, %error, "what is due of a lease can't be done; it is tried again");
                }
            }
        })
    }

    async fn do_what_is_due(&self, row: LeaseRow) -> Result<(), VaultError> {
        match Lease::try_from(&row)?.state {
            LeaseState::Issuing | LeaseState::Orphaned => self.recover_lease(row).await,
            LeaseState::Active | LeaseState::Revoking | LeaseState::RevokeFailed => {
                self.end_lease(Asker::Nobody, row).await.map(drop)
            }
            // Ended since it was read.
            LeaseState::Revoked | LeaseState::Expired | LeaseState::Failed => Ok(()),
        }
    }
}

/// Which of a provider's workers is at a lease.
fn worker(id: &str) -> usize {
    id.bytes().map(usize::from).sum::<usize>() % WORKERS
}
