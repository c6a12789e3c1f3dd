//! The cases, a file for each group.

use super::suite::Suite;

mod cancellation;
mod faults;
mod manifest;
mod secrets;
mod validation;

/// Runs all of them.
pub(crate) async fn run(suite: &mut Suite<'_>) {
    manifest::run(suite).await;
    validation::run(suite).await;
    faults::run(suite).await;
    cancellation::run(suite).await;
    secrets::run(suite).await;
}
