//! `claviger plugin approve`

use std::process::ExitCode;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::control::Control;
use super::show::show;
use crate::command::Failure;
use crate::config::Config;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {
    /// The plugin's name
    name: String,
    /// The BLAKE3 hash of its file, where several of that name wait
    #[arg(long)]
    hash: Option<String>,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    Arguments { name, hash, json }: Arguments,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let mut server = Control::connect_or_fail(config).await?;
    let name = utf8_percent_encode(&name, NON_ALPHANUMERIC);
    let body = hash.map(|hash| json!({ "hash": hash }));
    let answer = server
        .post(&format!("/admin/plugins/{name}/approve"), body.as_ref())
        .await?;
    show(&answer.plugins, json)?;
    Ok(ExitCode::SUCCESS)
}
