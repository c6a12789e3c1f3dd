//! Taking up what was interrupted, and answering again what was asked for before.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::begin::FIRST_CLAIM_MS;
use super::journal::{Journal, author};
use super::run::{Run, Told};
use super::{Rotated, RotationPhase, rotating};
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::credentials::CredentialRef;
use crate::error::{InternalError, VaultError};
use crate::ids::{CredentialId, RotationId, WorkspaceId};
use crate::jobs::{Begun, Turn};
use crate::store::claims::Claims;
use crate::store::rotations::{self as rows, DueRow};
use crate::store::{StoreError, Transaction};
use crate::vault::Vault;

/// Rotations of one plugin that are looked at in one go.
const OF_EACH: i64 = 8;

impl Vault {
    /// Begins what is left of rotations that nobody works on and that are due.
    pub(crate) async fn begin_due_rotations(&self) -> Result<Begun, VaultError> {
        let now = self.now().as_millisecond();
        let claims = self.claims().await?;
        let due = rows::due(&self.inner.database, &claims, now, OF_EACH).await?;
        Ok(due
            .into_iter()
            .filter_map(|row| {
                let lane = row.plugin.as_deref().unwrap_or_default();
                let turn = self.inner.lanes.enter(lane, &row.job)?;
                let vault = self.clone();
                self.inner
                    .underway
                    .spawn(async move { vault.resume(turn, row).await })
            })
            .collect())
    }

    async fn resume(&self, _turn: Turn, row: DueRow) {
        let resumed = match self.take_up(&row).await {
            Ok(Some(run)) => self.run(run).await.map(drop),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = resumed {
            tracing::warn!(rotation = %row.job, %error, "a rotation that was taken up again isn't done");
        }
    }

    /// Claims it; none where somebody else has meanwhile.
    async fn take_up(&self, due: &DueRow) -> Result<Option<Run>, VaultError> {
        let damaged = |why| StoreError::damaged("rotation", why);
        let workspace = due.workspace.parse::<WorkspaceId>().map_err(damaged)?;
        let id = due.credential.parse::<CredentialId>().map_err(damaged)?;
        let credential = self.read_through(workspace, &CredentialRef::Id(id)).await?;
        let credential = credential.credential;
        let Some(before) = rows::find(&self.inner.database, &due.job).await? else {
            return Ok(None);
        };
        let base = NewEntry::new(author(&before)?, action::CREDENTIAL_ROTATE_RESUME)
            .within(workspace)
            .about(id, credential.name.as_str());
        let claims = self.claims().await?;
        let take_up = TakeUp {
            id: due.job.clone(),
            until: claims.now + FIRST_CLAIM_MS,
            claims,
            fence: before.fence,
        };
        let entry = Journal::try_from(&before)?.told(base.clone());
        let taken = self.inner.audit.commit(entry, Some(Box::new(take_up)));
        if taken.await?.applied != Applied::Done {
            return Ok(None);
        }
        let mut journal = Journal::try_from(&before)?;
        journal.fence += 1;
        // Whoever let go of it by themselves knew where it stood.
        let interrupted = true;
        Ok(Some(Run::new(journal, base, interrupted)))
    }

    /// The answer to a rotation of this id that was asked for before; none where there is none.
    pub(super) async fn rotated_before(
        &self,
        workspace: WorkspaceId,
        reference: &CredentialRef,
        id: RotationId,
    ) -> Result<Option<Rotated>, VaultError> {
        let Some(row) = rows::find(&self.inner.database, &id.to_string()).await? else {
            return Ok(None);
        };
        let credential = self.read_through(workspace, reference).await?.credential;
        let journal = Journal::try_from(&row)?;
        if journal.credential != credential.id {
            return Err(VaultError::Conflict {
                message: "This was asked for before, of another credential".to_owned(),
                retry_after_ms: None,
            });
        }
        let error = journal.error.clone().unwrap_or_default();
        match (journal.phase, row.finished_at) {
            (RotationPhase::Done, Some(finished)) => {
                let took = u64::try_from(finished - row.started_at).unwrap_or_default();
                Ok(Some(Rotated {
                    credential,
                    from_version: journal.from,
                    to_version: journal.to,
                    duration: Duration::from_millis(took),
                    places: Vec::new(),
                    rotated_at: Timestamp::from_millisecond(finished)
                        .map_err(InternalError::new)?,
                }))
            }
            (RotationPhase::Failed, _) => Err(Told::new("failed", error).into()),
            (RotationPhase::OutcomeUnknown, _) => Err(Told::new("unknown-outcome", error).into()),
            _ => Err(rotating()),
        }
    }
}

/// A claim on a rotation that nobody works on, if it still stands where it was seen.
struct TakeUp {
    id: String,
    claims: Claims,
    until: i64,
    fence: i64,
}

impl Change for TakeUp {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let claimed = rows::claim(transaction, &self.id, self.fence, &self.claims, self.until);
            Ok(if claimed.await? {
                Applied::Done
            } else {
                Applied::Refused(Refusal::Stale)
            })
        }
        .boxed()
    }
}
