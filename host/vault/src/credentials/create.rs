//! Storing a credential.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::cache::{self, CredentialCache};
use super::input::NewCredential;
use super::model::{Credential, LastUsed};
use super::resolve::{Given, resolve};
use super::rules::{self, Problems};
use super::sealed::{Payload, VersionPlace};
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::error::VaultError;
use crate::health::Health;
use crate::ids::{CredentialId, WorkspaceId};
use crate::permission::{Permit, credential};
use crate::store::credentials::{self as rows, CredentialRow, SealedRow};
use crate::store::{StoreError, Transaction, listen};
use crate::vault::Vault;

/// Why a credential has its first version.
const INITIAL: &str = "initial";

impl Vault {
    /// Stores a credential.
    pub async fn create_credential(
        &self,
        permit: &Permit<credential::Create>,
        new: NewCredential,
    ) -> Result<Arc<Credential>, VaultError> {
        let workspace = permit.workspace();
        let (credential, payload) = self.prepare(workspace, permit.actor().user, new)?;

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
        let insertion = Insertion {
            row: credential.to_row()?,
            sealed,
            place: (workspace, credential.id),
            cache: Arc::clone(&self.inner.credentials),
        };
        match self
            .inner
            .audit
            .commit(entry, Some(Box::new(insertion)))
            .await?
            .applied
        {
            Applied::Done => Ok(Arc::new(credential)),
            Applied::Refused(Refusal::NameTaken | Refusal::Gone | Refusal::Stale) => {
                Err(VaultError::NameTaken {
                    name: credential.name.to_string(),
                })
            }
        }
    }

    /// Checks all of it, and finds the plugin that works with it.
    fn prepare(
        &self,
        workspace: WorkspaceId,
        owner: crate::ids::UserId,
        new: NewCredential,
    ) -> Result<(Credential, Payload), VaultError> {
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
        let plugin = resolved.plugin.map(|plugin| plugin.name().to_owned());
        let credential = Credential {
            id: CredentialId::random(),
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
            health: Health::Unknown,
            health_reason: None,
            health_checked_at: None,
            expires_at: checked.expires_at,
            alert_threshold_hours: checked.alert_threshold_hours,
            rotation: new.rotation,
            created_at: now,
            updated_at: now,
            last_rotated_at: None,
            version: 1,
            generation: 1,
            last_used: LastUsed::new(None),
        };
        let payload = Payload {
            kind,
            plugin,
            connection: checked.connection,
            origins: resolved.origins,
            fields: resolved.fields,
        };
        Ok((credential, payload))
    }
}

struct Insertion {
    row: CredentialRow,
    sealed: SealedRow,
    place: (WorkspaceId, CredentialId),
    cache: Arc<CredentialCache>,
}

impl Change for Insertion {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if !rows::insert(transaction, &self.row, &self.sealed, INITIAL).await? {
                return Ok(Applied::Refused(Refusal::NameTaken));
            }
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
