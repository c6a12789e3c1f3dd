//! `claviger plugin test`

use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use claviger_runtime::PluginSettings;
use indicatif::{ProgressBar, ProgressStyle};

use crate::command::{Failure, fail};
use crate::config::Config;
use crate::conformance::{
    self, Audience, Case, Script, Stage, Summary, Tested, script_beside, write_case,
};
use crate::wiring;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {
    /// The plugin: a WebAssembly component
    file: PathBuf,
    /// What the provider answers [default: upstream.toml beside the file, or here]
    #[arg(long, value_name = "FILE")]
    upstream: Option<PathBuf>,
    /// Only the cases whose name has this in it, as `faults` or `validation.revoked`
    #[arg(long, value_name = "TEXT")]
    case: Option<String>,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments, config: &Config) -> Result<ExitCode, Failure> {
    let Arguments {
        file,
        upstream,
        case,
        json,
    } = arguments;
    let wasm = match tokio::fs::read(&file).await {
        Ok(wasm) => wasm,
        Err(error) => {
            let error = std::io::Error::new(error.kind(), format!("{}: {error}", file.display()));
            return Ok(fail(&error, 2));
        }
    };
    let upstream = upstream.or_else(|| script_beside(&file));
    let mut audience = Terminal::new(json);
    audience.compiling();
    let runtime = wiring::tool_runtime(config)?;
    let prepared = runtime.prepare(wasm, &PluginSettings::default()).await?;
    let read = |path: &PathBuf| Script::read(path, prepared.manifest());
    let script = match upstream.as_ref().map(read).transpose() {
        Ok(script) => script,
        Err(error) => {
            audience.done();
            return Ok(fail(&error, 2));
        }
    };
    let stage = conformance::set(prepared, script).await?;
    let cases = conformance::run(&stage, case.as_deref(), &mut audience).await;
    audience.done();
    if let Some(error) = audience.error {
        return Err(error.into());
    }
    if let (true, Some(case)) = (cases.is_empty(), case) {
        return Err(format!("no case has `{case}` in its name").into());
    }
    tell(&stage, upstream.as_ref(), &cases, json)
}

fn tell(
    stage: &Stage,
    upstream: Option<&PathBuf>,
    cases: &[Case],
    json: bool,
) -> Result<ExitCode, Failure> {
    let manifest = stage.manifest();
    let tested = Tested {
        plugin: &manifest.name,
        version: manifest.version.to_string(),
        hash: &stage.prepared.hash().to_hex(),
        upstream: upstream.map(PathBuf::as_path),
    };
    let used = stage.used();
    let summary = Summary::of(&tested, cases, &used);
    let mut out = stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &summary)?;
        writeln!(out)?;
    } else {
        summary.write(&mut out)?;
    }
    Ok(if summary.is_good() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

/// A line for each case as it is over, and on a terminal what is under way.
struct Terminal {
    lines: bool,
    progress: ProgressBar,
    /// Why a line couldn't be written.
    error: Option<std::io::Error>,
}

impl Terminal {
    fn new(json: bool) -> Self {
        let progress = if stderr().is_terminal() {
            ProgressBar::new_spinner().with_style(ProgressStyle::default_spinner())
        } else {
            ProgressBar::hidden()
        };
        progress.enable_steady_tick(Duration::from_millis(100));
        Self {
            lines: !json,
            progress,
            error: None,
        }
    }

    fn compiling(&self) {
        self.progress.set_message("compiling");
    }

    fn done(&self) {
        self.progress.finish_and_clear();
    }
}

impl Audience for Terminal {
    fn begins(&mut self, name: &str) {
        self.progress.set_message(name.to_owned());
    }

    fn ended(&mut self, case: &Case) {
        if self.lines {
            let written = self
                .progress
                .suspend(|| write_case(&mut stdout().lock(), case));
            self.error = self.error.take().or(written.err());
        }
    }
}
