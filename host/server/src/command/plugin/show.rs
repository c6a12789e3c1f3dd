//! Plugins, as an operator reads them.

use std::io::Write;

use claviger_runtime::printable::printable;

use super::super::Failure;
use crate::surfaces::PluginView;

/// Writes them to standard output: as a JSON list, or as text.
pub(super) fn show(views: &[PluginView], json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, views)?;
        writeln!(out)?;
    } else {
        views
            .iter()
            .try_for_each(|view| write_out(&mut out, view))?;
    }
    Ok(())
}

fn write_out(out: &mut impl Write, view: &PluginView) -> std::io::Result<()> {
    let file = view.file.as_deref().map(printable);
    match (&view.name, &view.version) {
        (Some(name), Some(version)) => {
            let description = view.description.as_deref().unwrap_or_default();
            writeln!(out, "{name} {version}  {}", printable(description))?;
        }
        _ => writeln!(out, "{}", file.as_deref().unwrap_or("?"))?,
    }
    let line = |out: &mut dyn Write, label: &str, text: &str| match text {
        "" => Ok(()),
        text => {
            let label = std::iter::once(label).chain(std::iter::repeat(""));
            label.zip(text.lines()).try_for_each(|(label, line)| {
                writeln!(out, "  {label:<14}{}", printable(line.trim_end()))
            })
        }
    };
    line(out, "state", &view.state)?;
    line(out, "reason", view.reason.as_deref().unwrap_or_default())?;
    line(
        out,
        "until",
        view.resting_until.as_deref().unwrap_or_default(),
    )?;
    if view.consecutive_failures > 0 {
        line(out, "failures", &view.consecutive_failures.to_string())?;
    }
    for right in &view.beyond {
        line(out, "asks for", right)?;
    }
    line(out, "capabilities", &view.capabilities.join(", "))?;
    line(out, "kinds", &view.kinds.join(", "))?;
    line(out, "origins", &view.origins.join(", "))?;
    line(out, "provenance", &view.provenance)?;
    line(out, "file", file.as_deref().unwrap_or_default())?;
    line(out, "blake3", view.hash.as_deref().unwrap_or_default())
}
