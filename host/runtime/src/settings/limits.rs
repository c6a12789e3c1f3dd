//! Limits that an operator may move, between a floor and a ceiling: a limit of zero is a mistake, not a wish.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::engine::MEMORY_CEILING;

const MIB: u64 = 1024 * 1024;

/// Why a limit is refused.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum LimitError {
    /// Not a size.
    #[error("`{0}` is not a size; write a number and KiB, MiB or GiB, as `64MiB`")]
    Size(String),
    /// Not a duration.
    #[error("`{0}` is not a duration; write a number and ms, s, m or h, as `10s`")]
    Duration(String),
    /// Outside of what can work.
    #[error("`{text}` is not between {floor} and {ceiling}")]
    Range {
        /// What was written.
        text: String,
        /// The least.
        floor: String,
        /// The most.
        ceiling: String,
    },
}

/// The most memory that a call may have: 1 MiB to 256 MiB, 64 MiB unless set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MemoryLimit(u64);

impl MemoryLimit {
    /// A Python guest starts with some 14 MiB; a Rust guest with one.
    const FLOOR: u64 = MIB;

    /// In bytes.
    #[must_use]
    pub fn bytes(self) -> u64 {
        self.0
    }
}

impl Default for MemoryLimit {
    fn default() -> Self {
        Self(64 * MIB)
    }
}

impl FromStr for MemoryLimit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let units = [("KiB", 1024), ("MiB", MIB), ("GiB", 1024 * MIB), ("B", 1)];
        let bytes =
            number_and_unit(text, &units).ok_or_else(|| LimitError::Size(text.to_owned()))?;
        if (Self::FLOOR..=MEMORY_CEILING).contains(&bytes) {
            return Ok(Self(bytes));
        }
        let [floor, ceiling] = [Self::FLOOR, MEMORY_CEILING].map(|bytes| Self(bytes).to_string());
        Err(LimitError::Range {
            text: text.to_owned(),
            floor,
            ceiling,
        })
    }
}

impl fmt::Display for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes % MIB == 0 => write!(f, "{}MiB", bytes / MIB),
            bytes => write!(f, "{bytes}B"),
        }
    }
}

/// The longest that a call may take: 10 ms to an hour, 30 s unless set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CallTimeout(Duration);

impl CallTimeout {
    /// Under it not even a provider next door answers.
    const FLOOR: Duration = Duration::from_millis(10);
    /// A caller waits meanwhile.
    const CEILING: Duration = Duration::from_hours(1);

    /// As a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        self.0
    }
}

impl Default for CallTimeout {
    fn default() -> Self {
        Self(Duration::from_secs(30))
    }
}

impl FromStr for CallTimeout {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
        let duration = number_and_unit(text, &units)
            .map(Duration::from_millis)
            .ok_or_else(|| LimitError::Duration(text.to_owned()))?;
        if (Self::FLOOR..=Self::CEILING).contains(&duration) {
            return Ok(Self(duration));
        }
        let [floor, ceiling] =
            [Self::FLOOR, Self::CEILING].map(|duration| Self(duration).to_string());
        Err(LimitError::Range {
            text: text.to_owned(),
            floor,
            ceiling,
        })
    }
}

impl fmt::Display for CallTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_millis() {
            ms if ms % 3_600_000 == 0 => write!(f, "{}h", ms / 3_600_000),
            ms if ms % 60_000 == 0 => write!(f, "{}m", ms / 60_000),
            ms if ms % 1000 == 0 => write!(f, "{}s", ms / 1000),
            ms => write!(f, "{ms}ms"),
        }
    }
}

macro_rules! as_text {
    ($($limit:ty),*) => {$(
        impl TryFrom<String> for $limit {
            type Error = LimitError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$limit> for String {
            fn from(limit: $limit) -> Self {
                limit.to_string()
            }
        }
    )*};
}

as_text!(MemoryLimit, CallTimeout);

/// `64MiB` with `("MiB", 1048576)` is 67108864. None where it doesn't parse or doesn't fit.
fn number_and_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        let bytes = |text: &str| text.parse::<MemoryLimit>().map(MemoryLimit::bytes);
        assert_eq!(bytes("64MiB"), Ok(64 * MIB));
        assert_eq!(bytes("2048 KiB"), Ok(2 * MIB));
        for text in ["", "64", "MiB", "64MB", "64mib", "-1MiB", "1.5MiB"] {
            assert_eq!(
                bytes(text),
                Err(LimitError::Size(text.to_owned())),
                "{text}"
            );
        }
        for text in ["0MiB", "1B", "257MiB", "1GiB"] {
            assert!(
                matches!(bytes(text), Err(LimitError::Range { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            bytes("99999999999999GiB"),
            Err(LimitError::Size(_))
        ));
    }

    #[test]
    fn durations() {
        let duration = |text: &str| text.parse::<CallTimeout>().map(CallTimeout::duration);
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        for text in ["10", "s", "10 sec", "1d"] {
            assert_eq!(
                duration(text),
                Err(LimitError::Duration(text.to_owned())),
                "{text}"
            );
        }
        for text in ["0s", "9ms", "2h"] {
            assert!(
                matches!(duration(text), Err(LimitError::Range { .. })),
                "{text}"
            );
        }
    }
}
