//! `claviger plugin reload`

use std::process::ExitCode;

use super::control::Control;
use super::show::show;
use crate::command::Failure;
use crate::config::Config;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(
    Arguments { json }: Arguments,
    config: &Config,
) -> Result<ExitCode, Failure> {
    let mut server = Control::connect_or_fail(config).await?;
    let answer = server.post("/admin/plugins/reload", None).await?;
    show(&answer.plugins, json)?;
    let refused = answer.plugins.iter().any(|view| view.state == "refused");
    Ok(ExitCode::from(u8::from(refused)))
}
