//! `claviger plugin inspect`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use bytes::Bytes;
use claviger_runtime::load::Measured;
use claviger_runtime::printable::printable;
use claviger_runtime::{Checked, LoadError, PluginSettings, Runtime};

use super::file;
use super::progress::Progress;
use crate::command::{Failure, fail};
use crate::config::Config;
use crate::wiring;

mod table;
mod view;

use view::View;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {
    /// The plugin's file
    file: PathBuf,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, config: &Config) -> Result<ExitCode, Failure> {
    let Arguments { file, json } = arguments;
    let wasm = match file::read(&file).await {
        Ok(wasm) => wasm,
        Err(error) => return Ok(fail(&error, 2)),
    };
    let looked = look(&wiring::tool_runtime(config)?, &wasm).await?;
    let view = View::of(file.display().to_string(), &wasm, &looked);
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &view)?;
        writeln!(out)?;
    } else {
        table::write(&view, &mut out)?;
    }
    if looked.checked.is_fine() {
        return Ok(ExitCode::SUCCESS);
    }
    let reason = looked
        .checked
        .refusals
        .first()
        .map(|finding| printable(&finding.sentence));
    eprintln!(
        "claviger: this host refuses it: {}; `claviger plugin check {}` says what to do",
        reason.unwrap_or_default(),
        printable(&file.display().to_string())
    );
    Ok(ExitCode::from(1))
}

/// What was found out about a file.
struct Looked {
    checked: Checked,
    /// Where it loads.
    times: Option<(std::time::Duration, Measured)>,
}

async fn look(runtime: &Runtime, wasm: &Bytes) -> Result<Looked, LoadError> {
    let settings = PluginSettings::default();
    let progress = Progress::of("reading");
    let checked = runtime.check(wasm.clone(), &settings).await;
    let times = match &checked.prepared {
        None => None,
        Some(prepared) => {
            progress.now("compiling");
            let compile = runtime.compile_time(wasm.clone()).await?;
            progress.now("calling");
            Some((compile, prepared.measure(&settings).await?))
        }
    };
    Ok(Looked { checked, times })
}
