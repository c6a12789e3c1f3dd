//! The view as a table, for people.

use std::io::{self, Write};

use claviger_runtime::manifest::Manifest;
use claviger_runtime::printable::printable;

use super::view::{MeasuredView, View, capture, kind, places, subject_places};

/// How the host's own interfaces begin; the rest of an export's name is what matters.
const CONTRACT: &str = "claviger:provider/";

/// Writes a row for each thing that there is to say.
pub(super) fn write(view: &View<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", printable(&view.file))?;
    let mut rows = Vec::new();
    rows.extend(view.manifest.map(identity).unwrap_or_default());
    rows.extend(outside(view));
    rows.extend(view.manifest.map(asked).unwrap_or_default());
    rows.push(("size", vec![size(view.size as u64)]));
    rows.push(("blake3", vec![view.blake3.clone()]));
    rows.push(("core instances", vec![view.core_instances.to_string()]));
    rows.extend(view.measured.as_ref().map(measured).unwrap_or_default());
    write_rows(&rows, out)
}

/// Texts are the plugin's own, and some have several lines.
fn write_rows(rows: &[Row], out: &mut impl Write) -> io::Result<()> {
    for (label, values) in rows {
        let lines = values.iter().flat_map(|value| value.lines());
        let labels = std::iter::once(*label).chain(std::iter::repeat(""));
        for (label, line) in labels.zip(lines) {
            writeln!(out, "  {label:<16}{}", printable(line))?;
        }
    }
    Ok(())
}

type Row = (&'static str, Vec<String>);

fn identity(manifest: &Manifest) -> Vec<Row> {
    let mut rows = vec![
        (
            "plugin",
            vec![format!("{} {}", manifest.name, manifest.version)],
        ),
        ("description", vec![manifest.description.clone()]),
    ];
    rows.push(("homepage", manifest.homepage.iter().cloned().collect()));
    rows.push(("licence", manifest.licence.iter().cloned().collect()));
    rows
}

/// What can be seen without running it.
fn outside(view: &View<'_>) -> Vec<Row> {
    let known = |name: &&String| {
        let interface = name
            .strip_prefix(CONTRACT)
            .and_then(|it| it.split('@').next());
        interface.is_some_and(|it| it == "manifest" || view.capabilities.contains(&it))
    };
    let strays = view.exports.iter().filter(|name| !known(name)).cloned();
    let contract = view.contract.as_ref();
    vec![
        (
            "contract",
            contract
                .map(|it| format!("claviger:provider {it}"))
                .into_iter()
                .collect(),
        ),
        (
            "capabilities",
            in_a_line(view.capabilities.iter().map(ToString::to_string)),
        ),
        ("stray exports", strays.collect()),
        ("imports", packages(&view.imports)),
    ]
}

fn asked(manifest: &Manifest) -> Vec<Row> {
    let origins = manifest.origins.iter().map(ToString::to_string);
    vec![
        ("kinds", manifest.kinds.iter().map(kind).collect()),
        ("origins", in_a_line(origins)),
        ("places", manifest.kinds.iter().flat_map(places).collect()),
        (
            "subjects",
            manifest.subjects.iter().flat_map(subject_places).collect(),
        ),
        ("captures", manifest.captures.iter().map(capture).collect()),
        ("connection", manifest.connection.iter().cloned().collect()),
        ("reveal", manifest.reveal.iter().cloned().collect()),
    ]
}

fn measured(measured: &MeasuredView) -> Vec<Row> {
    vec![
        ("memory at start", vec![size(measured.memory_at_start)]),
        (
            "compiled in",
            vec![format!("{:.0} ms", measured.compile_ms)],
        ),
        (
            "sandbox made in",
            vec![format!("{:.0} µs", measured.instantiate_us)],
        ),
        (
            "describe",
            vec![format!(
                "{:.0} µs cold, {:.0} µs warm, the sandbox included",
                measured.describe_cold_us, measured.describe_warm_us
            )],
        ),
    ]
}

fn in_a_line(items: impl Iterator<Item = String>) -> Vec<String> {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        Vec::new()
    } else {
        vec![items.join(", ")]
    }
}

/// A line for each package, with its interfaces.
fn packages(names: &[String]) -> Vec<String> {
    let parts = |name: &str| {
        let (path, version) = name.split_once('@').unwrap_or((name, ""));
        let (package, interface) = path.split_once('/').unwrap_or((path, ""));
        (format!("{package} {version}"), interface.to_owned())
    };
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for (package, interface) in names.iter().map(|name| parts(name)) {
        match lines.iter_mut().find(|(known, _)| *known == package) {
            Some((_, interfaces)) => interfaces.push(interface),
            None => lines.push((package, vec![interface])),
        }
    }
    lines
        .into_iter()
        .map(|(package, interfaces)| format!("{}: {}", package.trim_end(), interfaces.join(", ")))
        .collect()
}

/// In the unit that it is read in.
fn size(bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    const MIB: u64 = 1 << 20;
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        MIB.. => format!("{} MiB ({bytes} bytes)", tenths(MIB)),
        KIB.. => format!("{} KiB ({bytes} bytes)", tenths(KIB)),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::write_rows;

    #[test]
    fn a_terminal_acts_on_nothing_that_a_plugin_says() {
        let reveal = "one\u{1b}]0;x\u{7}\ntwo\u{202e}".to_owned();
        let rows = [("reveal", vec![reveal]), ("size", vec!["1".to_owned()])];
        let mut out = Vec::new();
        write_rows(&rows, &mut out).expect("written");
        assert_eq!(
            String::from_utf8(out).expect("text"),
            "  reveal          one\u{fffd}]0;x\u{fffd}\n                  two\u{fffd}\n  size            1\n"
        );
    }
}
