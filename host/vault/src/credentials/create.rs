//! Storing a credential.

use std::sync::Arc;

use claviger_runtime::origin::Origin;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::cache::{self, CredentialCache};
use super::input::{CredentialRef, NewCredential};
use super::model::{Credential, LastUsed};
use super::origins::to_approve;
use super::resolve::{Given, resolve};
use super::rules::{self, Problems};
use super::sealed::{Payload, VersionPlace};
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::error::VaultError;
use crate::health::Health;
use crate::idempotency::{self, Planned};
use crate::ids::{CredentialId, UserId, WorkspaceId};
use crate::permission::{Permission as _, Permit, credential, workspace};
use crate::rotation::schedule;
use crate::store::credentials::{self as rows, CredentialRow, SealedRow};
use crate::store::{StoreError, Transaction, idempotency as requests, listen, origins};
use crate::vault::Vault;

/// Why a credential has its first version.
const INITIAL: &str = "initial";

impl Vault {
    /// Stores a credential. What the same request stored before is answered as it now is.
    pub async fn create_credential(
        &self,
        permit: &Permit<credential::Create>,
        new: NewCredential,
    ) -> Result<Arc<Credential>, VaultError> {
        let workspace = permit.workspace();
        let user = permit.actor().user;
        let planned = new.planned.clone();
        if let Some(planned) = &planned
            && planned.is_repeat()
            && let Some(made) = self.made_before(workspace, planned).await?
        {
            return Ok(made);
        }
        let Prepared {
            credential,
            payload,
            to_approve,
        } = self.prepare(workspace, user, new)?;
        if credential.provider_credential_id.is_some() {
            let plugin = credential.plugin.as_deref();
            self.demand_naming(workspace, user, plugin, None).await?;
        }

        let now = credential.created_at.as_millisecond();
        let key = self
            .inner
            .keys
            .sealing(&self.inner.database, workspace, now)
            .await?;
        let place = VersionPlace {
            workspace,
            credential: credential.id,
            version: credential.version,
            data_key: &key.id,
        };
        let sealed = SealedRow {
            data_key: key.id.to_string(),
            sealed: payload.seal(&key.seal, place)?,
        };

        let mut entry = NewEntry::by(permit.actor(), action::CREDENTIAL_CREATE)
            .within(workspace)
            .about(credential.id, credential.name.as_str())
            .detail("kind", credential.kind.as_str());
        if let Some(plugin) = &credential.plugin {
            entry = entry.detail("plugin", plugin.as_str());
        }
        let mut insertion = Insertion {
            row: credential.to_row()?,
            sealed,
            approves: Vec::new(),
            planned: planned.clone(),
            place: (workspace, credential.id),
            cache: Arc::clone(&self.inner.credentials),
        };
        // Whoever may approve where the workspace's secrets go does so by storing what leads there.
        if !to_approve.is_empty() && self.manages(workspace, user).await? {
            insertion.approves = to_approve.iter().map(ToString::to_string).collect();
            let approving = entry
                .clone()
                .detail("approved_origins", insertion.approves.clone());
            match self.insert(approving, insertion.clone()).await? {
                // Somebody took the permission away meanwhile; what is left is to store it.
                Applied::Refused(Refusal::Stale) => insertion.approves.clear(),
                applied => return self.inserted(applied, credential, planned.as_ref()).await,
            }
        }
        let applied = self.insert(entry, insertion).await?;
        self.inserted(applied, credential, planned.as_ref()).await
    }

