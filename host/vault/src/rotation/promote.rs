//! `pushing` and what ends it: the places get the new secret, and one transaction makes it the current one.

use std::sync::Arc;
use std::time::Duration;

use claviger_runtime::plugin::Capability;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::journal::Journal;
use super::run::Run;
use super::{Rotated, RotationCause, RotationMode, RotationPhase, rotating, schedule};
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::credentials::version::OpenVersion;
use crate::credentials::{Credential, Rotation, RotationStrategy, cache, status};
use crate::error::{InternalError, VaultError};
use crate::health::{Finding, Health};
use crate::store::credentials::versions;
use crate::store::rotations::{self as rows, PromotedRow, SettingsRow};
use crate::store::{StoreError, Transaction, listen, retirements};
use crate::vault::{Inner, Vault};

impl Vault {
    pub(super) async fn promote(&self, run: &mut Run) -> Result<Rotated, VaultError> {
        let journal = &run.journal;
        let credential = self.rotated_credential(journal).await?;
        // Targets take their time; a claim that has passed on meanwhile changes nothing below.
        self.hold(run, Duration::from_mins(10)).await?;
        run.places = self.refresh_places(&credential, journal.to).await?;
        let now = self.now();
        let from = self.version_of(&credential, journal.from).await?;
        let to = self.version_of(&credential, journal.to).await?;
        let same = self.same_as(&credential, &to).await?;
        let promotion = self.promotion(run, &credential, &from, &to, same, now);
        let entry = promoted_entry(run);
        let promoted = self.inner.audit.commit(entry, Some(Box::new(promotion)));
        match promoted.await?.applied {
            Applied::Done => {}
            Applied::Refused(_) => return Err(rotating()),
        }
        let took = now.as_millisecond() - run.journal.started_at.as_millisecond();
        Ok(Rotated {
            credential: self.rotated_credential(&run.journal).await?,
            from_version: run.journal.from,
            to_version: run.journal.to,
            duration: Duration::from_millis(u64::try_from(took).unwrap_or_default()),
            places: std::mem::take(&mut run.places),
            rotated_at: now,
        })
    }

    /// The earlier versions that have the secret of the new one: ending one of them would end that.
    async fn same_as(
        &self,
        credential: &Credential,
        new: &OpenVersion,
    ) -> Result<Vec<i64>, VaultError> {
        let rows = versions(&self.inner.database, &credential.id.to_string()).await?;
        let mut same = Vec::new();
        for row in rows
            .iter()
            .filter(|row| row.version != i64::from(new.version))
        {
            let number = u32::try_from(row.version).map_err(InternalError::new)?;
            let version = match self.open_version(credential, number).await {
                Ok(Some(version)) => version,
                // One that doesn't open can't be ended either.
                Ok(None) | Err(VaultError::Internal(_)) => continue,
                Err(error) => return Err(error),
            };
            if self.is_same_secret(credential, &new.payload, &version.payload) {
                same.push(row.version);
            }
        }
        Ok(same)
    }

    fn promotion(
        &self,
        run: &Run,
        credential: &Credential,
        from: &OpenVersion,
        to: &OpenVersion,
        same: Vec<i64>,
        now: Timestamp,
    ) -> Promotion {
        // Of one that was taken up again after its test nobody remembers what that found.
        let finding = run.verified.clone().unwrap_or(Finding {
            health: Health::Unknown,
            reason: None,
        });
        let plugin = self.plugin_of(credential, &from.payload).ok();
        let ends = plugin
            .as_ref()
            // One that is away may come again.
            .map_or(
                from.payload.plugin.is_some() && run.journal.mode != RotationMode::Assignment,
                |plugin| plugin.capabilities().contains(&Capability::Rotation),
            );
        let overlap = i64::try_from(self.inner.rotation.overlap.as_millis()).unwrap_or(i64::MAX);
        let ends_at = match run.journal.cause {
            RotationCause::Emergency => now.as_millisecond(),
            _ => now.as_millisecond().saturating_add(overlap),
        };
        Promotion {
            journal: run.journal.clone(),
            health: finding.health,
            health_reason: finding.reason,
            expires_at: to
                .payload
                .expires_at_ms
                .and_then(|at| i64::try_from(at).ok()),
            external_id: to.external_id.clone(),
            ends,
            same,
            retire_at: ends.then_some(ends_at),
            at: now.as_millisecond(),
            inner: Arc::clone(&self.inner),
        }
    }
}

