//! Taking a place off the record, where somebody has taken the credential out of use there by hand.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::audit::{self, Change, NewEntry, Refusal, action};
use crate::credentials::CredentialRef;
use crate::error::VaultError;
use crate::permission::{Permit, credential};
use crate::store::places as rows;
use crate::store::{StoreError, Transaction};
use crate::vault::Vault;

impl Vault {
    /// Forgets that a credential is in use in a place; whether it was known to be. Nothing changes at the target.
    pub async fn forget_place(
        &self,
        permit: &Permit<credential::Apply>,
        reference: &CredentialRef,
        container: &str,
        slot: &str,
    ) -> Result<bool, VaultError> {
        let workspace = permit.workspace();
        let credential = self.read_through(workspace, reference).await?.credential;
        let entry = NewEntry::by(permit.actor(), action::PLACE_FORGET)
            .within(workspace)
            .about(credential.id, credential.name.as_str())
            .target(format!("{container}/{slot}"));
        let forgetting = Forgetting {
            credential: credential.id.to_string(),
            container: container.to_owned(),
            slot: slot.to_owned(),
        };
        let committed = self.inner.audit.commit(entry, Some(Box::new(forgetting)));
        Ok(committed.await?.applied == audit::Applied::Done)
    }
}

struct Forgetting {
    credential: String,
    container: String,
    slot: String,
}

impl Change for Forgetting {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<audit::Applied, StoreError>> {
        async move {
            let Self {
                credential,
                container,
                slot,
            } = &*self;
            if rows::forget(transaction, credential, container, slot).await? {
                Ok(audit::Applied::Done)
            } else {
                Ok(audit::Applied::Refused(Refusal::Gone))
            }
        }
        .boxed()
    }
}
