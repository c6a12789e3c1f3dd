//! What wants somebody's attention. Alerts aren't kept: each is read out of the state that it is about, and is over when
//! that is.

use jiff::Timestamp;

use crate::error::VaultError;
use crate::store::StoreError;
use crate::store::dashboard::{self as rows, AlertRow, sorts};
use crate::vault::Vault;

/// The most alerts of one sort that are told.
const MOST: i64 = 100;
const HOUR_MS: i64 = 3_600_000;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlertType {
    /// The credential ends within its alert threshold.
    Expiring,
    /// The credential has ended.
    Expired,
    /// The provider doesn't take the credential.
    Failed,
    /// The last rotation failed; the credential is as it was.
    RotationFailed,
    /// Whether the provider replaced the secret isn't known.
    RotationOutcomeUnknown,
    /// An older version couldn't be ended at the provider.
    RetireFailed,
    /// A place still has an older secret.
    StalePlace,
    /// A lease couldn't be ended at the provider.
    RevokeFailed,
    /// A lease may have been issued that nobody has.
    OrphanedLease,
}

/// Something that wants attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// The name of the credential that it is about; of a lease, its root's.
    pub credential: String,
    /// What it is about.
    pub alert_type: AlertType,
    /// What is the matter, for a person. Without any secret.
    pub message: String,
    /// Since when.
    pub since: Timestamp,
}

impl AlertType {
    const ALL: [Self; 9] = [
        Self::Expiring,
        Self::Expired,
        Self::Failed,
        Self::RotationFailed,
        Self::RotationOutcomeUnknown,
        Self::RetireFailed,
        Self::StalePlace,
        Self::RevokeFailed,
        Self::OrphanedLease,
    ];

    /// Its word: `expiring`, `rotation_failed`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Failed => "failed",
            Self::RotationFailed => "rotation_failed",
            Self::RotationOutcomeUnknown => "rotation_outcome_unknown",
            Self::RetireFailed => "retire_failed",
            Self::StalePlace => "stale_place",
            Self::RevokeFailed => "revoke_failed",
            Self::OrphanedLease => "orphaned_lease",
        }
    }

    const fn rows(self) -> &'static str {
        match self {
            Self::Expiring => sorts::EXPIRING,
            Self::Expired => sorts::EXPIRED,
            Self::Failed => sorts::FAILED,
            Self::RotationFailed => sorts::ROTATION_FAILED,
            Self::RotationOutcomeUnknown => sorts::ROTATION_OUTCOME_UNKNOWN,
            Self::RetireFailed => sorts::RETIRE_FAILED,
            Self::StalePlace => sorts::STALE_PLACE,
            Self::RevokeFailed => sorts::REVOKE_FAILED,
            Self::OrphanedLease => sorts::ORPHANED_LEASE,
        }
    }

    fn message(self, row: &AlertRow, now: i64) -> String {
        let number = row.number.unwrap_or_default();
        let subject = row.subject.as_deref().unwrap_or_default();
        let what = match self {
            Self::Expiring => format!("Credential expires in {}", span(number - now)),
            Self::Expired => format!("Credential expired {} ago", span(now - number)),
            Self::Failed => "The provider does not accept the credential".to_owned(),
            Self::RotationFailed if number > 1 => {
                format!("Rotation failed, {number} times in a row")
            }
            Self::RotationFailed => "Rotation failed".to_owned(),
            Self::RotationOutcomeUnknown => {
                "It is not known whether the provider replaced the secret".to_owned()
            }
            Self::RetireFailed => {
                format!("Version {number} could not be ended at the provider and may still work")
            }
            Self::StalePlace => format!("{subject} still has an older secret"),
            Self::RevokeFailed => {
                format!("Lease {subject} could not be revoked and may still work")
            }
            Self::OrphanedLease => format!(
                "Lease {subject} may have been issued to nobody; it ends in {} at the latest",
                span(number - now)
            ),
        };
        match &row.why {
            Some(why) => format!("{what}: {why}"),
            None => what,
        }
    }
}

impl Vault {
    /// What of a workspace wants attention, the newest first.
    pub(super) async fn alerts(
        &self,
        workspace: &str,
        now: Timestamp,
    ) -> Result<Vec<Alert>, VaultError> {
        let (database, now) = (&self.inner.database, now.as_millisecond());
        let mut alerts = Vec::new();
        for alert_type in AlertType::ALL {
            let rows = rows::alerts(database, alert_type.rows(), workspace, now, MOST).await?;
            for row in rows {
                let since = Timestamp::from_millisecond(row.at)
                    .map_err(|why| StoreError::damaged("time", why))?;
                alerts.push(Alert {
                    message: alert_type.message(&row, now),
                    credential: row.credential,
                    alert_type,
                    since,
                });
            }
        }
        alerts.sort_by_key(|alert| std::cmp::Reverse(alert.since));
        Ok(alerts)
    }
}

/// `5 days`, `1 day`, `23 hours`, `less than an hour`: what is left out is less than what is said.
fn span(milliseconds: i64) -> String {
    let hours = milliseconds / HOUR_MS;
    let (number, unit) = match hours {
        ..1 => return "less than an hour".to_owned(),
        1..24 => (hours, "hour"),
        _ => (hours / 24, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_the_unit_that_fits() {
        let told = |hours: i64| span(hours * HOUR_MS);
        assert_eq!(told(120), "5 days");
        assert_eq!(told(47), "1 day");
        assert_eq!(told(23), "23 hours");
        assert_eq!(told(1), "1 hour");
        assert_eq!(span(HOUR_MS - 1), "less than an hour");
    }
}
