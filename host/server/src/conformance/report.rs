//! What a run came to, for people and for scripts.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::case::{Case, Mark};
use super::observed::Use;

/// What a run came to.
#[derive(Serialize)]
pub(crate) struct Summary<'r> {
    plugin: &'r str,
    version: String,
    /// The BLAKE3 hash of the file, in hex.
    hash: String,
    /// The script, if there is one.
    upstream: Option<&'r Path>,
    cases: Vec<CaseView<'r>>,
    /// What calls used at most, by function.
    used: &'r BTreeMap<&'static str, Use>,
    passed: usize,
    failed: usize,
    skipped: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct CaseView<'r> {
    name: &'r str,
    about: &'r str,
    verdict: Mark,
    /// What to change, or why it couldn't be seen.
    reason: Option<&'r str>,
    warnings: &'r [String],
    milliseconds: u128,
}

/// What a run was about.
pub(crate) struct Tested<'r> {
    pub plugin: &'r str,
    pub version: String,
    pub hash: &'r str,
    pub upstream: Option<&'r Path>,
}

impl<'r> Summary<'r> {
    pub(crate) fn of(
        tested: &Tested<'r>,
        cases: &'r [Case],
        used: &'r BTreeMap<&'static str, Use>,
    ) -> Self {
        let count = |mark| {
            cases
                .iter()
                .filter(|case| case.verdict.mark() == mark)
                .count()
        };
        Self {
            plugin: tested.plugin,
            version: tested.version.clone(),
            hash: tested.hash.to_owned(),
            upstream: tested.upstream,
            cases: cases.iter().map(CaseView::of).collect(),
            used,
            passed: count(Mark::Passed),
            failed: count(Mark::Failed),
            skipped: count(Mark::Skipped),
            warnings: cases.iter().map(|case| case.warnings.len()).sum(),
        }
    }

    /// Whether no case failed.
    pub(crate) fn is_good(&self) -> bool {
        self.failed == 0
    }

    /// What was used, and the sums.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out)?;
        for (function, used) in self.used {
            writeln!(
                out,
                "{function}: {}, each at most {} ms, {} ms of processor time, {} of memory, {}",
                counted(used.calls as usize, "call"),
                used.milliseconds,
                used.cpu_milliseconds,
                used.mebibytes(),
                counted(used.requests as usize, "request")
            )?;
        }
        let warnings = match self.warnings {
            0 => String::new(),
            warnings => format!(", {}", counted(warnings, "warning")),
        };
        writeln!(
            out,
            "{} {}: {} passed, {} failed, {} skipped{warnings}",
            self.plugin, self.version, self.passed, self.failed, self.skipped
        )
    }
}

impl<'r> CaseView<'r> {
    fn of(case: &'r Case) -> Self {
        Self {
            name: &case.name,
            about: case.about,
            verdict: case.verdict.mark(),
            reason: case.verdict.reason(),
            warnings: &case.warnings,
            milliseconds: case.took.as_millis(),
        }
    }
}

/// A case as it is over: a line, and one more for each thing to be said of it.
pub(crate) fn write_case(out: &mut impl Write, case: &Case) -> io::Result<()> {
    let mark = match case.verdict.mark() {
        Mark::Passed => "ok",
        Mark::Failed => "FAILED",
        Mark::Skipped => "skipped",
    };
    writeln!(out, "{mark:<8} {:<36} {}", case.name, case.about)?;
    if let Some(reason) = case.verdict.reason() {
        writeln!(out, "         {}", indented(reason))?;
    }
    for warning in &case.warnings {
        writeln!(out, "         warning: {}", indented(warning))?;
    }
    Ok(())
}

/// A trap's message has several lines.
fn indented(text: &str) -> String {
    text.trim_end().replace('\n', "\n         ")
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        more => format!("{more} {what}s"),
    }
}
