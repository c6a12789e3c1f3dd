//! Where a credential stands in its life.

use jiff::Timestamp;

use crate::health::Health;

/// Where a credential stands in its life. Of what holds at once, the one that stands in the way most is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It is in use, and nothing is known against it.
    Active,
    /// It ends within its alert threshold.
    Expiring,
    /// It has ended.
    Expired,
    /// Its secret is being replaced.
    Rotating,
    /// Its provider says that it isn't valid.
    Failed,
    /// It isn't active.
    Retired,
}

/// What decides a status.
pub(crate) struct Standing {
    pub(crate) active: bool,
    pub(crate) rotating: bool,
    pub(crate) health: Health,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) alert_threshold_hours: u32,
    pub(crate) now: Timestamp,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Active,
        Self::Expiring,
        Self::Expired,
        Self::Rotating,
        Self::Failed,
        Self::Retired,
    ];

    /// Its word: `active`, `expiring`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Rotating => "rotating",
            Self::Failed => "failed",
            Self::Retired => "retired",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// `store::credentials` says the same in SQL, for filters and counts.
    pub(crate) fn of(standing: &Standing) -> Self {
        let now = standing.now.as_millisecond();
        let ends = standing.expires_at.map(Timestamp::as_millisecond);
        if !standing.active {
            Self::Retired
        } else if standing.rotating {
            Self::Rotating
        } else if ends.is_some_and(|ends| ends <= now) {
            Self::Expired
        } else if standing.health == Health::Invalid {
            Self::Failed
        } else if alert_at(standing.expires_at, standing.alert_threshold_hours)
            .is_some_and(|alert| alert <= now)
        {
            Self::Expiring
        } else {
            Self::Active
        }
    }
}

/// When a credential begins to count as expiring, in milliseconds since the Unix epoch.
pub(crate) fn alert_at(expires_at: Option<Timestamp>, alert_threshold_hours: u32) -> Option<i64> {
    expires_at.map(|ends| ends.as_millisecond() - i64::from(alert_threshold_hours) * 3_600_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_way_most_is_said() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let at = |hours: i64| Some(Timestamp::from_second(1_000_000 + hours * 3600).unwrap());
        let cases = [
            (true, Health::Unknown, None, Status::Active),
            (true, Health::Valid, at(169), Status::Active),
            (true, Health::Valid, at(168), Status::Expiring),
            (true, Health::Invalid, at(168), Status::Failed),
            (true, Health::Invalid, at(0), Status::Expired),
            (true, Health::Valid, at(-9), Status::Expired),
            (false, Health::Invalid, at(-9), Status::Retired),
        ];
        for (active, health, expires_at, status) in cases {
            let standing = Standing {
                active,
                rotating: false,
                health,
                expires_at,
                alert_threshold_hours: 168,
                now,
            };
            assert_eq!(Status::of(&standing), status);
            let rotating = Standing {
                rotating: true,
                ..standing
            };
            let status = if active { Status::Rotating } else { status };
            assert_eq!(Status::of(&rotating), status);
        }
    }
}
