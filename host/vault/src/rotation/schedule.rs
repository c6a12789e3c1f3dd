//! When a credential rotates by itself, and beginning what is due.

use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::begin::Starter;
use super::{RotateRequest, RotationCause};
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::credentials::cache;
use crate::credentials::{Credential, CredentialRef, Rotation, RotationStrategy, status};
use crate::error::VaultError;
use crate::ids::{CredentialId, WorkspaceId};
use crate::jobs::{Begun, Turn};
use crate::store::credentials as credential_rows;
use crate::store::rotations::{self as rows, DueRow};
use crate::store::{StoreError, Transaction, listen};
use crate::vault::{Inner, Vault};

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;
/// The most that a rotation comes later than its interval says, so that not all come at once.
const MOST_JITTER: i64 = HOUR / 4;
/// What a rotation that failed waits until it is tried again, the first time and so on.
const BACKOFF: [Duration; 5] = [
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(6),
    Duration::from_hours(24),
];
/// Credentials of one plugin that are looked at in one go.
const OF_EACH: i64 = 8;

/// The end of a secret that ends by itself, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    pub(crate) at: i64,
    /// When somebody is to know that it is near.
    pub(crate) alert_at: i64,
}

impl Ends {
    pub(crate) fn of(expires_at: Option<Timestamp>, alert_threshold_hours: u32) -> Option<Self> {
        Some(Self {
            at: expires_at?.as_millisecond(),
            alert_at: status::alert_at(expires_at, alert_threshold_hours)?,
        })
    }
}

/// When a credential is due, in milliseconds since the Unix epoch; `since` is when it was last rotated, or stored.
pub(crate) fn plain(rotation: &Rotation, since: i64, ends: Option<Ends>) -> Option<i64> {
    match rotation.strategy {
        _ if !rotation.enabled => None,
        RotationStrategy::Manual => None,
        RotationStrategy::Scheduled => Some(since + i64::from(rotation.interval_hours) * HOUR),
        // Not before half of its time is over: else one that lives shorter than the alert comes early would be due at once,
        // again and again.
        RotationStrategy::OnExpiry => {
            ends.map(|ends| ends.alert_at.max(since + (ends.at - since).max(0) / 2))
        }
    }
}

/// The same, for each credential somewhat later than the interval says.
pub(crate) fn due(
    rotation: &Rotation,
    since: i64,
    ends: Option<Ends>,
    id: CredentialId,
) -> Option<i64> {
    let at = plain(rotation, since, ends)?;
    if rotation.strategy != RotationStrategy::Scheduled {
        return Some(at);
    }
    let window = (i64::from(rotation.interval_hours) * HOUR / 20).min(MOST_JITTER);
    // An id is random, and the same on each host.
    let drawn = u64::from_be_bytes(id.to_bytes()) % (window.unsigned_abs() + 1);
    Some(at + i64::try_from(drawn).unwrap_or_default())
}

/// When a credential is due as it is now.
pub(crate) fn due_at(credential: &Credential) -> Option<i64> {
    let since = credential.last_rotated_at.unwrap_or(credential.created_at);
    due(
        &credential.rotation,
        since.as_millisecond(),
        Ends::of(credential.expires_at, credential.alert_threshold_hours),
        credential.id,
    )
}

/// When it is tried again after so many failures before this one.
pub(super) fn again(failures: i64, now: i64, retry_after_ms: Option<u64>) -> i64 {
    let index = usize::try_from(failures).unwrap_or(usize::MAX);
    let wait = BACKOFF[index.min(BACKOFF.len() - 1)].as_millis();
    let wait = u64::try_from(wait).unwrap_or(u64::MAX);
    let wait = wait.max(retry_after_ms.unwrap_or_default());
    now.saturating_add(i64::try_from(wait).unwrap_or(i64::MAX))
}

impl Vault {
    /// Begins the rotations of credentials that are due.
    pub(crate) async fn begin_due_credentials(&self) -> Result<Begun, VaultError> {
        let now = self.now().as_millisecond();
        let due = rows::due_credentials(&self.inner.database, now, OF_EACH).await?;
        Ok(due
            .into_iter()
            .filter_map(|row| {
                let lane = row.plugin.as_deref().unwrap_or_default();
                let turn = self.inner.lanes.enter(lane, &row.credential)?;
                let vault = self.clone();
                self.inner
                    .underway
                    .spawn(async move { vault.rotate_due(turn, row).await })
            })
            .collect())
    }

