//! What an operator sets of rotations, and how long they wait.

use std::time::Duration;

/// How rotations go.
#[derive(Debug, Clone, Copy)]
pub struct RotationOptions {
    /// How long the version before goes on working.
    pub overlap: Duration,
    /// How long a new secret is given.
    pub waits: Waits,
}

/// How long a provider is given until a new secret works everywhere.
#[derive(Debug, Clone, Copy)]
pub struct Waits {
    /// The first wait; each further one is twice as long, up to five times this.
    pub first: Duration,
    /// In all, while the provider says that it isn't valid.
    pub rejected: Duration,
    /// In all, while nothing is known.
    pub unknown: Duration,
}

impl Default for RotationOptions {
    fn default() -> Self {
        Self {
            overlap: Duration::from_hours(1),
            waits: Waits {
                first: Duration::from_secs(1),
                rejected: Duration::from_secs(20),
                unknown: Duration::from_mins(1),
            },
        }
    }
}

impl Waits {
    /// The wait before the next attempt after so many.
    pub(super) fn after(&self, attempts: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempts).min(5);
        self.first * factor
    }
}
