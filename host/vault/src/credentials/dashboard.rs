//! How a workspace's credentials are, in one look.

use jiff::Timestamp;

use super::alerts::Alert;
use super::list::{CredentialFilter, CredentialPage, LONGEST_PAGE};
use crate::error::VaultError;
use crate::permission::{Permit, credential};
use crate::store::StoreError;
use crate::store::dashboard as rows;
use crate::vault::Vault;

const HOUR_MS: i64 = 3_600_000;

/// How a workspace's credentials are.
#[derive(Debug, Clone)]
pub struct Dashboard {
    /// A page of them, and the counts of all.
    pub page: CredentialPage,
    /// What wants attention in the whole workspace, the newest first: at most 100 of each sort.
    pub alerts: Vec<Alert>,
    /// When it was looked at.
    pub generated_at: Timestamp,
}

/// Credentials that end soon.
#[derive(Debug, Clone)]
pub struct Expiring {
    /// The next one first.
    pub credentials: Vec<ExpiringCredential>,
    /// How many there are in all.
    pub total: u64,
}

/// A credential that ends soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiringCredential {
    /// Its name.
    pub name: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// How many whole hours that is from now.
    pub expires_in_hours: i64,
    /// Whether it rotates by itself.
    pub rotation_enabled: bool,
}

impl Vault {
    /// How a workspace's credentials are: a page of them, and what wants attention.
    pub async fn health_dashboard(
        &self,
        permit: &Permit<credential::Read>,
        filter: &CredentialFilter,
    ) -> Result<Dashboard, VaultError> {
        let generated_at = self.now();
        let workspace = permit.workspace().to_string();
        Ok(Dashboard {
            page: self.list_credentials(permit, filter).await?,
            alerts: self.alerts(&workspace, generated_at).await?,
            generated_at,
        })
    }

    /// The active credentials that end within so many hours, without those that have ended: `limit` of them,
    /// [`LONGEST_PAGE`] where nothing is said and at most, after `offset`.
    pub async fn expiring(
        &self,
        permit: &Permit<credential::Read>,
        threshold_hours: u32,
        limit: Option<u32>,
        offset: u64,
    ) -> Result<Expiring, VaultError> {
        let (database, workspace) = (&self.inner.database, permit.workspace().to_string());
        let now = self.now().as_millisecond();
        let span = (now, now + i64::from(threshold_hours) * HOUR_MS);
        let limit = i64::from(limit.unwrap_or(LONGEST_PAGE).min(LONGEST_PAGE));
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let ending = rows::ending(database, &workspace, span, (limit, offset)).await?;
        let read = |row: rows::EndingRow| {
            let expires_at = Timestamp::from_millisecond(row.expires_at)
                .map_err(|why| StoreError::damaged("credential's end", why))?;
            Ok::<_, StoreError>(ExpiringCredential {
                name: row.name,
                expires_at,
                expires_in_hours: (row.expires_at - now) / HOUR_MS,
                rotation_enabled: row.rotation_enabled != 0,
            })
        };
        let credentials = ending.into_iter().map(read).collect::<Result<_, _>>()?;
        let total = rows::count_ending(database, &workspace, span).await?;
        Ok(Expiring {
            credentials,
            total: u64::try_from(total).unwrap_or_default(),
        })
    }
}
