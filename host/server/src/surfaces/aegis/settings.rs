//! The settings that a credential is stored and patched with.

use std::ops::RangeInclusive;

use claviger_vault::credentials::RotationStrategy;

use crate::request::Fields;

/// Ten years, in hours.
const HOURS: RangeInclusive<i64> = 0..=87_600;

/// What starts a rotation.
pub(super) fn strategy(fields: &mut Fields, name: &str) -> Option<RotationStrategy> {
    fields.choice(name, &RotationStrategy::ALL.map(|strategy| (strategy.as_str(), strategy)))
}

/// A time in hours that may be none at all.
pub(super) fn threshold(fields: &mut Fields, name: &str) -> Option<u32> {
    hours(fields, name, HOURS)
}

/// A time in hours, at least one.
pub(super) fn interval(fields: &mut Fields, name: &str) -> Option<u32> {
    hours(fields, name, 1..=*HOURS.end())
}

fn hours(fields: &mut Fields, name: &str, range: RangeInclusive<i64>) -> Option<u32> {
    fields.integer(name, range).and_then(|hours| u32::try_from(hours).ok())
}
