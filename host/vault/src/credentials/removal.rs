//! Deleting a credential: its ciphertext is shredded and its name is free; the audit log keeps what was done with it.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::cache::{self, CredentialCache};
use super::input::CredentialRef;
use super::model::Credential;
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::error::VaultError;
use crate::ids::{CredentialId, WorkspaceId};
use crate::permission::{Permit, credential};
use crate::rotation::rotating;
use crate::store::credentials as rows;
use crate::store::{StoreError, Transaction, leases, listen, places, retirements};
use crate::vault::Vault;

impl Vault {
    /// Deletes a credential. Answers with what it was.
    pub async fn delete_credential(
        &self,
        permit: &Permit<credential::Delete>,
        reference: &CredentialRef,
    ) -> Result<Arc<Credential>, VaultError> {
        let workspace = permit.workspace();
        // Not from the cache: the entry has the name that it has now.
        let credential = self.read_through(workspace, reference).await?.credential;
        let entry = NewEntry::by(permit.actor(), action::CREDENTIAL_DELETE)
            .within(workspace)
            .about(credential.id, credential.name.as_str());
        let removal = Removal {
            place: (workspace, credential.id),
            cache: Arc::clone(&self.inner.credentials),
            deleted: Arc::clone(&self.inner.deleted),
        };
        match self
            .inner
            .audit
            .commit(entry, Some(Box::new(removal)))
            .await?
            .applied
        {
            Applied::Done => Ok(credential),
            Applied::Refused(Refusal::InUse) => Err(self.in_use(&credential).await?),
            Applied::Refused(Refusal::Rotating) => Err(rotating()),
            Applied::Refused(Refusal::Leased) => Err(VaultError::Conflict {
                message: "Credential has leases that may still work; revoke them first".to_owned(),
                retry_after_ms: None,
            }),
            Applied::Refused(Refusal::Retiring) => Err(VaultError::Conflict {
                message: "An earlier secret of the credential is still to be ended at the provider; rotate it with the \
                          trigger `emergency`, or try again later"
                    .to_owned(),
                retry_after_ms: None,
            }),
            Applied::Refused(_) => Err(VaultError::NotFound),
        }
    }
}

struct Removal {
    place: (WorkspaceId, CredentialId),
    cache: Arc<CredentialCache>,
    deleted: Arc<Notify>,
}

impl Change for Removal {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let (workspace, id) = self.place;
            let (of, credential) = (workspace.to_string(), id.to_string());
            match rows::standing(transaction, &of, &credential).await? {
                None => return Ok(Applied::Refused(Refusal::Gone)),
                Some(standing) if standing.rotating == 1 => {
                    return Ok(Applied::Refused(Refusal::Rotating));
                }
                Some(_) => {}
            }
            if leases::held(transaction, &credential, None).await? > 0 {
                return Ok(Applied::Refused(Refusal::Leased));
            }
            if retirements::is_to_come(transaction, &credential).await? {
                return Ok(Applied::Refused(Refusal::Retiring));
            }
            if places::holds_back(transaction, &credential).await? {
                return Ok(Applied::Refused(Refusal::InUse));
            }
            if !rows::delete(transaction, &of, &credential).await? {
                return Ok(Applied::Refused(Refusal::Gone));
            }
            listen::tell(transaction, &cache::words(workspace, id)).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.cache.forget(self.place.0, self.place.1);
        self.deleted.notify_one();
    }
}
