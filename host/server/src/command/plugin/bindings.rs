//! `claviger plugin bindings`

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use crate::authoring::c;
use crate::command::Failure;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {
    /// The directory with the world's WIT
    #[arg(default_value = "wit")]
    wit: PathBuf,
    /// Where to write them; files of the same names are replaced
    #[arg(long, value_name = "PATH", default_value = "bindings")]
    directory: PathBuf,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Answer {
    files: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let bindings = c::bindings(&arguments.wit)?;
    std::fs::create_dir_all(&arguments.directory)?;
    let mut files = Vec::new();
    for (name, contents) in bindings {
        let path = arguments.directory.join(name);
        std::fs::write(&path, contents)
            .map_err(|error| format!("{} can't be written: {error}", path.display()))?;
        files.push(path.display().to_string());
    }
    let mut out = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &Answer { files })?;
        writeln!(out)?;
    } else {
        files.iter().try_for_each(|file| writeln!(out, "{file}"))?;
    }
    Ok(ExitCode::SUCCESS)
}
