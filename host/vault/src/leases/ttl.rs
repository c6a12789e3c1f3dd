//! How long a lease is to work, as people write it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

/// The units, from the longest, in seconds.
const UNITS: [(u8, u32); 4] = [(b'd', 86_400), (b'h', 3600), (b'm', 60), (b's', 1)];

/// A time to live: at least a second, whole seconds. Written `1h`, `30m`, `1h30m`, `45s` or `2d`; shown in hours, minutes and
/// seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Ttl(u32);

/// Why a text is no time to live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "must be a duration such as `45s`, `30m`, `1h`, `1h30m` or `2d`: numbers with their units, the longest unit first, and \
     more than nothing"
)]
pub struct TtlError;

impl Ttl {
    /// An hour.
    pub const HOUR: Self = Self(3600);
    /// A day.
    pub const DAY: Self = Self(86_400);

    /// Of so many seconds.
    pub fn of_seconds(seconds: u32) -> Result<Self, TtlError> {
        if seconds == 0 {
            return Err(TtlError);
        }
        Ok(Self(seconds))
    }

    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// The same as a duration.
    #[must_use]
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0.into())
    }

    /// In milliseconds.
    pub(crate) fn milliseconds(self) -> i64 {
        i64::from(self.0) * 1000
    }
}

impl FromStr for Ttl {
    type Err = TtlError;

    fn from_str(text: &str) -> Result<Self, TtlError> {
        let (mut rest, mut total) = (text.as_bytes(), 0_u32);
        for (unit, seconds) in UNITS {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if rest.get(digits) != Some(&unit) {
                continue;
            }
            // They are ASCII digits, so this fails only for none of them, or too many.
            let number = std::str::from_utf8(&rest[..digits]).map_err(|_| TtlError)?;
            let number: u32 = number.parse().map_err(|_| TtlError)?;
            let part = number.checked_mul(seconds).ok_or(TtlError)?;
            total = total.checked_add(part).ok_or(TtlError)?;
            rest = &rest[digits + 1..];
        }
        if !rest.is_empty() {
            return Err(TtlError);
        }
        Self::of_seconds(total)
    }
}

impl TryFrom<String> for Ttl {
    type Error = TtlError;

    fn try_from(text: String) -> Result<Self, TtlError> {
        text.parse()
    }
}

impl fmt::Display for Ttl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.0 / 3600, 'h'),
            (self.0 / 60 % 60, 'm'),
            (self.0 % 60, 's'),
        ];
        parts
            .iter()
            .filter(|(number, _)| *number > 0)
            .try_for_each(|(number, unit)| write!(f, "{number}{unit}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, seconds, shown) in [
            ("1h", 3600, "1h"),
            ("30m", 1800, "30m"),
            ("1h30m", 5400, "1h30m"),
            ("45s", 45, "45s"),
            ("2d", 172_800, "48h"),
            ("1d2h3m4s", 93_784, "26h3m4s"),
            ("90m", 5400, "1h30m"),
            ("0h5m", 300, "5m"),
            ("24h", 86_400, "24h"),
            ("4294967295s", u32::MAX, "1193046h28m15s"),
        ] {
            let ttl: Ttl = text.parse().unwrap_or_else(|_| panic!("{text}"));
            assert_eq!((ttl.seconds(), ttl.to_string().as_str()), (seconds, shown));
            assert_eq!(shown.parse(), Ok(ttl));
        }
    }

    #[test]
    fn nothing_else_is_one() {
        for text in [
            "",
            "0s",
            "0d0h",
            "1",
            "h",
            "1w",
            "30m1h",
            "1h1h",
            "-1h",
            "+1h",
            "1.5h",
            " 1h",
            "1h ",
            "1H",
            "1h30",
            "4294967296s",
            "99999999999999999999d",
            "49711d",
            "49710d49710d",
            "١h",
        ] {
            assert_eq!(text.parse::<Ttl>(), Err(TtlError), "{text}");
        }
    }
}
