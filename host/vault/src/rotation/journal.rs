//! The rotation's row, and the changes of it that go with its entries of the log.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{RotationCause, RotationMode, RotationPhase, schedule};
use crate::audit::{Applied, Author, Change, NewEntry, Refusal};
use crate::credentials::cache;
use crate::ids::{CredentialId, RotationId, WorkspaceId};
use crate::store::claims::Claims;
use crate::store::credentials as credential_rows;
use crate::store::rotations::{self as rows, MadeRow, RotationRow, StepRow};
use crate::store::{StoreError, Transaction, listen, retirements};
use crate::vault::Inner;

/// What `overlap` is where the old secret goes on working.
pub(super) const BOTH_WORK: &str = "both-work";
/// What it is where the old secret ends as the new one is made.
pub(super) const REPLACES: &str = "replaces";
/// What it is where the provider makes none.
pub(super) const NO_OVERLAP: &str = "none";

/// A rotation that is open, as this host works on it.
#[derive(Clone)]
pub(super) struct Journal {
    pub(super) id: RotationId,
    pub(super) workspace: WorkspaceId,
    pub(super) credential: CredentialId,
    pub(super) mode: RotationMode,
    pub(super) cause: RotationCause,
    /// Whether making the new secret ends the old one. Written down when it began: the plugin may be away later.
    pub(super) replaces: bool,
    pub(super) phase: RotationPhase,
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) connection: Option<String>,
    pub(super) attempts: u32,
    pub(super) error: Option<String>,
    pub(super) fence: i64,
    pub(super) started_at: Timestamp,
}

fn damaged(why: impl std::fmt::Display) -> StoreError {
    StoreError::damaged("rotation", why)
}

impl TryFrom<&RotationRow> for Journal {
    type Error = StoreError;

    fn try_from(row: &RotationRow) -> Result<Self, StoreError> {
        let number = |number: i64| u32::try_from(number).map_err(damaged);
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            workspace: row.workspace.parse().map_err(damaged)?,
            credential: row.credential.parse().map_err(damaged)?,
            mode: RotationMode::parse(&row.mode).ok_or_else(|| damaged("its mode is none"))?,
            cause: RotationCause::parse(&row.cause).ok_or_else(|| damaged("its cause is none"))?,
            replaces: match row.overlap.as_str() {
                REPLACES => true,
                BOTH_WORK | NO_OVERLAP => false,
                _ => return Err(damaged("its overlap is none")),
            },
            phase: RotationPhase::parse(&row.phase).ok_or_else(|| damaged("its phase is none"))?,
            from: number(row.from_version)?,
            to: number(row.to_version)?,
            connection: row.connection.clone(),
            attempts: number(row.attempts)?,
            error: row.error.clone(),
            fence: row.fence,
            started_at: Timestamp::from_millisecond(row.started_at).map_err(damaged)?,
        })
    }
}

/// Whoever started a rotation, as its row knows them.
pub(super) fn author(row: &RotationRow) -> Result<Author, StoreError> {
    Ok(match &row.started_by {
        Some(id) => Author::User {
            id: id.parse().map_err(damaged)?,
            name: row.started_by_name.as_str().into(),
        },
        None => Author::System,
    })
}

impl Journal {
    /// What the log says of it in each of its entries.
    pub(super) fn told(&self, entry: NewEntry) -> NewEntry {
        entry
            .detail("rotation", self.id.to_string())
            .detail("mode", self.mode.as_str())
            .detail("cause", self.cause.as_str())
            .detail("phase", self.phase.as_str())
            .detail("from_version", self.from)
            .detail("to_version", self.to)
    }
}

/// The first line: the rotation, the mark on its credential, and the new version where the host has it already.
pub(super) struct Begin {
    pub(super) row: RotationRow,
    pub(super) claims: Claims,
    pub(super) claimed_until: i64,
    pub(super) made: Option<MadeRow>,
    /// The state that the version has that is gone back to.
    pub(super) target: Option<&'static str>,
    pub(super) place: (WorkspaceId, CredentialId),
    pub(super) inner: Arc<Inner>,
}

