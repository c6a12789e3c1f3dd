//! Changing what is known of a credential, and whether it is active.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::cache::{self, CredentialCache};
use super::input::{CredentialPatch, CredentialRef};
use super::model::Credential;
use super::reveal::changing;
use super::rules;
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::error::VaultError;
use crate::identity::Actor;
use crate::ids::WorkspaceId;
use crate::permission::{Permit, credential};
use crate::places::Place;
use crate::rotation::{rotating, schedule};
use crate::store::credentials::{self as rows, CredentialRow};
use crate::store::{StoreError, Transaction, listen};
use crate::vault::Vault;

/// Fields that decide when a credential rotates by itself.
const SCHEDULING: [&str; 5] = [
    "rotation_enabled",
    "rotation_interval_hours",
    "rotation_strategy",
    "expires_at",
    "alert_threshold_hours",
];
/// How often a change is made anew on what others have changed meanwhile.
const ATTEMPTS: usize = 8;

impl Vault {
    /// Changes what is known of a credential. Answers with the names of those fields that are not as they were.
    pub async fn update_credential(
        &self,
        permit: &Permit<credential::Update>,
        reference: &CredentialRef,
        patch: &CredentialPatch,
    ) -> Result<(Arc<Credential>, Vec<&'static str>), VaultError> {
        let checked = rules::check_patch(patch)?;
        if let Some(Some(id)) = &patch.provider_credential_id {
            let known = self.read_through(permit.workspace(), reference).await?;
            let user = permit.actor().user;
            self.demand_renaming(&known.credential, user, id).await?;
        }
        let change = |credential: &mut Credential| checked.apply(credential);
        self.change(
            permit.workspace(),
            permit.actor(),
            reference,
            action::CREDENTIAL_UPDATE,
            change,
        )
        .await
    }

    /// Makes a credential active.
    pub async fn activate_credential(
        &self,
        permit: &Permit<credential::Update>,
        reference: &CredentialRef,
    ) -> Result<Arc<Credential>, VaultError> {
        self.set_active(
            permit.workspace(),
            permit.actor(),
            reference,
            action::CREDENTIAL_ACTIVATE,
        )
        .await
    }

    /// Makes a credential inactive: its name stays taken.
    pub async fn deactivate_credential(
        &self,
        permit: &Permit<credential::Update>,
        reference: &CredentialRef,
    ) -> Result<Arc<Credential>, VaultError> {
        self.set_active(
            permit.workspace(),
            permit.actor(),
            reference,
            action::CREDENTIAL_DEACTIVATE,
        )
        .await
    }

    /// Retires a credential, which is to make it inactive. Answers with where it is still in use, too.
    pub async fn retire_credential(
        &self,
        permit: &Permit<credential::Delete>,
        reference: &CredentialRef,
    ) -> Result<(Arc<Credential>, Vec<Place>), VaultError> {
        let retired = self
            .set_active(
                permit.workspace(),
                permit.actor(),
                reference,
                action::CREDENTIAL_RETIRE,
            )
            .await?;
        let places = self.places_of(&retired).await?;
        Ok((retired, places))
    }

    async fn set_active(
        &self,
        workspace: WorkspaceId,
        actor: &Actor,
        reference: &CredentialRef,
        action: &'static str,
    ) -> Result<Arc<Credential>, VaultError> {
        let active = action == action::CREDENTIAL_ACTIVATE;
        let change = |credential: &mut Credential| {
            if std::mem::replace(&mut credential.active, active) == active {
                Vec::new()
            } else {
                vec!["active"]
            }
        };
        Ok(self
            .change(workspace, actor, reference, action, change)
            .await?
            .0)
    }

    pub(crate) async fn change(
        &self,
        workspace: WorkspaceId,
        actor: &Actor,
        reference: &CredentialRef,
        action: &'static str,
        change: impl Fn(&mut Credential) -> Vec<&'static str>,
    ) -> Result<(Arc<Credential>, Vec<&'static str>), VaultError> {
        let mut cached = self.look_up(workspace, reference).await?;
        let mut read_now = false;
        for _ in 0..ATTEMPTS {
            let before = cached.credential;
            let mut after = Credential::clone(&before);
            let changed = change(&mut after);
            if changed.is_empty() {
                if read_now {
                    // As it is wanted already: nothing happens, so nothing is written.
                    return Ok((before, changed));
                }
                // A cache may be behind another host; what it says is taken for no change.
                cached = self.read_through(workspace, reference).await?;
                read_now = true;
                continue;
            }
            let mut entry = NewEntry::by(actor, action)
                .within(workspace)
                .about(after.id, before.name.as_str())
                .detail("changed", changed.clone());
            if after.name != before.name {
                entry = entry.detail("name", after.name.as_str());
            }
            if after.pin != before.pin {
                let pin = after.pin.as_ref().map(ToString::to_string);
                entry = entry.detail("pin", pin);
            }
            if changed.iter().any(|name| SCHEDULING.contains(name)) {
                after.rotate_at = schedule::due_at(&after);
            }
            after.updated_at = self.now();
            after.generation = before.generation + 1;
            let update = Update {
                row: after.to_row()?,
                generation: before.generation,
                place: (workspace, after.id),
                cache: Arc::clone(&self.inner.credentials),
            };
            match self
                .inner
                .audit
                .commit(entry, Some(Box::new(update)))
                .await?
                .applied
            {
                Applied::Done => return Ok((Arc::new(after), changed)),
                Applied::Refused(Refusal::NameTaken) => {
                    return Err(VaultError::NameTaken {
                        name: after.name.to_string(),
                    });
                }
                Applied::Refused(Refusal::Rotating) => return Err(rotating()),
                Applied::Refused(_) => {
                    cached = self.read_through(workspace, reference).await?;
                    read_now = true;
                }
            }
        }
        Err(changing())
    }
}

struct Update {
    row: CredentialRow,
    generation: i64,
    place: (WorkspaceId, crate::ids::CredentialId),
    cache: Arc<CredentialCache>,
}

impl Change for Update {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if rows::update(transaction, &self.row, self.generation).await? {
                listen::tell(transaction, &cache::words(self.place.0, self.place.1)).await?;
                return Ok(Applied::Done);
            }
            let standing = rows::standing(transaction, &self.row.workspace, &self.row.id).await?;
            Ok(Applied::Refused(match standing {
                None => Refusal::Gone,
                Some(standing) if standing.generation != self.generation => Refusal::Stale,
                Some(standing) if standing.rotating == 1 && standing.active != self.row.active => {
                    Refusal::Rotating
                }
                Some(_) => Refusal::NameTaken,
            }))
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.cache.forget(self.place.0, self.place.1);
    }
}
