//! What is written of a lease, each with its entry in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Notify;

use super::model::{AtProvider, LeaseState};
use crate::audit::{Applied, Author, Change, NewEntry, Refusal};
use crate::credentials::model::Credential;
use crate::error::VaultError;
use crate::identity::Actor;
use crate::request::RequestInfo;
use crate::store::claims::Claims;
use crate::store::leases::{self as rows, Claimant, LeaseRow, Look};
use crate::store::{StoreError, Transaction, backends};
use crate::vault::Vault;

/// Who has something done about a lease.
#[derive(Clone, Copy)]
pub(super) enum Asker<'a> {
    /// A caller.
    Caller(&'a Actor),
    /// Nobody: it is due.
    Nobody,
}

impl Asker<'_> {
    /// An entry about a lease.
    pub(super) fn entry(
        self,
        action: &'static str,
        row: &LeaseRow,
    ) -> Result<NewEntry, VaultError> {
        let entry = match self {
            Self::Caller(actor) => NewEntry::by(actor, action),
            Self::Nobody => NewEntry::new(Author::System, action),
        };
        let workspace = row.workspace.parse();
        let workspace = workspace.map_err(|why| StoreError::damaged("lease", why))?;
        Ok(entry
            .within(workspace)
            .target(row.backend.as_str())
            .detail("lease", row.id.as_str()))
    }

    /// The request behind it.
    pub(super) fn request(self) -> RequestInfo {
        match self {
            Self::Caller(actor) => actor.request.clone(),
            Self::Nobody => RequestInfo::default(),
        }
    }
}

/// An entry with the root credential that it is about.
pub(super) fn about(entry: NewEntry, root: &Credential) -> NewEntry {
    entry.about(root.id, root.name.as_str())
}

/// An entry with all that was asked for.
pub(super) fn asking(entry: NewEntry, row: &LeaseRow) -> NewEntry {
    // What was written as JSON reads as JSON.
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    entry
        .detail("ttl_s", row.ttl_s)
        .detail("scopes", json(&row.scopes))
        .detail("metadata", json(&row.metadata))
}

impl Vault {
    /// This host, to work on a lease for so many milliseconds.
    pub(super) async fn claimant(&self, length: i64) -> Result<Claimant, StoreError> {
        let claims = self.look().await?.claims;
        Ok(Claimant { claims, length })
    }

    /// This host, to look for what is due.
    pub(super) async fn look(&self) -> Result<Look, StoreError> {
        let now = self.now().as_millisecond();
        let claims = Claims::now(&self.inner.database, &self.inner.host, now).await?;
        Ok(Look { claims, now })
    }

    /// Writes what has become of a lease. False where it is no longer ours to write.
    pub(super) async fn write_lease(
        &self,
        entry: NewEntry,
        row: LeaseRow,
    ) -> Result<bool, VaultError> {
        let written = Box::new(Written {
            row,
            left: None,
            deleted: Arc::clone(&self.inner.deleted),
        });
        let committed = self.inner.audit.commit(entry, Some(written)).await?;
        Ok(committed.applied == Applied::Done)
    }

    /// Writes a lease that was just issued. None where it is no longer ours to write; false where its holder may not have it
    /// any more, and it is to end at once.
    pub(super) async fn write_issued(
        &self,
        entry: NewEntry,
        row: LeaseRow,
    ) -> Result<Option<bool>, VaultError> {
        let left = Arc::new(AtomicBool::new(false));
        let written = Box::new(Written {
            row,
            left: Some(Arc::clone(&left)),
            deleted: Arc::clone(&self.inner.deleted),
        });
        let committed = self.inner.audit.commit(entry, Some(written)).await?;
        let is_held = !left.load(Ordering::Relaxed);
        Ok((committed.applied == Applied::Done).then_some(is_held))
    }
}

/// A lease that is about to be issued. Refused as a name that is taken where its id is, as gone where its backend is, and as
/// stale where its root has changed.
pub(super) struct Begun {
    pub(super) row: LeaseRow,
    pub(super) claimant: Claimant,
    /// Whether the backend is in the configuration.
    pub(super) configured: bool,
}

impl Change for Begun {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let row = &self.row;
            let (workspace, backend) = (&row.workspace, &row.backend);
            if !self.configured && !backends::exists(transaction, workspace, backend).await? {
                return Ok(Applied::Refused(Refusal::Gone));
            }
            if !rows::is_root(transaction, workspace, &row.root, row.root_version).await? {
                return Ok(Applied::Refused(Refusal::Stale));
            }
            Ok(if rows::insert(transaction, row, &self.claimant).await? {
                Applied::Done
            } else {
                Applied::Refused(Refusal::NameTaken)
            })
        }
        .boxed()
    }
}

/// A lease that somebody is about to work on. Refused as stale where somebody else is, or was.
pub(super) struct Claimed {
    pub(super) row: LeaseRow,
    pub(super) claimant: Claimant,
}

impl Change for Claimed {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            Ok(
                if rows::claim(transaction, &self.row, &self.claimant).await? {
                    Applied::Done
                } else {
                    Applied::Refused(Refusal::Stale)
                },
            )
        }
        .boxed()
    }
}

/// What has become of a lease. Refused as stale where it is no longer ours to write.
struct Written {
    row: LeaseRow,
    /// Where it was just issued: told whether its holder has left meanwhile.
    left: Option<Arc<AtomicBool>>,
    deleted: Arc<Notify>,
}

impl Change for Written {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let mut row = self.row.clone();
            if let Some(left) = &self.left {
                let has_left = !rows::has_holder(transaction, &row).await?;
                left.store(has_left, Ordering::Relaxed);
                if has_left {
                    LeaseState::Revoking.as_str().clone_into(&mut row.state);
                    row.outcome = Some(AtProvider::Pending.as_str().to_owned());
                    row.next_at = Some(row.created_at);
                    row.error = Some("its holder left while it was issued".to_owned());
                }
            }
            Ok(if rows::write(transaction, &row).await? {
                Applied::Done
            } else {
                Applied::Refused(Refusal::Stale)
            })
        }
        .boxed()
    }

    fn settled(&mut self) {
        if self.row.sealed.is_none() {
            self.deleted.notify_one();
        }
    }
}
