//! `claviger plugin inspect`

use std::process::ExitCode;

use crate::command::Failure;
use crate::config::Config;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {}

#[expect(clippy::unused_async, reason = "to be written")]
pub(super) async fn run(_: Arguments, _: &Config) -> Result<ExitCode, Failure> {
    Err("not there yet".into())
}