impl Begin {
    /// Why it can't begin, if it can't. All is looked at before anything is written: what is written stays.
    async fn refused(&self, transaction: &mut Transaction) -> Result<Option<Refusal>, StoreError> {
        let row = &self.row;
        let found = credential_rows::standing(transaction, &row.workspace, &row.credential).await?;
        let Some(standing) = found else {
            return Ok(Some(Refusal::Gone));
        };
        let ending = retirements::is_under_way(transaction, &row.credential, &self.claims).await?;
        if standing.rotating == 1 || ending || rows::exists(transaction, &row.id).await? {
            return Ok(Some(Refusal::Rotating));
        }
        let state = rows::version_state(transaction, &row.credential, row.to_version).await?;
        let is_current = standing.active == 1 && standing.version == row.from_version;
        Ok((!is_current || state.as_deref() != self.target).then_some(Refusal::Stale))
    }
}

impl Change for Begin {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if let Some(refusal) = self.refused(transaction).await? {
                return Ok(Applied::Refused(refusal));
            }
            let row = &self.row;
            let held =
                rows::hold_credential(transaction, &row.credential, row.from_version).await?;
            let (host, until) = (&self.claims.host, self.claimed_until);
            let inserted = rows::insert(transaction, row, host, until).await?;
            let made = match &self.made {
                Some(made) => rows::insert_version(transaction, made).await?,
                None => true,
            };
            if !(held && inserted && made) {
                return Err(damaged("one is open that its credential knows nothing of"));
            }
            listen::tell(transaction, &cache::words(self.place.0, self.place.1)).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.inner.credentials.forget(self.place.0, self.place.1);
    }
}

/// A rotation that goes on: to another phase, with the version that was made, or at another time.
pub(super) struct Step {
    pub(super) row: StepRow,
    pub(super) made: Option<MadeRow>,
}

impl Change for Step {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if !rows::step(transaction, &self.row).await? {
                return Ok(Applied::Refused(Refusal::Stale));
            }
            if let Some(made) = &self.made {
                // It is there already where the answer to this very change was lost.
                rows::insert_version(transaction, made).await?;
            }
            Ok(Applied::Done)
        }
        .boxed()
    }
}

/// A rotation that is over without a new secret. What was made for it is shredded, unless the provider may have
/// nothing else.
pub(super) struct Failure {
    pub(super) journal: Journal,
    pub(super) phase: RotationPhase,
    pub(super) error: String,
    pub(super) retry_after_ms: Option<u64>,
    /// Whether it rotates by itself again.
    pub(super) again: bool,
    pub(super) at: i64,
    pub(super) inner: Arc<Inner>,
}

impl Change for Failure {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let journal = &self.journal;
            let id = journal.id.to_string();
            let credential = journal.credential.to_string();
            let (phase, error) = (self.phase.as_str(), Some(self.error.as_str()));
            if !rows::finish(transaction, &id, journal.fence, phase, error, self.at).await? {
                return Ok(Applied::Refused(Refusal::Stale));
            }
            let made = i64::from(journal.to);
            if self.phase == RotationPhase::OutcomeUnknown {
                // The provider may have just this one.
                rows::keep(transaction, &credential, made).await?;
            } else if rows::discard(transaction, &credential, made).await? {
                credential_rows::shred_version(transaction, &credential, made).await?;
            }
            let words = cache::words(journal.workspace, journal.credential);
            listen::tell(transaction, &words).await?;
            if journal.mode == RotationMode::Rollback {
                // Nothing was to be made, so nothing failed that counts.
                rows::release(transaction, &credential).await?;
                return Ok(Applied::Done);
            }
            let settings = rows::settings(transaction, &credential).await?;
            let settings = settings.ok_or_else(|| damaged("its credential isn't there"))?;
            let by_itself = matches!(
                journal.cause,
                RotationCause::Scheduled | RotationCause::OnExpiry
            );
            let rotate_at = match settings.rotate_at {
                Some(_) if !self.again => None,
                Some(_) if by_itself => {
                    let failures = settings.rotation_failures;
                    Some(schedule::again(failures, self.at, self.retry_after_ms))
                }
                kept => kept,
            };
            rows::set_failed(transaction, &credential, &self.error, rotate_at).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }

    fn settled(&mut self) {
        let journal = &self.journal;
        self.inner
            .credentials
            .forget(journal.workspace, journal.credential);
        self.inner.deleted.notify_one();
    }
}
