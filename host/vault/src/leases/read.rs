//! What is known of leases.

use super::model::{Lease, LeaseState};
use crate::error::VaultError;
use crate::ids::{LeaseId, WorkspaceId};
use crate::permission::{Permit, ServerPermit, credential, workspace};
use crate::store::leases::{self as rows, Wanted};
use crate::vault::Vault;

/// Leases of a page where nothing is said.
const PAGE: u32 = 100;
/// The most leases of one page.
const LONGEST_PAGE: u32 = 1000;

/// Which leases are wanted.
#[derive(Debug, Clone, Default)]
pub struct LeaseFilter {
    /// Of this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Of the backend of this id.
    pub backend: Option<String>,
    /// In this state; none: those that may still work.
    pub state: Option<LeaseState>,
    /// Older than this one: the last of the page before.
    pub after: Option<LeaseId>,
    /// At most so many: 100 where nothing is said, 1000 at most.
    pub limit: Option<u32>,
}

impl Vault {
    /// What is known of a lease of the permit's workspace.
    pub async fn lease(
        &self,
        permit: &Permit<credential::Read>,
        id: LeaseId,
    ) -> Result<Lease, VaultError> {
        let workspace = permit.workspace().to_string();
        let found = rows::find(&self.inner.database, Some(&workspace), &id.to_string()).await?;
        Ok(Lease::try_from(&found.ok_or(VaultError::NotFound)?)?)
    }

    /// Leases of all workspaces, the newest first.
    pub async fn leases(
        &self,
        _: &ServerPermit<workspace::Manage>,
        filter: &LeaseFilter,
    ) -> Result<Vec<Lease>, VaultError> {
        let wanted = Wanted {
            workspace: filter.workspace.map(|id| id.to_string()),
            backend: filter.backend.clone(),
            state: filter.state.map(LeaseState::as_str),
            after: filter.after.map(|id| id.to_string()),
        };
        let limit = filter.limit.unwrap_or(PAGE).min(LONGEST_PAGE);
        let page = rows::page(&self.inner.database, &wanted, limit.into()).await?;
        Ok(page.iter().map(Lease::try_from).collect::<Result<_, _>>()?)
    }
}
