//! `claviger plugin list`

use std::io::Write;
use std::process::ExitCode;

use claviger_runtime::{Runtime, RuntimeOptions};

use crate::command::Failure;
use crate::config::Config;
use crate::surfaces::PluginView;
use crate::wiring;

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
    let runtime = Runtime::new(RuntimeOptions::default())?;
    let plugins = wiring::load_plugins(&runtime, &config.plugins).await?;
    let views: Vec<PluginView> = plugins
        .iter()
        .map(|plugin| PluginView::of(plugin))
        .collect();
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &views)?;
        writeln!(out)?;
    } else {
        views
            .iter()
            .try_for_each(|view| write_out(&mut out, view))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_out(out: &mut impl Write, view: &PluginView) -> std::io::Result<()> {
    writeln!(out, "{} {}  {}", view.name, view.version, view.description)?;
    for (label, items) in [
        ("capabilities", &view.capabilities),
        ("kinds", &view.kinds),
        ("origins", &view.origins),
    ] {
        writeln!(out, "  {label:<14}{}", items.join(", "))?;
    }
    writeln!(out, "  {:<14}{}", "provenance", view.provenance)?;
    writeln!(out, "  {:<14}{}", "blake3", view.hash)
}
