//! From phase to phase.

use std::sync::Arc;

use super::journal::{Failure, Journal, Step};
use super::{Rotated, RotationMode, RotationPhase, rotating};
use crate::audit::{Applied, NewEntry, action};
use crate::credentials::{Credential, CredentialRef};
use crate::error::VaultError;
use crate::health::Finding;
use crate::places::Refreshed;
use crate::store::claims::Claims;
use crate::store::rotations::{self as rows, MadeRow, StepRow};
use crate::vault::Vault;

/// How much longer a claim holds than a call may take.
const MARGIN_MS: i64 = 60_000;

/// A rotation that this host works on.
pub(super) struct Run {
    pub(super) journal: Journal,
    /// What all its entries begin as.
    base: NewEntry,
    /// Whether somebody else was working on it, and how far they came in its phase nobody knows.
    pub(super) interrupted: bool,
    /// What testing the new version found.
    pub(super) verified: Option<Finding>,
    pub(super) places: Vec<Refreshed>,
    /// Why it is being undone.
    pub(super) why: Option<Told>,
}

/// Why a rotation failed, for whoever waits for it.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) retry_after_ms: Option<u64>,
}

impl Told {
    pub(super) fn new(code: &str, message: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            retry_after_ms: None,
        }
    }
}

impl From<Told> for VaultError {
    fn from(told: Told) -> Self {
        Self::Provider {
            code: told.code,
            message: told.message,
            retry_after_ms: told.retry_after_ms,
        }
    }
}

impl Run {
    pub(super) fn new(journal: Journal, base: NewEntry, interrupted: bool) -> Self {
        Self {
            journal,
            base,
            interrupted,
            verified: None,
            places: Vec::new(),
            why: None,
        }
    }

    /// An entry of what it does.
    pub(super) fn entry(&self, action: &'static str) -> NewEntry {
        self.journal.told(NewEntry {
            action,
            ..self.base.clone()
        })
    }

    /// The request behind it; nothing where the server goes on with it.
    pub(super) fn request(&self) -> &crate::request::RequestInfo {
        &self.base.request
    }
}

/// What a rotation ends as that isn't undone.
pub(super) fn left_as(mode: RotationMode) -> RotationPhase {
    match mode {
        // Which of the two works nobody knows.
        RotationMode::Assignment => RotationPhase::OutcomeUnknown,
        _ => RotationPhase::Failed,
    }
}

impl Vault {
    /// Goes on until the rotation is over, or can't go on now.
    pub(super) async fn run(&self, mut run: Run) -> Result<Rotated, VaultError> {
        loop {
            if let Some(rotated) = self.step(&mut run).await? {
                return Ok(rotated);
            }
        }
    }

    /// Does what the phase is about. Answers where the new version is current.
    pub(super) async fn step(&self, run: &mut Run) -> Result<Option<Rotated>, VaultError> {
        match run.journal.phase {
            RotationPhase::Creating => self.make(run).await?,
            RotationPhase::Verifying if run.journal.mode == RotationMode::Rollback => {
                self.prove_target(run).await?;
            }
            RotationPhase::Verifying => self.verify(run).await?,
            RotationPhase::Pushing => return self.promote(run).await.map(Some),
            RotationPhase::Undoing => self.undo(run).await?,
            RotationPhase::Done | RotationPhase::Failed | RotationPhase::OutcomeUnknown => {
                return Err(rotating());
            }
        }
        Ok(None)
    }

    /// The credential, as it is now.
    pub(super) async fn rotated_credential(
        &self,
        journal: &Journal,
    ) -> Result<Arc<Credential>, VaultError> {
        let reference = CredentialRef::Id(journal.credential);
        let cached = self.read_through(journal.workspace, &reference).await?;
        Ok(cached.credential)
    }

    /// Prolongs the claim for a call that may take so long. Where it has passed on, somebody else goes on.
    pub(super) async fn hold(
        &self,
        run: &Run,
        call: std::time::Duration,
    ) -> Result<(), VaultError> {
        let claims = self.claims().await?;
        let call = i64::try_from(call.as_millis()).unwrap_or(i64::MAX);
        let until = claims.now.saturating_add(call).saturating_add(MARGIN_MS);
        let id = run.journal.id.to_string();
        let held = rows::renew(&self.inner.database, &id, run.journal.fence, until).await?;
        held.then_some(()).ok_or_else(rotating)
    }

