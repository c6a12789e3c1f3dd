//! The settings that a credential is stored and patched with.

use std::ops::RangeInclusive;

use claviger_vault::credentials::RotationStrategy;

use crate::request::Fields;

/// An hour to ten years.
const HOURS: RangeInclusive<i64> = 1..=87_600;

/// What starts a rotation.
pub(super) fn strategy(fields: &mut Fields, name: &str) -> Option<RotationStrategy> {
    fields.choice(
        name,
        &RotationStrategy::ALL.map(|strategy| (strategy.as_str(), strategy)),
    )
}

/// A time in hours.
pub(super) fn hours(fields: &mut Fields, name: &str) -> Option<u32> {
    fields
        .integer(name, HOURS)
        .and_then(|hours| u32::try_from(hours).ok())
}
