//! `claviger plugin component`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use crate::authoring::c;
use crate::command::Failure;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {
    /// What the linker wrote
    module: PathBuf,
    /// Where to write the component
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer {
    file: String,
    bytes: usize,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let Arguments { module, output, .. } = arguments;
    let bytes = std::fs::read(module)
        .map_err(|error| format!("{} can't be read: {error}", module.display()))?;
    let component =
        c::component(&bytes).map_err(|error| format!("{}: {error}", module.display()))?;
    std::fs::write(output, &component)
        .map_err(|error| format!("{} can't be written: {error}", output.display()))?;
    let answer = Answer {
        file: output.display().to_string(),
        bytes: component.len(),
    };
    let mut out = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &answer)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{}: {} bytes", answer.file, answer.bytes)?;
    }
    Ok(ExitCode::SUCCESS)
}
