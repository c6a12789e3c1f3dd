//! Having a provider issue a lease.
//!
//! The row is durable before the provider is asked, and what it answers is sealed before anybody is given it. It goes on to
//! its end even when whoever asked has gone.

use std::sync::Arc;

use claviger_runtime::ask::IssueRequest;
use claviger_runtime::outcome::{CallError, CallOutcome, Issued};
use claviger_runtime::plugin::Capability;

use super::action;
use super::error::LeaseError;
use super::input::{IssuedLease, NewLease};
use super::journal::{Asker, Begun, about, asking};
use super::model::{Lease, LeaseState};
use super::sealed::{self, LeasePlace};
use super::terms::Terms;
use super::verdict;
use crate::audit::{Applied, Refusal};
use crate::backends::root::Root;
use crate::credentials::reveal::changing;
use crate::error::{InternalError, VaultError};
use crate::identity::Actor;
use crate::ids::{LeaseId, WorkspaceId};
use crate::permission::{AnyPermission, Lapsed, Permit, credential};
use crate::store::leases::{self as rows, LeaseRow, NEVER};
use crate::vault::Vault;

/// How often a root that changes under way is read again.
const ATTEMPTS: usize = 5;
/// How long a provider may let something work beyond its holder's time without being asked to end it: it takes as long to
/// answer, and what it was asked for begins with its answer. In milliseconds.
const NOT_WORTH_A_CALL: i64 = 60_000;

impl Vault {
    /// A short-lived credential from a backend. Where the request names an id and was answered before, the same one again.
    pub async fn issue_lease(
        &self,
        permit: &Permit<credential::Issue>,
        new: NewLease,
    ) -> Result<IssuedLease, LeaseError> {
        let (vault, workspace) = (self.clone(), permit.workspace());
        let actor = Arc::clone(permit.actor());
        // In a task of its own: whoever asked may go, and what was begun is still recorded.
        let work = async move { vault.issue(workspace, &actor, new).await };
        // None: the vault is closing.
        let task = self.inner.underway.spawn(work);
        task.ok_or(VaultError::Unavailable)?
            .await
            .map_err(InternalError::new)?
    }

    async fn issue(
        &self,
        workspace: WorkspaceId,
        actor: &Actor,
        new: NewLease,
    ) -> Result<IssuedLease, LeaseError> {
        for _ in 0..ATTEMPTS {
            if let Some(id) = new.id {
                let (workspace, id) = (workspace.to_string(), id.to_string());
                let known = rows::find(&self.inner.database, Some(&workspace), &id).await?;
                if let Some(row) = known {
                    return self.issued_before(actor, row).await;
                }
            }
            let terms = self.terms(workspace, actor, &new).await?;
            let root = self.root_of(&terms.backend).await?;
            let root = root.map_err(|message| VaultError::Conflict {
                message: format!(
                    "Nothing can be issued from `{}`: {message}",
                    terms.backend.id
                ),
                retry_after_ms: None,
            })?;
            let id = new.id.unwrap_or_else(LeaseId::random);
            let row = terms.row(id, actor, &root, self.now().as_millisecond())?;
            match self.begin(actor, &terms, &root, &row).await? {
                Applied::Done => return self.carry_out(actor, &terms, root, row).await,
                Applied::Refused(Refusal::Gone) => {
                    return Err(LeaseError::NoSuchBackend { id: new.backend });
                }
                // The same request came in twice at once.
                Applied::Refused(Refusal::NameTaken) => {}
                // What was read came from a cache, and the root has changed since.
                Applied::Refused(_) => {
                    self.inner.credentials.forget(workspace, root.credential.id);
                }
            }
        }
        Err(changing().into())
    }

    async fn begin(
        &self,
        actor: &Actor,
        terms: &Terms,
        root: &Root,
        row: &LeaseRow,
    ) -> Result<Applied, VaultError> {
        let entry = Asker::Caller(actor).entry(action::ISSUE_INTENT, row)?;
        let entry = asking(about(entry, &root.credential), row);
        let change = Begun {
            row: row.clone(),
            claimant: self.claimant(root.claim()).await?,
            configured: terms.backend.configured,
        };
        let committed = self.inner.audit.commit(entry, Some(Box::new(change)));
        Ok(committed.await?.applied)
    }

    async fn carry_out(
        &self,
        actor: &Actor,
        terms: &Terms,
        root: Root,
        row: LeaseRow,
    ) -> Result<IssuedLease, LeaseError> {
        let (plugin, context, subject) = root.clone().call(row.id.clone());
        let request = IssueRequest {
            ttl: terms.ttl.duration(),
            scopes: terms.scopes.clone(),
            parameters: terms.backend.parameters.clone(),
        };
        let CallOutcome { result, evidence } = plugin.issue(context, subject, request).await;
        self.note_denials(Asker::Caller(actor), &root, &evidence)
            .await;
        match result {
            Ok(issued) => self.keep(actor, root, row, issued).await,
            Err(error) => {
                let unknown = verdict::may_have_happened(&error, &evidence);
                self.not_issued(actor, &root, row, &error, unknown).await?;
                Err(verdict::told(&error, unknown).into())
            }
        }
    }

