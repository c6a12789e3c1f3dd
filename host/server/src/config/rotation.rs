//! `[rotation]`: how credentials rotate.

use std::time::Duration;

use claviger_vault::RotationOptions;
use serde::{Deserialize, Deserializer, de::Error};

/// The longest overlap: a year.
const LONGEST: Duration = Duration::from_hours(24 * 366);

/// What is set for rotations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rotation {
    /// How long the version before goes on working, where both do: `1h` unless set.
    pub overlap: Overlap,
}

/// A number and `s`, `m`, `h` or `d`; nothing to a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap(Duration);

impl Default for Overlap {
    fn default() -> Self {
        Self(RotationOptions::default().overlap)
    }
}

impl<'de> Deserialize<'de> for Overlap {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse(&text).ok_or_else(|| {
            D::Error::custom(format!(
                "`{text}` is no time that the version before may go on working; write a number and s, m, h or d, as `1h`"
            ))
        })
    }
}

fn parse(text: &str) -> Option<Overlap> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim_start() {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    let duration = Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?);
    (duration <= LONGEST).then_some(Overlap(duration))
}

impl From<Rotation> for RotationOptions {
    fn from(rotation: Rotation) -> Self {
        Self {
            overlap: rotation.overlap.0,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_is_a_number_and_a_unit() {
        for (text, seconds) in [
            ("0s", 0),
            ("90 s", 90),
            ("15m", 900),
            ("1h", 3600),
            ("7d", 604_800),
        ] {
            assert_eq!(
                parse(text),
                Some(Overlap(Duration::from_secs(seconds))),
                "{text}"
            );
        }
        for text in [
            "",
            "1",
            "h",
            "1w",
            "-1h",
            "1.5h",
            "400d",
            "99999999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