    pub(super) async fn claims(&self) -> Result<Claims, VaultError> {
        let now = self.now().as_millisecond();
        Ok(Claims::now(&self.inner.database, &self.inner.host, now).await?)
    }

    /// Writes that the rotation is in another phase from now on, with the version that was made for it.
    pub(super) async fn advance(
        &self,
        run: &mut Run,
        phase: RotationPhase,
        entry: NewEntry,
        made: Option<MadeRow>,
    ) -> Result<(), VaultError> {
        let at = self.now().as_millisecond();
        let error = run.why.as_ref().map(|told| told.message.clone());
        let row = StepRow {
            id: run.journal.id.to_string(),
            fence: run.journal.fence,
            phase: phase.as_str(),
            attempts: 0,
            next_at: at,
            error: error.clone(),
            claimed_by: Some(self.inner.host.to_string()),
            claimed_until: self.claims().await?.now + super::begin::FIRST_CLAIM_MS,
            at,
        };
        self.write(entry, Step { row, made }).await?;
        run.journal.phase = phase;
        run.journal.attempts = 0;
        run.journal.error = error;
        run.interrupted = false;
        Ok(())
    }

    /// Lets go of the rotation until later, in the phase that it is in.
    pub(super) async fn postpone(
        &self,
        run: &Run,
        entry: NewEntry,
        wait: std::time::Duration,
    ) -> Result<(), VaultError> {
        let at = self.now().as_millisecond();
        let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let row = StepRow {
            id: run.journal.id.to_string(),
            fence: run.journal.fence,
            phase: run.journal.phase.as_str(),
            attempts: i64::from(run.journal.attempts) + 1,
            next_at: at.saturating_add(wait),
            error: run.journal.error.clone(),
            claimed_by: None,
            claimed_until: 0,
            at,
        };
        self.write(entry, Step { row, made: None }).await
    }

    async fn write(&self, entry: NewEntry, step: Step) -> Result<(), VaultError> {
        let written = self.inner.audit.commit(entry, Some(Box::new(step)));
        match written.await?.applied {
            Applied::Done => Ok(()),
            Applied::Refused(_) => Err(rotating()),
        }
    }

    /// Ends the rotation without a new secret; always an error, the one for whoever waits.
    pub(super) async fn fail(&self, run: &Run, told: Told) -> Result<(), VaultError> {
        let again = told.code != "unsupported";
        let entry = run.entry(match run.journal.mode {
            RotationMode::Rollback => action::CREDENTIAL_ROLLBACK,
            _ => action::CREDENTIAL_ROTATE_FAILED,
        });
        self.end(run, RotationPhase::Failed, entry, told, again)
            .await
    }

    /// Ends the rotation with nobody knowing what happened; always an error.
    pub(super) async fn give_up(&self, run: &Run, told: Told) -> Result<(), VaultError> {
        let entry = run.entry(action::CREDENTIAL_ROTATE_UNKNOWN);
        let entry = entry.detail("alert", true);
        self.end(run, RotationPhase::OutcomeUnknown, entry, told, false)
            .await
    }

    /// Ends the rotation though it isn't undone; always an error.
    pub(super) async fn leave(&self, run: &Run, told: Told) -> Result<(), VaultError> {
        let entry = run.entry(action::CREDENTIAL_ROTATE_ABANDON_FAILED);
        let entry = entry.detail("alert", true);
        let phase = left_as(run.journal.mode);
        self.end(run, phase, entry, told, true).await
    }

    async fn end(
        &self,
        run: &Run,
        phase: RotationPhase,
        entry: NewEntry,
        told: Told,
        again: bool,
    ) -> Result<(), VaultError> {
        let failure = Failure {
            journal: run.journal.clone(),
            phase,
            error: told.message.clone(),
            retry_after_ms: told.retry_after_ms,
            again,
            at: self.now().as_millisecond(),
            inner: Arc::clone(&self.inner),
        };
        let entry = entry.detail("reason", told.message.as_str()).failed();
        let ended = self.inner.audit.commit(entry, Some(Box::new(failure)));
        match ended.await?.applied {
            Applied::Done => Err(told.into()),
            Applied::Refused(_) => Err(rotating()),
        }
    }
}
