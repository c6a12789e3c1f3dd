//! The versions of a credential's secret: opening and sealing any of them, not just the current one.

use std::collections::BTreeMap;
use std::sync::Arc;

use claviger_runtime::manifest::Kind;
use claviger_runtime::plugin::{Capability, Plugin};
use claviger_runtime::secret::Secret;
use claviger_runtime::subject::{FieldValue, Subject};

use super::model::Credential;
use super::pin;
use super::sealed::{Payload, VersionPlace};
use super::test::subject;
use crate::error::VaultError;
use crate::store::StoreError;
use crate::store::credentials::{self as rows, SealedRow};
use crate::vault::Vault;

/// Where a version stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionState {
    /// It was made and isn't in use yet.
    Pending,
    /// It is the credential's secret.
    Current,
    /// It was, and still works.
    Previous,
    /// It is being ended at the provider.
    Retiring,
    /// It couldn't be ended at the provider; it may still work.
    RetireFailed,
    /// It was ended at the provider.
    Retired,
    /// It was made and never came into use.
    Discarded,
}

impl VersionState {
    const ALL: [Self; 7] = [
        Self::Pending,
        Self::Current,
        Self::Previous,
        Self::Retiring,
        Self::RetireFailed,
        Self::Retired,
        Self::Discarded,
    ];

    /// Its word: `pending`, `retire-failed`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Current => "current",
            Self::Previous => "previous",
            Self::Retiring => "retiring",
            Self::RetireFailed => "retire-failed",
            Self::Retired => "retired",
            Self::Discarded => "discarded",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A version, opened.
pub(crate) struct OpenVersion {
    pub(crate) version: u32,
    /// The provider's own id of its secret.
    pub(crate) external_id: Option<String>,
    pub(crate) payload: Payload,
}

impl OpenVersion {
    /// The credential with this version's secret, as a call gets it. Only the current one may go by the id that the
    /// credential is known by: an older one's was noted with it when it was replaced.
    pub(crate) fn subject(self, credential: &Credential) -> Subject {
        let known = credential.provider_credential_id.clone();
        let current = self.version == credential.version;
        Subject {
            version: self.version,
            external_id: self.external_id.or(known.filter(|_| current)),
            expires_at_ms: self.payload.expires_at_ms,
            ..subject(credential, self.payload)
        }
    }
}

/// Whether two versions have the same secret: what decides is what has to be there, or else each secret of both.
pub(crate) fn same_secret(kind: Option<&Kind>, one: &Payload, other: &Payload) -> bool {
    let required: Vec<_> = kind.map_or_else(Vec::new, |kind| {
        let fields = kind.fields.iter();
        let fields = fields.filter(|field| field.secret && field.required);
        fields.map(|field| field.name.as_str()).collect()
    });
    let secrets = |payload: &Payload| -> BTreeMap<String, Secret> {
        let fields = payload
            .fields
            .iter()
            .filter_map(|field| match &field.value {
                FieldValue::Secret(secret) => Some((field.name.clone(), secret.clone())),
                FieldValue::Text(_) => None,
            });
        let wanted = |name: &str| required.is_empty() || required.contains(&name);
        fields.filter(|(name, _)| wanted(name)).collect()
    };
    let (one, other) = (secrets(one), secrets(other));
    !one.is_empty()
        && one.len() == other.len()
        && one
            .iter()
            .zip(&other)
            .all(|(one, other)| one.0 == other.0 && one.1.expose() == other.1.expose())
}

impl Vault {
    /// Whether two versions of a credential have the same secret, whatever else they differ in.
    pub(crate) fn is_same_secret(
        &self,
        credential: &Credential,
        one: &Payload,
        other: &Payload,
    ) -> bool {
        let plugin = self.plugin_of(credential, one).ok();
        let kind = plugin
            .as_ref()
            .and_then(|plugin| plugin.manifest().kind(&one.kind));
        same_secret(kind, one, other)
    }

    /// A version of a credential, opened; none where there is no such version, or nothing is left of it.
    pub(crate) async fn open_version(
        &self,
        credential: &Credential,
        version: u32,
    ) -> Result<Option<OpenVersion>, VaultError> {
        let database = &self.inner.database;
        let id = credential.id.to_string();
        let Some(row) = rows::version(database, &id, i64::from(version)).await? else {
            return Ok(None);
        };
        let state = VersionState::parse(&row.state)
            .ok_or_else(|| StoreError::damaged("version", "its state is no word for one"))?;
        // Of what was discarded nothing is left but zeros, or nothing.
        if state == VersionState::Discarded || row.sealed.sealed.is_empty() {
            return Ok(None);
        }
        let keys = &self.inner.keys;
        let data_key: Arc<str> = row.sealed.data_key.into();
        let key = keys
            .opening(database, credential.workspace, &data_key)
            .await?;
        let place = VersionPlace {
            workspace: credential.workspace,
            credential: credential.id,
            version,
            data_key: &key.id,
        };
        let payload = Payload::open(&row.sealed.sealed, &key.seal, place)?;
        Ok(Some(OpenVersion {
            version,
            external_id: row.external_id,
            payload,
        }))
    }

    /// A version's ciphertext.
    pub(crate) async fn seal_version(
        &self,
        credential: &Credential,
        version: u32,
        payload: &Payload,
    ) -> Result<SealedRow, VaultError> {
        let now = self.now().as_millisecond();
        let keys = &self.inner.keys;
        let key = keys
            .sealing(&self.inner.database, credential.workspace, now)
            .await?;
        let place = VersionPlace {
            workspace: credential.workspace,
            credential: credential.id,
            version,
            data_key: &key.id,
        };
        Ok(SealedRow {
            data_key: key.id.to_string(),
            sealed: payload.seal(&key.seal, place)?,
        })
    }

    /// The plugin that works with a sealed version, or why there is none.
    pub(crate) fn plugin_of(
        &self,
        credential: &Credential,
        payload: &Payload,
    ) -> Result<Arc<Plugin>, String> {
        let Some(name) = &payload.plugin else {
            return Err(format!(
                "no plugin knows this provider and the type `{}`, so nobody can be asked",
                payload.kind
            ));
        };
        let catalogue = self.inner.catalogue.load();
        let plugin = catalogue.select(name, credential.pin.as_ref());
        let plugin = plugin.ok_or_else(|| pin::none_fits(&catalogue, name, credential))?;
        if plugin.manifest().kind(&payload.kind).is_none() {
            let version = plugin.version();
            return Err(format!(
                "the plugin `{name}` no longer knows `{}` in version {version}",
                payload.kind
            ));
        }
        Ok(Arc::clone(plugin))
    }

    /// The plugin that works with a sealed version and has a capability, or why there is none.
    pub(crate) fn plugin_with(
        &self,
        capability: Capability,
        credential: &Credential,
        payload: &Payload,
    ) -> Result<Arc<Plugin>, String> {
        let plugin = self.plugin_of(credential, payload)?;
        if plugin.capabilities().contains(&capability) {
            return Ok(plugin);
        }
        let name = plugin.name();
        Err(match capability {
            Capability::Validation => format!("the plugin `{name}` can't test credentials"),
            other => format!("the plugin `{name}` has no `{other}`"),
        })
    }
}
