//! `claviger plugin check`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use claviger_runtime::printable::printable;
use claviger_runtime::{Checked, Finding, PluginSettings};
use serde::Serialize;

use super::file;
use super::progress::Progress;
use crate::command::{Failure, fail};
use crate::config::Config;
use crate::wiring;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {
    /// The plugin's file
    file: PathBuf,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// What was found.
#[derive(Serialize)]
struct Answer<'c> {
    file: String,
    /// Whether this host would load it.
    fine: bool,
    /// `name version`, where it would.
    plugin: Option<String>,
    refusals: &'c [Finding],
    warnings: &'c [Finding],
}

pub(super) async fn run(arguments: Arguments, config: &Config) -> Result<ExitCode, Failure> {
    let Arguments { file, json } = arguments;
    let wasm = match file::read(&file).await {
        Ok(wasm) => wasm,
        Err(error) => return Ok(fail(&error, 2)),
    };
    let checked = {
        let _progress = Progress::of("compiling, and asking it who it is");
        let runtime = wiring::tool_runtime(config)?;
        runtime.check(wasm, &PluginSettings::default()).await
    };
    let answer = Answer::of(&checked, file.display().to_string());
    let mut out = io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, &answer)?;
        writeln!(out)?;
    } else {
        answer.write(&mut out)?;
    }
    Ok(ExitCode::from(u8::from(!answer.fine)))
}

impl<'c> Answer<'c> {
    fn of(checked: &'c Checked, file: String) -> Self {
        let plugin = checked
            .manifest()
            .map(|manifest| format!("{} {}", manifest.name, manifest.version));
        Self {
            file,
            fine: checked.is_fine(),
            plugin,
            refusals: &checked.refusals,
            warnings: &checked.warnings,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self {
            file,
            refusals,
            warnings,
            ..
        } = self;
        let file = printable(file);
        match (&self.plugin, refusals.len()) {
            (Some(plugin), 0) => writeln!(out, "{file}: {plugin} loads on this host")?,
            (_, 1) => writeln!(out, "{file}: this host refuses it, for one reason")?,
            (_, many) => writeln!(out, "{file}: this host refuses it, for {many} reasons")?,
        }
        let refusals = refusals.iter().map(|finding| ("refused", finding));
        let warnings = warnings.iter().map(|finding| ("warning", finding));
        for (
            what,
            Finding {
                code,
                sentence,
                remedy,
            },
        ) in refusals.chain(warnings)
        {
            writeln!(out, "\n  {what} ({code}): {}", printable(sentence))?;
            writeln!(out, "    {}", printable(remedy))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Finding};

    #[test]
    fn a_terminal_acts_on_nothing_that_a_plugin_says() {
        let finding = Finding {
            code: "manifest",
            sentence: "unknown field `\u{1b}[2J\u{202e}`".to_owned(),
            remedy: "correct it".to_owned(),
        };
        let answer = Answer {
            file: "a\rb.wasm".to_owned(),
            fine: false,
            plugin: None,
            refusals: &[finding],
            warnings: &[],
        };
        let mut out = Vec::new();
        answer.write(&mut out).expect("written");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "a\u{fffd}b.wasm: this host refuses it, for one reason\n\n  \
             refused (manifest): unknown field `\u{fffd}[2J\u{fffd}`\n    correct it\n"
        );
    }
}
