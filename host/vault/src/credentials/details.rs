//! All that is known of one credential: its versions and its uses beside it.

use std::sync::Arc;

use jiff::Timestamp;

use super::input::CredentialRef;
use super::model::Credential;
use crate::error::VaultError;
use crate::permission::{Permit, credential};
use crate::places::Place;
use crate::store::{StoreError, credentials as rows, uses};
use crate::vault::Vault;

/// All that is known of a credential.
#[derive(Debug, Clone)]
pub struct CredentialDetails {
    /// The credential.
    pub credential: Arc<Credential>,
    /// How often it was used.
    pub usage: Usage,
    /// Its versions, the newest first.
    pub versions: Vec<VersionInfo>,
    /// Where it is in use.
    pub places: Vec<Place>,
}

/// How often a secret was handed out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// In all.
    pub total: u64,
    /// In the last 24 hours, in whole hours.
    pub last_24h: u64,
    /// In the last seven days, in whole hours.
    pub last_7d: u64,
}

/// What is known of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionInfo {
    /// Its number, counted from 1.
    pub version: u32,
    /// Such as `current`.
    pub state: String,
    /// Why there is one: `initial`.
    pub reason: String,
    /// Since when.
    pub created_at: Timestamp,
}

impl Vault {
    /// All that is known of a credential.
    pub async fn credential_details(
        &self,
        permit: &Permit<credential::Read>,
        reference: &CredentialRef,
    ) -> Result<CredentialDetails, VaultError> {
        let credential = self
            .look_up(permit.workspace(), reference)
            .await?
            .credential;
        let id = credential.id.to_string();
        let now = self.now().as_millisecond();
        let (total, day, week) = uses::totals(&self.inner.database, &id, now).await?;
        let count = |number: i64| u64::try_from(number).unwrap_or_default();
        let usage = Usage {
            total: count(total),
            last_24h: count(day),
            last_7d: count(week),
        };
        let versions = rows::versions(&self.inner.database, &id).await?;
        let versions = versions
            .into_iter()
            .map(VersionInfo::try_from)
            .collect::<Result<_, _>>()?;
        let places = self.places_of(&credential).await?;
        Ok(CredentialDetails {
            credential,
            usage,
            versions,
            places,
        })
    }
}

impl TryFrom<rows::VersionRow> for VersionInfo {
    type Error = StoreError;

    fn try_from(row: rows::VersionRow) -> Result<Self, StoreError> {
        Ok(Self {
            version: u32::try_from(row.version)
                .map_err(|why| StoreError::damaged("version", why))?,
            state: row.state,
            reason: row.reason,
            created_at: Timestamp::from_millisecond(row.created_at)
                .map_err(|why| StoreError::damaged("version", why))?,
        })
    }
}