    async fn rotate_due(&self, _turn: Turn, row: DueRow) {
        let begun = match self.begin_due(&row).await {
            Ok(Some(run)) => self.run(run).await.map(drop),
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = begun {
            tracing::warn!(credential = %row.credential, %error, "a rotation that was due failed");
        }
    }

    async fn begin_due(&self, row: &DueRow) -> Result<Option<super::run::Run>, VaultError> {
        let workspace = row.workspace.parse::<WorkspaceId>().map_err(damaged)?;
        let id = row.credential.parse::<CredentialId>().map_err(damaged)?;
        let credential = self.read_through(workspace, &CredentialRef::Id(id)).await?;
        let credential = credential.credential;
        let now = self.now().as_millisecond();
        // Read anew: whoever changed it meanwhile is heeded.
        if credential.rotating || credential.rotate_at.is_none_or(|at| at > now) {
            return Ok(None);
        }
        let request = RotateRequest {
            cause: match credential.rotation.strategy {
                RotationStrategy::OnExpiry => RotationCause::OnExpiry,
                RotationStrategy::Scheduled | RotationStrategy::Manual => RotationCause::Scheduled,
            },
            ..RotateRequest::default()
        };
        let reference = CredentialRef::Id(id);
        let begun = self.begin_rotation(workspace, Starter::Server, &reference, request);
        match begun.await {
            Ok(run) => Ok(Some(run)),
            Err(VaultError::NotFound | VaultError::Conflict { .. }) => Ok(None),
            // What is damaged is put off as well: else it is in the way of all others, each time.
            Err(
                error @ (VaultError::Provider { .. }
                | VaultError::Invalid(_)
                | VaultError::Internal(_)),
            ) => {
                self.put_off(&credential, &error).await?;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Writes down why a rotation that was due can't begin, and when it is tried again; never, where there is no way.
    async fn put_off(&self, credential: &Credential, error: &VaultError) -> Result<(), VaultError> {
        let never = matches!(error, VaultError::Provider { code, .. } if code == "unsupported");
        let failures = i64::from(credential.rotation_failures);
        let rotate_at = (!never).then(|| again(failures, self.now().as_millisecond(), None));
        let entry = NewEntry::new(
            crate::audit::Author::System,
            action::CREDENTIAL_ROTATE_FAILED,
        )
        .within(credential.workspace)
        .about(credential.id, credential.name.as_str())
        .detail("reason", error.to_string())
        .failed();
        let change = PutOff {
            place: (credential.workspace, credential.id),
            generation: credential.generation,
            error: error.to_string(),
            rotate_at,
            inner: std::sync::Arc::clone(&self.inner),
        };
        self.inner
            .audit
            .commit(entry, Some(Box::new(change)))
            .await?;
        Ok(())
    }
}

fn damaged(why: impl std::fmt::Display) -> StoreError {
    StoreError::damaged("credential's id", why)
}

/// A rotation that was due put off, unless the credential has changed.
struct PutOff {
    place: (WorkspaceId, CredentialId),
    generation: i64,
    error: String,
    rotate_at: Option<i64>,
    inner: std::sync::Arc<Inner>,
}

impl Change for PutOff {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let (workspace, id) = (self.place.0.to_string(), self.place.1.to_string());
            let standing = credential_rows::standing(transaction, &workspace, &id).await?;
            let unchanged = standing.is_some_and(|standing| {
                standing.generation == self.generation && standing.rotating == 0
            });
            if !unchanged {
                return Ok(Applied::Refused(Refusal::Stale));
            }
            rows::set_failed(transaction, &id, &self.error, self.rotate_at).await?;
            listen::tell(transaction, &cache::words(self.place.0, self.place.1)).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.inner.credentials.forget(self.place.0, self.place.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every(hours: u32, strategy: RotationStrategy) -> Rotation {
        Rotation {
            enabled: true,
            interval_hours: hours,
            strategy,
        }
    }

    #[test]
    fn credentials_of_one_interval_come_one_after_the_other() {
        let rotation = every(720, RotationStrategy::Scheduled);
        let id = |number: u64| CredentialId::from(number.to_be_bytes());
        let at = |number| due(&rotation, 1_000_000, None, id(number)).unwrap() - 1_000_000;
        assert_eq!(at(0), 720 * HOUR);
        assert_eq!(at(77), at(77));
        assert_ne!(at(77), at(78));
        assert!(
            (0..1000_u64)
                .all(|n| at(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) <= 720 * HOUR + HOUR / 4)
        );
        // Of an hour five hundredths are three minutes.
        let hourly = every(1, RotationStrategy::Scheduled);
        assert_eq!(
            due(&hourly, 0, None, id(u64::MAX)).map(|at| at - HOUR <= 180_000),
            Some(true)
        );
    }

    #[test]
    fn what_is_near_its_end_is_due_and_what_is_nobodys_matter_never() {
        let ends = |at, alert_at| Some(Ends { at, alert_at });
        let rotation = every(1, RotationStrategy::OnExpiry);
        assert_eq!(plain(&rotation, 5, ends(90, 77)), Some(77));
        assert_eq!(plain(&rotation, 1000, ends(3000, -50)), Some(2000));
        assert_eq!(plain(&rotation, 5, None), None);
        assert_eq!(
            plain(&every(1, RotationStrategy::Manual), 5, ends(90, 77)),
            None
        );
        let off = Rotation {
            enabled: false,
            ..every(1, RotationStrategy::Scheduled)
        };
        assert_eq!(plain(&off, 5, ends(90, 77)), None);
    }

    #[test]
    fn each_failure_waits_longer_and_at_least_as_long_as_the_provider_wants() {
        let minutes: Vec<_> = (0..7)
            .map(|failures| again(failures, 0, None) / 60_000)
            .collect();
        assert_eq!(minutes, [5, 30, 120, 360, 1440, 1440, 1440]);
        assert_eq!(again(0, 1000, Some(7 * 3_600_000)), 1000 + 7 * HOUR);
    }
}
