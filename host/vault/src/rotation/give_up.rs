//! Giving up a rotation that would go on being undone.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::begin::FIRST_CLAIM_MS;
use super::journal::{Failure, Journal};
use super::run::left_as;
use super::undo::left_behind;
use super::{RotationPhase, rotating};
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::credentials::CredentialRef;
use crate::error::VaultError;
use crate::ids::RotationId;
use crate::permission::{ServerPermit, workspace};
use crate::store::claims::Claims;
use crate::store::rotations as rows;
use crate::store::{StoreError, Transaction};
use crate::vault::Vault;

/// A rotation that was given up.
#[derive(Debug)]
pub struct GivenUp {
    /// Its id.
    pub id: RotationId,
    /// What it ended as.
    pub phase: RotationPhase,
    /// What may be left at the provider.
    pub error: String,
}

impl Vault {
    /// Ends a rotation that is being undone, or whose making was interrupted, without waiting for its provider any longer.
    /// A conflict where it stands elsewhere, or is over.
    pub async fn give_up_rotation(
        &self,
        permit: &ServerPermit<workspace::Manage>,
        id: RotationId,
    ) -> Result<GivenUp, VaultError> {
        let row = rows::find(&self.inner.database, &id.to_string()).await?;
        let row = row.ok_or(VaultError::NotFound)?;
        let journal = Journal::try_from(&row)?;
        let is_open = row.finished_at.is_none();
        let interrupted = journal.phase == RotationPhase::Creating && !journal.replaces;
        if !is_open || !(interrupted || journal.phase == RotationPhase::Undoing) {
            return Err(VaultError::Conflict {
                message: "Only a rotation that is being undone, or that was interrupted while a new secret was made, can \
                     be given up"
                    .to_owned(),
                retry_after_ms: None,
            });
        }
        let reference = CredentialRef::Id(journal.credential);
        let credential = self.read_through(journal.workspace, &reference).await?;
        let credential = &credential.credential;
        let why = match &journal.error {
            Some(error) => format!("somebody ended it; {error}"),
            None => "somebody ended it".to_owned(),
        };
        let (phase, error) = (left_as(journal.mode), left_behind(&journal, &why));
        let at = self.now().as_millisecond();
        let entry = NewEntry::by(permit.actor(), action::CREDENTIAL_ROTATE_ABANDON_FAILED)
            .within(journal.workspace)
            .about(credential.id, credential.name.as_str());
        let entry = journal.told(entry).detail("alert", true);
        let entry = entry.detail("reason", error.as_str()).failed();
        let fence = journal.fence;
        let change = GiveUp {
            // Whoever is making the new secret just now isn't interrupted.
            claims: match journal.phase {
                RotationPhase::Creating => Some(self.claims().await?),
                _ => None,
            },
            fence,
            failure: Failure {
                journal,
                phase,
                error: error.clone(),
                retry_after_ms: None,
                again: true,
                at,
                inner: Arc::clone(&self.inner),
            },
        };
        let ended = self.inner.audit.commit(entry, Some(Box::new(change)));
        match ended.await?.applied {
            Applied::Done => Ok(GivenUp { id, phase, error }),
            Applied::Refused(_) => Err(rotating()),
        }
    }
}

/// A rotation ended, if nobody has gone on with it since it was read.
struct GiveUp {
    /// Where it has to be free.
    claims: Option<Claims>,
    fence: i64,
    failure: Failure,
}

impl Change for GiveUp {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            self.failure.journal.fence = self.fence;
            if let Some(claims) = &self.claims {
                let id = self.failure.journal.id.to_string();
                let until = claims.now + FIRST_CLAIM_MS;
                if !rows::claim(transaction, &id, self.fence, claims, until).await? {
                    return Ok(Applied::Refused(Refusal::Rotating));
                }
                self.failure.journal.fence = self.fence + 1;
            }
            self.failure.apply(transaction).await
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.failure.settled();
    }
}
