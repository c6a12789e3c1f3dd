//! Telling of rotations: those that come, and those that were.

use std::sync::Arc;

use jiff::Timestamp;

use super::journal::Journal;
use super::{RotationCause, RotationMode, RotationPhase};
use crate::credentials::Credential;
use crate::error::VaultError;
use crate::ids::{CredentialId, RotationId, WorkspaceId};
use crate::permission::{Permit, ServerPermit, credential, workspace};
use crate::store::rotations::{self as rows, ListedRow, Wanted};
use crate::store::{StoreError, credentials as credential_rows};
use crate::vault::Vault;

/// The most of them that are told at a time.
const MOST: u32 = 1000;
/// How many are told where nothing is said.
const UNSAID: u32 = 100;

/// Which credentials of a workspace rotate by themselves, and when.
#[derive(Debug, Clone)]
pub struct RotationSchedule {
    /// Those that come, the first at the top; at most 1000 of these and those that are overdue.
    pub upcoming: Vec<ScheduledRotation>,
    /// Those that were due and aren't done.
    pub overdue: Vec<ScheduledRotation>,
    /// By when.
    pub generated_at: Timestamp,
}

/// A credential that rotates by itself.
#[derive(Debug, Clone)]
pub struct ScheduledRotation {
    /// It.
    pub credential: Arc<Credential>,
    /// When it is due.
    pub at: Timestamp,
}

/// Which rotations are wanted.
#[derive(Debug, Clone, Default)]
pub struct RotationFilter {
    /// Of this workspace.
    pub workspace: Option<WorkspaceId>,
    /// Of this credential.
    pub credential: Option<CredentialId>,
    /// In this phase.
    pub phase: Option<RotationPhase>,
    /// Those alone that aren't over.
    pub open: bool,
    /// The most of them: 100 where nothing is said, 1000 at most.
    pub limit: Option<u32>,
}

/// A rotation, as the journal has it.
#[derive(Debug, Clone)]
pub struct ListedRotation {
    /// Its id.
    pub id: RotationId,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The credential.
    pub credential: CredentialId,
    /// The name that the credential has now.
    pub credential_name: String,
    /// Where the new secret comes from.
    pub mode: RotationMode,
    /// What started it.
    pub cause: RotationCause,
    /// Why, as somebody said.
    pub reason: Option<String>,
    /// Where it stands.
    pub phase: RotationPhase,
    /// The version that it replaces.
    pub from_version: u32,
    /// The version that takes its place.
    pub to_version: u32,
    /// Who started it.
    pub started_by: String,
    /// Attempts at what its phase is about, after which it was put off.
    pub attempts: u32,
    /// When it goes on, where it isn't over.
    pub next_at: Option<Timestamp>,
    /// What went wrong.
    pub error: Option<String>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

impl Vault {
    /// When the credentials of a workspace rotate by themselves.
    pub async fn rotation_schedule(
        &self,
        permit: &Permit<credential::Read>,
    ) -> Result<RotationSchedule, VaultError> {
        let workspace = permit.workspace().to_string();
        let database = &self.inner.database;
        let rows = credential_rows::scheduled(database, &workspace, i64::from(MOST)).await?;
        let now = self.now();
        let mut all = Vec::with_capacity(rows.len());
        for row in rows {
            let credential = Credential::try_from(row)?;
            if let Some(at) = credential.next_rotation_at() {
                all.push(ScheduledRotation {
                    credential: Arc::new(credential),
                    at,
                });
            }
        }
        all.sort_by_key(|scheduled| scheduled.at);
        let (overdue, upcoming) = all.into_iter().partition(|scheduled| scheduled.at <= now);
        Ok(RotationSchedule {
            upcoming,
            overdue,
            generated_at: now,
        })
    }

    /// Rotations of all workspaces, the latest first.
    pub async fn rotations(
        &self,
        _permit: &ServerPermit<workspace::Manage>,
        filter: &RotationFilter,
    ) -> Result<Vec<ListedRotation>, VaultError> {
        let wanted = Wanted {
            workspace: filter.workspace.map(|id| id.to_string()),
            credential: filter.credential.map(|id| id.to_string()),
            phase: filter.phase.map(RotationPhase::as_str),
            open: filter.open,
            limit: i64::from(filter.limit.unwrap_or(UNSAID).min(MOST)),
        };
        let rows = rows::list(&self.inner.database, &wanted).await?;
        let rows = rows.into_iter().map(ListedRotation::try_from);
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

impl TryFrom<ListedRow> for ListedRotation {
    type Error = StoreError;

    fn try_from(row: ListedRow) -> Result<Self, StoreError> {
        let ListedRow { rotation, name } = row;
        let time = |at: i64| {
            Timestamp::from_millisecond(at).map_err(|why| StoreError::damaged("rotation", why))
        };
        let journal = Journal::try_from(&rotation)?;
        let next_at = rotation.finished_at.is_none().then_some(rotation.next_at);
        Ok(Self {
            id: journal.id,
            workspace: journal.workspace,
            credential: journal.credential,
            credential_name: name,
            mode: journal.mode,
            cause: journal.cause,
            reason: rotation.reason,
            phase: journal.phase,
            from_version: journal.from,
            to_version: journal.to,
            started_by: rotation.started_by_name,
            attempts: journal.attempts,
            next_at: next_at.map(time).transpose()?,
            error: journal.error,
            started_at: journal.started_at,
            finished_at: rotation.finished_at.map(time).transpose()?,
        })
    }
}
