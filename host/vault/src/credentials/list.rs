//! Lists of credentials, and how many there are.

use std::sync::Arc;

use moka::sync::Cache;

use super::cache::Stamp;
use super::model::Credential;
use super::rules;
use super::status::Status;
use crate::error::VaultError;
use crate::ids::WorkspaceId;
use crate::permission::{Permit, credential};
use crate::store::credentials::{self as rows, Wanted};
use crate::vault::Vault;

/// Credentials of a page where nothing is said.
const PAGE: u32 = 100;
/// The most credentials of one page.
pub const LONGEST_PAGE: u32 = 1000;
/// Counts that are kept.
const COUNTS: u64 = 10_000;
/// How old a count may be, in milliseconds: credentials expire without anybody's doing.
const COUNT_LIFE_MS: i64 = 30_000;

/// Which credentials are wanted.
#[derive(Debug, Clone, Default)]
pub struct CredentialFilter {
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this provider; case doesn't matter.
    pub provider: Option<String>,
    /// Of this status.
    pub status: Option<Status>,
    /// At most so many: 100 where nothing is said, [`LONGEST_PAGE`] at most.
    pub limit: Option<u32>,
    /// After so many.
    pub offset: u64,
}

/// A page of credentials.
#[derive(Debug, Clone)]
pub struct CredentialPage {
    /// In the order in which they were stored.
    pub credentials: Vec<Arc<Credential>>,
    /// How many the filter wants in all.
    pub counts: CredentialCounts,
}

/// How many credentials there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CredentialCounts {
    /// In all.
    pub total: u64,
    /// In use, with nothing known against them.
    pub healthy: u64,
    /// That end soon.
    pub expiring: u64,
    /// That have ended.
    pub expired: u64,
    /// That their provider doesn't take.
    pub failed: u64,
    /// That are not active.
    pub retired: u64,
}

/// Counts in memory, so that a list doesn't count a million rows. A change in a workspace ends what was counted of it.
pub(crate) struct CountCache(Cache<Wanted, Counted>);

#[derive(Clone, Copy)]
struct Counted {
    stamp: Stamp,
    at: i64,
    counts: CredentialCounts,
}

impl Default for CountCache {
    fn default() -> Self {
        Self(Cache::new(COUNTS))
    }
}

impl Vault {
    /// A page of a workspace's credentials.
    pub async fn list_credentials(
        &self,
        permit: &Permit<credential::Read>,
        filter: &CredentialFilter,
    ) -> Result<CredentialPage, VaultError> {
        let workspace = permit.workspace();
        let wanted = Wanted {
            workspace: workspace.to_string(),
            // Written as it may be where one is stored; what is no kind's word finds nothing.
            kind: filter
                .kind
                .as_ref()
                .map(|kind| rules::kind(kind).unwrap_or_else(|_| kind.clone())),
            provider: filter
                .provider
                .as_ref()
                .map(|provider| provider.to_lowercase()),
            status: filter.status.map(Status::as_str),
        };
        let now = self.now().as_millisecond();
        let limit = i64::from(filter.limit.unwrap_or(PAGE).min(LONGEST_PAGE));
        let offset = i64::try_from(filter.offset).unwrap_or(i64::MAX);
        let page = rows::page(&self.inner.database, &wanted, now, limit, offset).await?;
        let read = |row| Credential::try_from(row).map(Arc::new);
        let credentials = page.into_iter().map(read).collect::<Result<_, _>>()?;
        Ok(CredentialPage {
            credentials,
            counts: self.count(workspace, wanted, now).await?,
        })
    }

    /// How many credentials a workspace has. At most 30 seconds old.
    pub async fn counts(
        &self,
        permit: &Permit<credential::Read>,
    ) -> Result<CredentialCounts, VaultError> {
        let workspace = permit.workspace();
        let wanted = Wanted {
            workspace: workspace.to_string(),
            ..Wanted::default()
        };
        self.count(workspace, wanted, self.now().as_millisecond())
            .await
    }

    async fn count(
        &self,
        workspace: WorkspaceId,
        wanted: Wanted,
        now: i64,
    ) -> Result<CredentialCounts, VaultError> {
        let stamp = self.inner.credentials.stamp(workspace);
        // While other hosts aren't heard, nobody moves the stamp for them.
        let heard = self.inner.credentials.is_trusted();
        let fresh = |counted: &Counted| {
            heard
                && counted.stamp == stamp
                && (counted.at..counted.at + COUNT_LIFE_MS).contains(&now)
        };
        if let Some(counted) = self.inner.counts.0.get(&wanted).filter(fresh) {
            return Ok(counted.counts);
        }
        let mut counts = CredentialCounts::default();
        for (status, number) in rows::counts(&self.inner.database, &wanted, now).await? {
            let number = u64::try_from(number).unwrap_or_default();
            counts.total += number;
            match Status::parse(&status) {
                Some(Status::Active) => counts.healthy += number,
                Some(Status::Expiring) => counts.expiring += number,
                Some(Status::Expired) => counts.expired += number,
                Some(Status::Failed) => counts.failed += number,
                Some(Status::Retired) => counts.retired += number,
                // A rotation leaves its credential in use.
                Some(Status::Rotating) | None => {}
            }
        }
        self.inner.counts.0.insert(
            wanted,
            Counted {
                stamp,
                at: now,
                counts,
            },
        );
        Ok(counts)
    }
}
