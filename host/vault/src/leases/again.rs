//! The same request once more: it is answered with what it made, and makes nothing new.

use super::action;
use super::error::LeaseError;
use super::input::IssuedLease;
use super::journal::Asker;
use super::model::{Lease, LeaseState};
use super::sealed::{self, LeasePlace};
use crate::error::VaultError;
use crate::identity::Actor;
use crate::store::StoreError;
use crate::store::leases::LeaseRow;
use crate::vault::Vault;
use claviger_runtime::outcome::Issued;

/// When whoever sent a request again may ask what came of it.
const RETRY_AFTER_MS: u64 = 1000;

impl Vault {
    /// What a request made that was sent before.
    pub(super) async fn issued_before(
        &self,
        actor: &Actor,
        row: LeaseRow,
    ) -> Result<IssuedLease, LeaseError> {
        let lease = Lease::try_from(&row)?;
        let conflict = |message: String, retry_after_ms| {
            Err(VaultError::Conflict {
                message,
                retry_after_ms,
            }
            .into())
        };
        if lease.holder != actor.user {
            return conflict("This request was sent by somebody else".to_owned(), None);
        }
        let reason = lease.error.as_deref().unwrap_or("its reason is in the log");
        match lease.state {
            LeaseState::Active => {}
            LeaseState::Issuing => {
                let message = "This request is being worked on".to_owned();
                return conflict(message, Some(RETRY_AFTER_MS));
            }
            LeaseState::Failed | LeaseState::Orphaned => {
                let message = format!(
                    "This request was sent before, and nothing was issued: {reason}; send a new one"
                );
                return conflict(message, None);
            }
            ended => {
                let message = format!(
                    "This request was sent before, and what it issued is {}; send a new one",
                    ended.as_str()
                );
                return conflict(message, None);
            }
        }
        let issued = self.open_issued(&row).await?;
        let entry = Asker::Caller(actor).entry(action::ISSUE_AGAIN, &row)?;
        self.inner.audit.commit(entry, None).await?;
        Ok(IssuedLease::new(lease, issued.fields))
    }

    /// What is sealed of a lease that may still work.
    pub(super) async fn open_issued(&self, row: &LeaseRow) -> Result<Issued, VaultError> {
        let (Some(data_key), Some(sealed)) = (&row.data_key, &row.sealed) else {
            return Err(StoreError::damaged("lease", "nothing is sealed of it").into());
        };
        let lease = Lease::try_from(row)?;
        let keys = &self.inner.keys;
        let key = keys
            .opening(
                &self.inner.database,
                lease.workspace,
                &data_key.as_str().into(),
            )
            .await?;
        let place = LeasePlace {
            workspace: lease.workspace,
            lease: lease.id,
            data_key: &key.id,
        };
        sealed::open(sealed, &key.seal, place)
    }
}
