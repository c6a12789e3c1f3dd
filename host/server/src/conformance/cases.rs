//! The cases, a file for each group.

use super::suite::Suite;

mod application;
mod assignment;
mod cancellation;
mod faults;
mod inventory;
mod issuance;
mod manifest;
mod operation;
mod restoration;
mod rotation;
mod secrets;
mod validation;

/// Runs all of them.
pub(crate) async fn run(suite: &mut Suite<'_>) {
    manifest::run(suite).await;
    validation::run(suite).await;
    faults::run(suite).await;
    cancellation::run(suite).await;
    rotation::run(suite).await;
    assignment::run(suite).await;
    restoration::run(suite).await;
    application::run(suite).await;
    issuance::run(suite).await;
    inventory::run(suite).await;
    secrets::run(suite).await;
}