/// What the log says of it.
fn promoted_entry(run: &Run) -> NewEntry {
    let action = match run.journal.mode {
        RotationMode::Rollback => action::CREDENTIAL_ROLLBACK,
        _ => action::CREDENTIAL_ROTATE,
    };
    let entry = run.entry(action);
    if run.places.is_empty() {
        return entry;
    }
    let stale = run.places.iter().filter(|place| place.stale.is_some());
    let stale = stale.count();
    entry
        .detail("places", run.places.len())
        .detail("stale_places", stale)
}

/// A new version made current.
struct Promotion {
    journal: Journal,
    health: Health,
    health_reason: Option<String>,
    expires_at: Option<i64>,
    /// The provider's own id of the new one.
    external_id: Option<String>,
    /// Whether the plugin can end versions.
    ends: bool,
    /// Versions that have the secret of the new one.
    same: Vec<i64>,
    retire_at: Option<i64>,
    at: i64,
    inner: Arc<Inner>,
}

impl Promotion {
    /// The row, by the settings that the credential has now.
    fn row(&self, settings: SettingsRow) -> Result<PromotedRow, StoreError> {
        let hours = |hours: i64| u32::try_from(hours).map_err(damaged);
        let rotation = Rotation {
            enabled: settings.rotation_enabled != 0,
            interval_hours: hours(settings.rotation_interval_hours)?,
            strategy: RotationStrategy::parse(&settings.rotation_strategy)
                .ok_or_else(|| damaged("the credential's strategy is none"))?,
        };
        let ends = self
            .expires_at
            .and_then(|at| Timestamp::from_millisecond(at).ok());
        let threshold = hours(settings.alert_threshold_hours)?;
        let alert_at = status::alert_at(ends, threshold);
        let due_by = schedule::Ends::of(ends, threshold);
        let known = settings.provider_credential_id;
        let provider_credential_id = match self.journal.mode {
            // A new thing at a provider that knows things by their ids: the old one's id isn't its own.
            RotationMode::Given
                if self.ends && !self.same.contains(&i64::from(self.journal.from)) =>
            {
                self.external_id.clone()
            }
            RotationMode::Rollback => self.external_id.clone(),
            _ => self.external_id.clone().or(known),
        };
        Ok(PromotedRow {
            credential: self.journal.credential.to_string(),
            from: i64::from(self.journal.from),
            to: i64::from(self.journal.to),
            reason: match self.journal.mode {
                RotationMode::Rollback => "rollback",
                _ => "rotation",
            },
            provider_credential_id,
            expires_at: ends.map(Timestamp::as_millisecond),
            alert_at,
            health: self.health.as_str(),
            health_reason: self.health_reason.clone(),
            health_checked_at: (self.health != Health::Unknown).then_some(self.at),
            rotate_at: schedule::due(&rotation, self.at, due_by, self.journal.credential),
            retire_at: self.retire_at,
            at: self.at,
        })
    }
}

impl Change for Promotion {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let journal = &self.journal;
            let (id, credential) = (journal.id.to_string(), journal.credential.to_string());
            let done = RotationPhase::Done.as_str();
            if !rows::finish(transaction, &id, journal.fence, done, None, self.at).await? {
                return Ok(Applied::Refused(Refusal::Stale));
            }
            let settings = rows::settings(transaction, &credential).await?;
            let settings = settings.ok_or_else(|| damaged("its credential isn't there"))?;
            let row = self.row(settings)?;
            if !rows::promote(transaction, &row).await? {
                return Err(damaged(
                    "its credential has another version than it began with",
                ));
            }
            if self.ends && journal.cause == RotationCause::Emergency {
                retirements::end_all_but(transaction, &credential, row.to, self.at).await?;
            }
            for version in &self.same {
                retirements::spare(transaction, &credential, *version).await?;
            }
            let words = cache::words(journal.workspace, journal.credential);
            listen::tell(transaction, &words).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }

    fn settled(&mut self) {
        let journal = &self.journal;
        self.inner
            .credentials
            .forget(journal.workspace, journal.credential);
    }
}

fn damaged(why: impl std::fmt::Display) -> StoreError {
    StoreError::damaged("rotation", why)
}