    /// Seals what was issued, and hands it out. What can't be kept is taken back.
    async fn keep(
        &self,
        actor: &Actor,
        root: Root,
        mut row: LeaseRow,
        issued: Issued,
    ) -> Result<IssuedLease, LeaseError> {
        let end = issued
            .expires_at_ms
            .map_or(NEVER, |at| i64::try_from(at).unwrap_or(NEVER));
        row.expires_at = row.expires_at.min(end);
        row.ends_at = end;
        row.next_at = Some(if end.saturating_sub(row.expires_at) <= NOT_WORTH_A_CALL {
            end
        } else {
            row.expires_at
        });
        LeaseState::Active.as_str().clone_into(&mut row.state);
        let kept = match self.seal_issued(&mut row, &issued).await {
            Ok(()) => self.record_issued(actor, &root, row.clone()).await,
            Err(error) => Err(error),
        };
        match kept {
            Ok(Some(true)) => Ok(IssuedLease::new(Lease::try_from(&row)?, issued.fields)),
            // The sweeper ends it: its row says so.
            Ok(Some(false)) => Err(VaultError::Lapsed(Lapsed::Membership {
                permission: AnyPermission::CredentialIssue,
            })
            .into()),
            Ok(None) => {
                self.take_back(actor, root, row, issued, "somebody else took it for lost")
                    .await;
                Err(VaultError::OutcomeUnknown.into())
            }
            Err(error) => {
                self.take_back(actor, root, row, issued, "it couldn't be recorded")
                    .await;
                Err(error.into())
            }
        }
    }

    async fn seal_issued(&self, row: &mut LeaseRow, issued: &Issued) -> Result<(), VaultError> {
        let lease = Lease::try_from(&*row)?;
        row.scopes = serde_json::to_string(&issued.scopes).map_err(InternalError::new)?;
        let now = self.now().as_millisecond();
        let keys = &self.inner.keys;
        let key = keys
            .sealing(&self.inner.database, lease.workspace, now)
            .await?;
        let place = LeasePlace {
            workspace: lease.workspace,
            lease: lease.id,
            data_key: &key.id,
        };
        row.sealed = Some(sealed::seal(issued, &key.seal, place)?);
        row.data_key = Some(key.id.to_string());
        Ok(())
    }

    async fn record_issued(
        &self,
        actor: &Actor,
        root: &Root,
        row: LeaseRow,
    ) -> Result<Option<bool>, VaultError> {
        // What happened at the provider is recorded whatever has become of the actor's leave.
        let entry = Asker::Caller(actor)
            .entry(action::ISSUE, &row)?
            .regardless();
        let entry = asking(about(entry, &root.credential), &row);
        let entry = entry.detail("expires_at_ms", row.expires_at);
        self.write_issued(entry, row).await
    }

    /// Ends what was issued and can't be kept. Where that fails, too, the row says for how long it may work.
    async fn take_back(
        &self,
        actor: &Actor,
        root: Root,
        mut row: LeaseRow,
        issued: Issued,
        why: &'static str,
    ) {
        let credential = Arc::clone(&root.credential);
        let (plugin, context, subject) = root.call(row.id.clone());
        let taken = plugin.revoke(context, subject, issued).await.result;
        match &taken {
            Ok(revocation) => {
                tracing::warn!(lease = row.id, ?revocation, why, "a lease was taken back");
            }
            Err(error) => {
                tracing::error!(lease = row.id, %error, why, "a lease can't be taken back");
            }
        }
        if !matches!(&taken, Ok(done) if super::ending::is_over(*done)) {
            return;
        }
        row.sealed = None;
        row.data_key = None;
        row.error = Some(why.to_owned());
        let entry = Asker::Caller(actor).entry(action::ISSUE, &row);
        let written = match entry {
            Ok(entry) => {
                let entry = about(entry, &credential).regardless().failed();
                self.end_row(entry.detail("reason", why), row, LeaseState::Failed)
                    .await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            tracing::error!(%error, "that a lease was taken back can't be recorded");
        }
    }

    /// Records that nothing was issued, or that nobody knows.
    async fn not_issued(
        &self,
        actor: &Actor,
        root: &Root,
        mut row: LeaseRow,
        error: &CallError,
        unknown: bool,
    ) -> Result<(), VaultError> {
        let reason = error.to_string();
        row.error = Some(reason.clone());
        let entry = Asker::Caller(actor).entry(action::ISSUE, &row)?;
        let entry = asking(about(entry, &root.credential), &row);
        let entry = entry.regardless().failed().detail("reason", reason);
        if !unknown {
            self.end_row(entry, row, LeaseState::Failed).await?;
            return Ok(());
        }
        if root.plugin.capabilities().contains(&Capability::Recovery) {
            // It stays as it is, and is due: what the provider may have made is undone at once.
            row.next_at = Some(self.now().as_millisecond());
        } else {
            LeaseState::Orphaned.as_str().clone_into(&mut row.state);
            row.next_at = Some(row.ends_at);
        }
        self.write_lease(entry, row).await?;
        Ok(())
    }
}
