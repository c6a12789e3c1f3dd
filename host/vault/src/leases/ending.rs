//! Having a provider end a lease.

use std::sync::Arc;

use claviger_runtime::outcome::{Evidence, Revocation};

use super::action;
use super::journal::{Asker, Claimed, about};
use super::model::{AtProvider, LeaseState};
use super::verdict;
use crate::audit::{Applied, NewEntry};
use crate::backends::root::Root;
use crate::credentials::CredentialRef;
use crate::credentials::connection::Found;
use crate::credentials::model::Credential;
use crate::error::VaultError;
use crate::store::StoreError;
use crate::store::leases::{LeaseRow, NEVER};
use crate::vault::Vault;

/// The pauses after the attempts that failed, in milliseconds. After one more it isn't tried again.
pub(super) const PAUSES: [i64; 6] = [10_000, 60_000, 300_000, 1_800_000, 7_200_000, 21_600_000];

/// What came of an attempt.
pub(super) enum Attempt {
    /// The provider answered.
    Done(Revocation),
    /// It didn't.
    Failed {
        /// Why.
        reason: String,
        /// When it wants to be asked again, in milliseconds from now.
        retry_after_ms: Option<u64>,
    },
}

/// Whether what the provider answered means that it works no more.
pub(super) fn is_over(revocation: Revocation) -> bool {
    matches!(revocation, Revocation::Revoked | Revocation::AlreadyGone)
}

/// When an attempt is made again after that many have failed; none where it isn't.
pub(super) fn pause(attempts: i64, retry_after_ms: Option<u64>) -> Option<i64> {
    let index = usize::try_from(attempts.saturating_sub(1)).ok()?;
    let pause = *PAUSES.get(index)?;
    let longest = PAUSES[PAUSES.len() - 1];
    let wanted = retry_after_ms.map_or(0, |ms| i64::try_from(ms).unwrap_or(longest));
    Some(pause.max(wanted.min(longest)))
}

/// When something is next to be done about a lease that nobody asks the provider to end any more.
pub(super) fn at_its_end(row: &LeaseRow) -> Option<i64> {
    Some(row.ends_at).filter(|at| *at != NEVER)
}

/// Writes into a row what came of an attempt to end it.
fn settle(row: &mut LeaseRow, attempt: &Attempt, now: i64) {
    let was_asked = row.outcome.as_deref() == Some(AtProvider::Pending.as_str());
    let (state, outcome) = match attempt {
        Attempt::Done(Revocation::UntilExpiry) => {
            row.next_at = at_its_end(row);
            row.error = None;
            (LeaseState::Revoking, Some(AtProvider::UntilExpiry))
        }
        Attempt::Done(done) => {
            row.error = None;
            end(row, now);
            let is_gone = *done == Revocation::AlreadyGone;
            let state = if was_asked {
                LeaseState::Revoked
            } else {
                LeaseState::Expired
            };
            let outcome = if is_gone {
                AtProvider::AlreadyGone
            } else {
                AtProvider::Revoked
            };
            (state, Some(outcome))
        }
        Attempt::Failed {
            reason,
            retry_after_ms,
        } => {
            row.attempts += 1;
            row.error = Some(reason.clone());
            let outcome = was_asked.then_some(AtProvider::Pending);
            if let Some(pause) = pause(row.attempts, *retry_after_ms) {
                row.next_at = Some(row.ends_at.min(now.saturating_add(pause)));
                (LeaseState::Revoking, outcome)
            } else {
                row.next_at = at_its_end(row);
                (LeaseState::RevokeFailed, outcome)
            }
        }
    };
    state.as_str().clone_into(&mut row.state);
    row.outcome = outcome.map(|outcome| outcome.as_str().to_owned());
}

/// Nothing is done about it any more, and nothing is kept of its token.
fn end(row: &mut LeaseRow, now: i64) {
    row.ended_at = Some(now);
    row.next_at = None;
    row.sealed = None;
    row.data_key = None;
}

impl Vault {
    /// Writes that a lease has ended.
    pub(super) async fn end_row(
        &self,
        entry: NewEntry,
        mut row: LeaseRow,
        state: LeaseState,
    ) -> Result<Option<LeaseRow>, VaultError> {
        end(&mut row, self.now().as_millisecond());
        state.as_str().clone_into(&mut row.state);
        let written = self.write_lease(entry, row.clone()).await?;
        Ok(written.then_some(row))
    }

    /// Asks the provider once to end a lease, and writes what came of it: the row as it is then. None where somebody else is
    /// at it.
    pub(super) async fn end_lease(
        &self,
        asker: Asker<'_>,
        mut row: LeaseRow,
    ) -> Result<Option<LeaseRow>, VaultError> {
        let root = match self.root_of_lease(&row).await? {
            Ok(root) => root,
            Err(reason) => {
                let attempt = Attempt::Failed {
                    reason,
                    retry_after_ms: None,
                };
                let entry = asker.entry(action::REVOKE, &row)?;
                return self.ended(entry, row, &attempt).await;
            }
        };
        LeaseState::Revoking.as_str().clone_into(&mut row.state);
        let mut intent = about(asker.entry(action::REVOKE_INTENT, &row)?, &root.credential);
        if let Some(reason) = &row.error {
            intent = intent.detail("reason", reason.as_str());
        }
        if !self.claim_lease(intent, &mut row, &root).await? {
            return Ok(None);
        }
        let credential = Arc::clone(&root.credential);
        let attempt = self.ask_to_end(asker, root, &row).await?;
        let entry = about(asker.entry(action::REVOKE, &row)?, &credential);
        self.ended(entry, row, &attempt).await
    }

