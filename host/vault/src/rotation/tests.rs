//! Rotations as a whole, at a provider on loopback.

mod crashes;
mod failures;
mod modes;
mod provider;
mod retiring;
mod rolling_back;
mod scheduling;
mod support;
