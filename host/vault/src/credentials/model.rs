//! What is known of a credential, its secret aside.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use semver::VersionReq;
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

use super::status::{Standing, Status};
use crate::health::Health;
use crate::ids::{CredentialId, UserId, WorkspaceId};
use crate::rotation::schedule;

/// The longest name, in characters.
pub(super) const LONGEST_NAME: usize = 100;

/// A credential's name: Unicode NFC, no control characters, 1 to 100 characters; case matters.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CredentialName(Arc<str>);

impl CredentialName {
    /// Normalises and checks a name. The error says what to change.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let name: String = text.nfc().collect();
        let length = name.chars().count();
        if name.chars().any(char::is_control) {
            return Err("has a control character, such as a line break; leave it out");
        }
        if name.trim().is_empty() {
            return Err("is empty; give a name of 1 to 100 characters");
        }
        if length > LONGEST_NAME {
            return Err("is longer than 100 characters");
        }
        Ok(Self(name.into()))
    }

    /// A name that the database holds.
    pub(crate) fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CredentialName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a credential rotates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// Whether it rotates by itself.
    pub enabled: bool,
    /// Every so many hours.
    pub interval_hours: u32,
    /// What starts it.
    pub strategy: RotationStrategy,
}

impl Default for Rotation {
    fn default() -> Self {
        Self {
            enabled: false,
            interval_hours: 720,
            strategy: RotationStrategy::Manual,
        }
    }
}

/// What starts a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RotationStrategy {
    /// Somebody.
    Manual,
    /// The interval.
    Scheduled,
    /// Its nearing end.
    OnExpiry,
}

impl RotationStrategy {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Manual, Self::Scheduled, Self::OnExpiry];

    /// Its word: `manual`, `scheduled`, `on_expiry`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Scheduled => "scheduled",
            Self::OnExpiry => "on_expiry",
        }
    }

    /// The strategy of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|strategy| strategy.as_str() == word)
    }
}

/// What is known of a credential.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// The workspace that it is in.
    pub workspace: WorkspaceId,
    /// Who stored it.
    pub owner: UserId,
    /// Its name, unique in its workspace.
    pub name: CredentialName,
    /// Such as `api_key`.
    pub kind: String,
    /// The provider, as it was named or found out; in lower case.
    pub provider: Option<String>,
    /// The plugin that works with it; none where its secret is an opaque value.
    pub plugin: Option<String>,
    /// The versions of its plugin that may work with it; none: whichever serves.
    pub pin: Option<VersionReq>,
    /// For people.
    pub description: Option<String>,
    /// For people.
    pub tags: Vec<String>,
    /// The caller's own.
    pub metadata: Map<String, Value>,
    /// The provider's own id of it.
    pub provider_credential_id: Option<String>,
    /// Whether it is in use: retired is another word for not active.
    pub active: bool,
    /// Whether its secret is being replaced.
    pub rotating: bool,
    /// What is last known of it at its provider.
    pub health: Health,
    /// What the last test said, where there is something to say.
    pub health_reason: Option<String>,
    /// When it was last tested.
    pub health_checked_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// How long before its end it counts as expiring.
    pub alert_threshold_hours: u32,
    /// When it rotates.
    pub rotation: Rotation,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When something of it was last changed.
    pub updated_at: Timestamp,
    /// When its secret was last replaced.
    pub last_rotated_at: Option<Timestamp>,
    /// Rotations that failed since the last that didn't.
    pub rotation_failures: u32,
    /// Why the last rotation failed, if it did.
    pub rotation_error: Option<String>,
    /// When it is due to rotate by itself, in milliseconds since the Unix epoch.
    pub(crate) rotate_at: Option<i64>,
    /// The current version of its secret, counted from 1.
    pub version: u32,
    pub(crate) generation: i64,
    pub(crate) last_used: LastUsed,
}

impl Credential {
    /// Where it stands in its life at `now`.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        Status::of(&Standing {
            active: self.active,
            rotating: self.rotating,
            health: self.health,
            expires_at: self.expires_at,
            alert_threshold_hours: self.alert_threshold_hours,
            now,
        })
    }

    /// When its secret was last handed out.
    #[must_use]
    pub fn last_used_at(&self) -> Option<Timestamp> {
        self.last_used.get()
    }

    /// When it is next due to rotate by itself: an interval after its last rotation, or after it was stored; or as it
    /// begins to count as expiring.
    #[must_use]
    pub fn next_rotation_at(&self) -> Option<Timestamp> {
        let since = self.last_rotated_at.unwrap_or(self.created_at);
        let due = schedule::plain(
            &self.rotation,
            since.as_millisecond(),
            schedule::Ends::of(self.expires_at, self.alert_threshold_hours),
        );
        due.filter(|_| self.active)
            .and_then(|at| Timestamp::from_millisecond(at).ok())
    }
}

/// When a secret was last handed out. Clones share it: a use shows at once on what a cache holds.
#[derive(Debug, Clone)]
pub(crate) struct LastUsed(Arc<AtomicI64>);

impl LastUsed {
    const NEVER: i64 = i64::MIN;

    pub(crate) fn new(at: Option<i64>) -> Self {
        Self(Arc::new(AtomicI64::new(at.unwrap_or(Self::NEVER))))
    }

    pub(crate) fn used(&self, at: i64) {
        self.0.fetch_max(at, Ordering::Relaxed);
    }

    fn get(&self) -> Option<Timestamp> {
        // What doesn't fit a date is `NEVER`, too.
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_and_checked() {
        assert_eq!(
            CredentialName::parse("e\u{301}").unwrap().as_str(),
            "\u{e9}"
        );
        assert_eq!(
            CredentialName::parse("Schlüssel 🔑").unwrap().as_str(),
            "Schlüssel 🔑"
        );
        assert!(CredentialName::parse(&"ä".repeat(100)).is_ok());
        for bad in ["", "  ", "a\nb", "a\u{0}", "\u{85}", &"ä".repeat(101)] {
            assert!(CredentialName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_use_shows_on_every_clone() {
        let used = LastUsed::new(None);
        let clone = used.clone();
        assert_eq!(clone.get(), None);
        used.used(5000);
        used.used(4000);
        assert_eq!(clone.get().map(Timestamp::as_millisecond), Some(5000));
    }
}