    /// Claims a lease as it is to stand while it is worked on.
    pub(super) async fn claim_lease(
        &self,
        intent: NewEntry,
        row: &mut LeaseRow,
        root: &Root,
    ) -> Result<bool, VaultError> {
        let change = Claimed {
            row: row.clone(),
            claimant: self.claimant(root.claim()).await?,
        };
        let committed = self.inner.audit.commit(intent, Some(Box::new(change)));
        row.fence += 1;
        Ok(committed.await?.applied == Applied::Done)
    }

    async fn ask_to_end(
        &self,
        asker: Asker<'_>,
        root: Root,
        row: &LeaseRow,
    ) -> Result<Attempt, VaultError> {
        let issued = match self.open_issued(row).await {
            Ok(issued) => issued,
            // It won't open the next time either, but others' leases are not to wait for it.
            Err(VaultError::Internal(error)) => {
                tracing::error!(lease = row.id, error = %error.cause(), "a lease doesn't open");
                return Ok(Attempt::Failed {
                    reason: "what was sealed of it doesn't open; the server's log says why"
                        .to_owned(),
                    retry_after_ms: None,
                });
            }
            Err(error) => return Err(error),
        };
        let (plugin, context, subject) = root.clone().call(row.id.clone());
        let mut outcome = plugin.revoke(context, subject, issued).await;
        self.note_denials(asker, &root, &outcome.evidence).await;
        // What it was issued with may have been rotated away since.
        if outcome.result.as_ref().is_err_and(verdict::is_rejected)
            && i64::from(root.credential.version) != row.root_version
        {
            let (credential, version) = (Arc::clone(&root.credential), root.credential.version);
            if let Ok(current) = self.root_in(row, credential, version).await? {
                let issued = self.open_issued(row).await?;
                let (plugin, context, subject) = current.clone().call(row.id.clone());
                outcome = plugin.revoke(context, subject, issued).await;
                self.note_denials(asker, &current, &outcome.evidence).await;
            }
        }
        Ok(match outcome.result {
            Ok(revocation) => Attempt::Done(revocation),
            Err(error) if verdict::is_gone(&error) => Attempt::Done(Revocation::AlreadyGone),
            Err(error) => Attempt::Failed {
                reason: error.to_string(),
                retry_after_ms: verdict::retry_after_ms(&error),
            },
        })
    }

    async fn ended(
        &self,
        entry: NewEntry,
        mut row: LeaseRow,
        attempt: &Attempt,
    ) -> Result<Option<LeaseRow>, VaultError> {
        settle(&mut row, attempt, self.now().as_millisecond());
        // What happened at the provider is recorded whatever has become of the actor's leave.
        let mut entry = entry.regardless().detail("state", row.state.as_str());
        match attempt {
            Attempt::Done(_) => {
                entry = entry.detail("provider", row.outcome.clone().unwrap_or_default());
            }
            Attempt::Failed { reason, .. } => {
                entry = entry.failed().detail("reason", reason.as_str());
            }
        }
        let written = self.write_lease(entry, row.clone()).await?;
        Ok(written.then_some(row))
    }

    /// The root that a lease was issued from, in the version that it was, whatever has become of it.
    pub(super) async fn root_of_lease(&self, row: &LeaseRow) -> Found<Root> {
        let damaged = |why| StoreError::damaged("lease", why);
        let workspace = row.workspace.parse().map_err(damaged)?;
        let root = row.root.parse().map_err(damaged)?;
        let credential = match self.look_up(workspace, &CredentialRef::Id(root)).await {
            Ok(cached) => cached.credential,
            Err(VaultError::NotFound) => return Ok(Err("its root credential is gone".to_owned())),
            Err(error) => return Err(error),
        };
        let version =
            u32::try_from(row.root_version).map_err(|why| StoreError::damaged("lease", why))?;
        self.root_in(row, credential, version).await
    }

    /// A lease's root in one of its versions.
    async fn root_in(
        &self,
        row: &LeaseRow,
        credential: Arc<Credential>,
        version: u32,
    ) -> Found<Root> {
        let backend = self
            .find_backend(credential.workspace, &row.backend)
            .await?;
        let pin = backend.as_ref().and_then(|backend| backend.pin.as_ref());
        self.root(credential, version, &row.provider, pin).await
    }

    /// Records what a plugin wanted and may not do. What came of the call is recorded even where this can't be.
    pub(super) async fn note_denials(&self, asker: Asker<'_>, root: &Root, evidence: &Evidence) {
        let request = asker.request();
        let noted = self.record_denials_in(&request, &root.credential, &root.plugin, evidence);
        if let Err(error) = noted.await {
            tracing::error!(%error, "what a plugin may not do can't be recorded");
        }
    }
}
