//! Backends, listed, added and deleted.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::action;
use super::input::NewBackend;
use super::model::{Backend, BackendId, ListedBackend};
use crate::audit::{Applied, Change, NewEntry, Refusal};
use crate::error::{InternalError, VaultError};
use crate::ids::WorkspaceId;
use crate::permission::{Permit, credential, workspace};
use crate::store::backends::{self as rows, BackendRow};
use crate::store::{StoreError, Transaction, leases};
use crate::vault::Vault;

impl Vault {
    /// The backends of a workspace, in the order of their ids.
    pub async fn backends(
        &self,
        permit: &Permit<credential::Read>,
    ) -> Result<Vec<ListedBackend>, VaultError> {
        let workspace = permit.workspace();
        let mut all = self.configured_in(workspace).await?;
        for row in rows::all(&self.inner.database, &workspace.to_string()).await? {
            if !all.iter().any(|known| known.id.as_str() == row.id) {
                all.push(row.try_into()?);
            }
        }
        all.sort_by(|one, other| one.id.cmp(&other.id));
        let mut listed = Vec::with_capacity(all.len());
        for backend in all {
            listed.push(self.listed(backend).await?);
        }
        Ok(listed)
    }

    /// One of them.
    pub async fn backend(
        &self,
        permit: &Permit<credential::Read>,
        id: &str,
    ) -> Result<ListedBackend, VaultError> {
        let found = self.find_backend(permit.workspace(), id).await?;
        self.listed(found.ok_or(VaultError::NotFound)?).await
    }

    /// Adds a backend to a workspace.
    pub async fn create_backend(
        &self,
        permit: &Permit<workspace::Manage>,
        new: NewBackend,
    ) -> Result<ListedBackend, VaultError> {
        let workspace = permit.workspace();
        let backend = new
            .check()
            .map_err(VaultError::Invalid)?
            .within(workspace, false);
        if self
            .configured_with(workspace, &backend.id)
            .await?
            .is_some()
        {
            return Err(conflict(format!(
                "The configuration has a backend `{}`; choose another id",
                backend.id
            )));
        }
        let row = backend.to_row(permit.actor().user.to_string(), self.now().as_millisecond())?;
        let entry = NewEntry::by(permit.actor(), action::BACKEND_CREATE)
            .within(workspace)
            .target(backend.id.as_str())
            .detail("provider", backend.provider.as_str())
            .detail("credential", backend.credential.as_str());
        let change = Box::new(Creation(row));
        let committed = self.inner.audit.commit(entry, Some(change)).await?;
        if committed.applied != Applied::Done {
            return Err(conflict(format!(
                "There is a backend `{}` already",
                backend.id
            )));
        }
        self.listed(backend).await
    }

    /// Deletes a backend that no lease needs any more.
    pub async fn delete_backend(
        &self,
        permit: &Permit<workspace::Manage>,
        id: &str,
    ) -> Result<(), VaultError> {
        let workspace = permit.workspace();
        let id: BackendId = id.parse().map_err(|_| VaultError::NotFound)?;
        if self.configured_with(workspace, &id).await?.is_some() {
            return Err(conflict(format!(
                "The backend `{id}` stands in the configuration; take it out there"
            )));
        }
        let entry = NewEntry::by(permit.actor(), action::BACKEND_DELETE)
            .within(workspace)
            .target(id.as_str());
        let change = Box::new(Deletion(workspace, id.clone()));
        match self.inner.audit.commit(entry, Some(change)).await?.applied {
            Applied::Done => Ok(()),
            Applied::Refused(Refusal::Leased) => Err(conflict(format!(
                "The backend `{id}` has leases that may still work; revoke them first"
            ))),
            Applied::Refused(_) => Err(VaultError::NotFound),
        }
    }

    /// A backend of a workspace. That of the configuration counts, where there are both.
    pub(crate) async fn find_backend(
        &self,
        workspace: WorkspaceId,
        id: &str,
    ) -> Result<Option<Backend>, VaultError> {
        // What is no id is nobody's, and is not asked about.
        let Ok(id) = id.parse::<BackendId>() else {
            return Ok(None);
        };
        if let Some(backend) = self.configured_with(workspace, &id).await? {
            return Ok(Some(backend));
        }
        let row = rows::find(&self.inner.database, &workspace.to_string(), id.as_str()).await?;
        Ok(row.map(Backend::try_from).transpose()?)
    }

    async fn listed(&self, backend: Backend) -> Result<ListedBackend, VaultError> {
        let problem = self.problem(&backend).await?;
        Ok(ListedBackend { backend, problem })
    }
}

fn conflict(message: String) -> VaultError {
    VaultError::Conflict {
        message,
        retry_after_ms: None,
    }
}

impl Backend {
    fn to_row(&self, created_by: String, created_at: i64) -> Result<BackendRow, VaultError> {
        let scopes = self.allowed_scopes.as_ref().map(|patterns| {
            let texts: Vec<_> = patterns.iter().map(super::ScopePattern::as_str).collect();
            serde_json::to_string(&texts).map_err(InternalError::new)
        });
        Ok(BackendRow {
            workspace: self.workspace.to_string(),
            id: self.id.to_string(),
            provider: self.provider.clone(),
            credential: self.credential.clone(),
            pin: self.pin.as_ref().map(ToString::to_string),
            default_ttl_s: self.default_ttl.seconds().into(),
            max_ttl_s: self.max_ttl.seconds().into(),
            allowed_scopes: scopes.transpose()?,
            parameters: serde_json::to_string(&self.parameters).map_err(InternalError::new)?,
            created_by,
            created_at,
        })
    }
}

/// A backend added. Refused where its id is taken.
struct Creation(BackendRow);

impl Change for Creation {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            Ok(if rows::insert(transaction, &self.0).await? {
                Applied::Done
            } else {
                Applied::Refused(Refusal::NameTaken)
            })
        }
        .boxed()
    }
}

/// A backend deleted. Refused where it has leases that may still work, and as gone where there is none.
struct Deletion(WorkspaceId, BackendId);

impl Change for Deletion {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let (workspace, id) = (self.0.to_string(), self.1.as_str());
            if leases::of_backend(transaction, &workspace, id).await? > 0 {
                return Ok(Applied::Refused(Refusal::Leased));
            }
            Ok(if rows::delete(transaction, &workspace, id).await? {
                Applied::Done
            } else {
                Applied::Refused(Refusal::Gone)
            })
        }
        .boxed()
    }
}