    /// What the same request made.
    async fn made_before(
        &self,
        workspace: WorkspaceId,
        planned: &Planned,
    ) -> Result<Option<Arc<Credential>>, VaultError> {
        let reference = CredentialRef::Id(planned.credential());
        match self.read_through(workspace, &reference).await {
            Ok(made) => Ok(Some(made.credential)),
            Err(VaultError::NotFound) if planned.made => Err(idempotency::gone()),
            Err(VaultError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn inserted(
        &self,
        applied: Applied,
        credential: Credential,
        planned: Option<&Planned>,
    ) -> Result<Arc<Credential>, VaultError> {
        let Applied::Refused(refusal) = applied else {
            return Ok(Arc::new(credential));
        };
        // The same request, come twice at once, may have been faster.
        if let Some(planned) = planned
            && planned.scope.is_some()
            && let Some(made) = self.made_before(credential.workspace, planned).await?
        {
            return Ok(made);
        }
        Err(match refusal {
            Refusal::Gone => idempotency::gone(),
            _ => VaultError::NameTaken {
                name: credential.name.to_string(),
            },
        })
    }

    pub(super) async fn manages(
        &self,
        workspace: WorkspaceId,
        user: UserId,
    ) -> Result<bool, VaultError> {
        let held = self.permissions(user, workspace).await?;
        Ok(held.is_some_and(|held| held.contains(workspace::Manage::ANY)))
    }

    async fn insert(&self, entry: NewEntry, insertion: Insertion) -> Result<Applied, VaultError> {
        let insertion = Box::new(insertion);
        Ok(self
            .inner
            .audit
            .commit(entry, Some(insertion))
            .await?
            .applied)
    }

    /// Checks all of it, and finds the plugin that works with it.
    fn prepare(
        &self,
        workspace: WorkspaceId,
        owner: UserId,
        new: NewCredential,
    ) -> Result<Prepared, VaultError> {
        let mut problems = Problems::default();
        let checked = rules::check_new(&new, &mut problems);
        let resolved = checked.kind.as_deref().map(|kind| {
            let given = Given {
                kind,
                provider: checked.provider.as_deref(),
                value: new.value.as_ref(),
                fields: &new.fields,
                secretless: new.secretless,
            };
            resolve(&self.inner.catalogue.load(), given, &mut problems)
        });
        problems.settle()?;
        let (Some(name), Some(kind), Some(resolved)) = (checked.name, checked.kind, resolved)
        else {
            // What has no problem is there.
            return Err(VaultError::Invalid(Vec::new()));
        };

        let now = self.now();
        let manifest = resolved.plugin.as_ref().map(|plugin| plugin.manifest());
        let to_approve = manifest
            .and_then(|manifest| manifest.kind(&kind))
            .map(|kind| to_approve(kind, &resolved.origins))
            .unwrap_or_default();
        let plugin = resolved.plugin.map(|plugin| plugin.name().to_owned());
        let credential = Credential {
            id: new
                .planned
                .as_ref()
                .map_or_else(CredentialId::random, Planned::credential),
            workspace,
            owner,
            name,
            kind: kind.clone(),
            provider: checked.provider.or_else(|| plugin.clone()),
            plugin: plugin.clone(),
            pin: None,
            description: new.description,
            tags: new.tags,
            metadata: new.metadata,
            provider_credential_id: new.provider_credential_id,
            active: true,
            rotating: false,
            health: Health::Unknown,
            health_reason: None,
            health_checked_at: None,
            expires_at: checked.expires_at,
            alert_threshold_hours: checked.alert_threshold_hours,
            rotation: new.rotation,
            created_at: now,
            updated_at: now,
            last_rotated_at: None,
            rotation_failures: 0,
            rotation_error: None,
            rotate_at: None,
            version: 1,
            generation: 1,
            last_used: LastUsed::new(None),
        };
        let credential = Credential {
            rotate_at: schedule::due_at(&credential),
            ..credential
        };
        let payload = Payload {
            kind,
            plugin,
            connection: checked.connection,
            origins: resolved.origins,
            fields: resolved.fields,
            handle: None,
            expires_at_ms: None,
        };
        Ok(Prepared {
            credential,
            payload,
            to_approve,
        })
    }
}

/// A credential that was checked.
struct Prepared {
    credential: Credential,
    payload: Payload,
    /// Those of its origins that connections may lead to only once they are approved.
    to_approve: Vec<Origin>,
}

/// A credential stored, and the origins with it that it leads to, if whoever stores it may approve them; refused as stale
/// where they no longer may.
#[derive(Clone)]
struct Insertion {
    row: CredentialRow,
    sealed: SealedRow,
    approves: Vec<String>,
    planned: Option<Planned>,
    place: (WorkspaceId, CredentialId),
    cache: Arc<CredentialCache>,
}

impl Insertion {
    async fn may_approve(&self, transaction: &mut Transaction) -> Result<bool, StoreError> {
        if self.approves.is_empty() {
            return Ok(true);
        }
        let owner = owner(&self.row)?;
        let held = origins::permissions(transaction, self.place.0, owner).await?;
        Ok(held.is_some_and(|held| held.contains(workspace::Manage::ANY)))
    }

    async fn approve(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let Some(plugin) = &self.row.plugin else {
            return Ok(());
        };
        let (workspace, at) = (self.place.0, self.row.created_at);
        for origin in &self.approves {
            let owner = owner(&self.row)?;
            origins::approve(transaction, workspace, plugin, origin, owner, at).await?;
        }
        Ok(())
    }
}

fn owner(row: &CredentialRow) -> Result<UserId, StoreError> {
    row.owner
        .parse()
        .map_err(|why| StoreError::damaged("credential's owner", why))
}

impl Change for Insertion {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if !self.may_approve(transaction).await? {
                return Ok(Applied::Refused(Refusal::Stale));
            }
            let scope = self
                .planned
                .as_ref()
                .and_then(|planned| planned.scope.as_deref());
            if let Some(scope) = scope
                && requests::is_made(transaction, scope).await?
            {
                return Ok(Applied::Refused(Refusal::Gone));
            }
            if !rows::insert(transaction, &self.row, &self.sealed, INITIAL).await? {
                return Ok(Applied::Refused(Refusal::NameTaken));
            }
            if let Some(scope) = scope {
                requests::set_made(transaction, scope).await?;
            }
            self.approve(transaction).await?;
            // What was counted is counted anew, on all hosts.
            listen::tell(transaction, &cache::words(self.place.0, self.place.1)).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.cache.forget(self.place.0, self.place.1);
    }
}
