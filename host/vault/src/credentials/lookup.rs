//! Finding a credential: in the cache, else in the database.

use std::sync::Arc;

use super::cache::Cached;
use super::input::CredentialRef;
use super::model::{Credential, CredentialName, LastUsed, Rotation, RotationStrategy};
use super::sealed::{Payload, SealedVersion, VersionPlace};
use super::status;
use crate::error::{InternalError, VaultError};
use crate::health::Health;
use crate::ids::WorkspaceId;
use crate::permission::{Permit, credential};
use crate::store::StoreError;
use crate::store::credentials::{self as rows, By, CredentialRow, WholeRow};
use crate::vault::Vault;

impl Vault {
    /// What is known of a credential.
    pub async fn credential(
        &self,
        permit: &Permit<credential::Read>,
        reference: &CredentialRef,
    ) -> Result<Arc<Credential>, VaultError> {
        self.look_up(permit.workspace(), reference)
            .await
            .map(|cached| cached.credential)
    }

    /// A credential of that workspace with its sealed version.
    pub(crate) async fn look_up(
        &self,
        workspace: WorkspaceId,
        reference: &CredentialRef,
    ) -> Result<Cached, VaultError> {
        let cache = &self.inner.credentials;
        let cached = match reference {
            CredentialRef::Id(id) => cache.by_id(workspace, *id),
            CredentialRef::Name(name) => cache.by_name(workspace, name),
        };
        match cached {
            Some(cached) => Ok(cached),
            None => self.read_through(workspace, reference).await,
        }
    }

    /// The same, whatever the cache holds.
    pub(crate) async fn read_through(
        &self,
        workspace: WorkspaceId,
        reference: &CredentialRef,
    ) -> Result<Cached, VaultError> {
        let stamp = self.inner.credentials.stamp(workspace);
        let (id, name);
        let by = match reference {
            CredentialRef::Id(given) => {
                id = given.to_string();
                By::Id(&id)
            }
            CredentialRef::Name(given) => {
                // What is no name is nobody's, and is not asked about; one that is written decomposed is still itself.
                name = CredentialName::parse(given).map_err(|_| VaultError::NotFound)?;
                By::Name(name.as_str())
            }
        };
        let row = rows::find(&self.inner.database, &workspace.to_string(), by).await?;
        let cached = Cached::try_from(row.ok_or(VaultError::NotFound)?)?;
        self.inner.credentials.keep(stamp, &cached);
        Ok(cached)
    }

    /// Opens a credential's current version.
    pub(crate) async fn unseal(&self, cached: &Cached) -> Result<Payload, VaultError> {
        let credential = &cached.credential;
        let keys = &self.inner.keys;
        let key = keys
            .opening(
                &self.inner.database,
                credential.workspace,
                &cached.sealed.data_key,
            )
            .await?;
        let place = VersionPlace {
            workspace: credential.workspace,
            credential: credential.id,
            version: credential.version,
            data_key: &key.id,
        };
        Payload::open(&cached.sealed.sealed, &key.seal, place)
    }
}

impl TryFrom<WholeRow> for Cached {
    type Error = StoreError;

    fn try_from(row: WholeRow) -> Result<Self, StoreError> {
        let sealed = SealedVersion {
            data_key: row.sealed.data_key.into(),
            sealed: row.sealed.sealed.into(),
        };
        Ok(Self {
            credential: Arc::new(row.credential.try_into()?),
            sealed,
        })
    }
}

fn damaged(why: impl std::fmt::Display) -> StoreError {
    StoreError::damaged("credential", why)
}

impl TryFrom<CredentialRow> for Credential {
    type Error = StoreError;

    fn try_from(row: CredentialRow) -> Result<Self, StoreError> {
        let time = |at: i64| jiff::Timestamp::from_millisecond(at).map_err(damaged);
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            workspace: row.workspace.parse().map_err(damaged)?,
            owner: row.owner.parse().map_err(damaged)?,
            name: CredentialName::stored(row.name),
            kind: row.kind,
            provider: row.provider,
            plugin: row.plugin,
            pin: row
                .pin
                .map(|pin| pin.parse().map_err(damaged))
                .transpose()?,
            description: row.description,
            tags: serde_json::from_str(&row.tags).map_err(damaged)?,
            metadata: serde_json::from_str(&row.metadata).map_err(damaged)?,
            provider_credential_id: row.provider_credential_id,
            active: row.active != 0,
            rotating: row.rotating != 0,
            health: Health::parse(&row.health)
                .ok_or_else(|| damaged("its health is no word for one"))?,
            health_reason: row.health_reason,
            health_checked_at: row.health_checked_at.map(time).transpose()?,
            expires_at: row.expires_at.map(time).transpose()?,
            alert_threshold_hours: u32::try_from(row.alert_threshold_hours).map_err(damaged)?,
            rotation: Rotation {
                enabled: row.rotation_enabled != 0,
                interval_hours: u32::try_from(row.rotation_interval_hours).map_err(damaged)?,
                strategy: RotationStrategy::parse(&row.rotation_strategy)
                    .ok_or_else(|| damaged("its rotation strategy is no word for one"))?,
            },
            created_at: time(row.created_at)?,
            updated_at: time(row.updated_at)?,
            last_rotated_at: row.last_rotated_at.map(time).transpose()?,
            rotation_failures: u32::try_from(row.rotation_failures).map_err(damaged)?,
            rotation_error: row.rotation_error,
            rotate_at: row.rotate_at,
            version: u32::try_from(row.version).map_err(damaged)?,
            generation: row.generation,
            last_used: LastUsed::new(row.last_used_at),
        })
    }
}

impl Credential {
    /// The row it is kept as.
    pub(crate) fn to_row(&self) -> Result<CredentialRow, VaultError> {
        Ok(CredentialRow {
            id: self.id.to_string(),
            workspace: self.workspace.to_string(),
            owner: self.owner.to_string(),
            name: self.name.to_string(),
            kind: self.kind.clone(),
            provider: self.provider.clone(),
            plugin: self.plugin.clone(),
            pin: self.pin.as_ref().map(ToString::to_string),
            description: self.description.clone(),
            tags: serde_json::to_string(&self.tags).map_err(InternalError::new)?,
            metadata: serde_json::to_string(&self.metadata).map_err(InternalError::new)?,
            provider_credential_id: self.provider_credential_id.clone(),
            active: i64::from(self.active),
            rotating: i64::from(self.rotating),
            health: self.health.as_str().to_owned(),
            health_reason: self.health_reason.clone(),
            health_checked_at: self.health_checked_at.map(jiff::Timestamp::as_millisecond),
            expires_at: self.expires_at.map(jiff::Timestamp::as_millisecond),
            alert_at: status::alert_at(self.expires_at, self.alert_threshold_hours),
            alert_threshold_hours: i64::from(self.alert_threshold_hours),
            rotation_enabled: i64::from(self.rotation.enabled),
            rotation_interval_hours: i64::from(self.rotation.interval_hours),
            rotation_strategy: self.rotation.strategy.as_str().to_owned(),
            version: i64::from(self.version),
            created_at: self.created_at.as_millisecond(),
            updated_at: self.updated_at.as_millisecond(),
            last_rotated_at: self.last_rotated_at.map(jiff::Timestamp::as_millisecond),
            rotation_failures: i64::from(self.rotation_failures),
            rotation_error: self.rotation_error.clone(),
            rotate_at: self.rotate_at,
            generation: self.generation,
            last_used_at: None,
        })
    }
}
