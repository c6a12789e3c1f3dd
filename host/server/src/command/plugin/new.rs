//! `claviger plugin new`

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use claviger_plugins::PLUGINS;
use claviger_runtime::Capability;
use serde::Serialize;

use crate::authoring::{self, Language, PluginName, Project, ProjectFile};
use crate::command::Failure;

#[derive(clap::Args)]
pub(in crate::command) struct Arguments {
    /// The plugin's name, which is the provider's: a-z, 0-9, `-` and `_`, a letter first
    name: PluginName,
    /// The language to write it in
    #[arg(long, value_enum)]
    language: Language,
    /// What it is to do, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "validation", value_name = "CAPABILITIES",
        value_parser = PossibleValuesParser::new(Capability::ALL.map(Capability::as_str)).map(|name| capability(&name)))]
    capabilities: Vec<Capability>,
    /// Where to write it; the directory is empty or not there yet [default: one of the plugin's name]
    #[arg(long, value_name = "PATH")]
    directory: Option<PathBuf>,
    /// Let it ask for secrets themselves, for a protocol that leaves no other way
    #[arg(long)]
    reveal: bool,
    /// As JSON, for scripts
    #[arg(long)]
    json: bool,
}

/// What was written, and what to do next.
#[derive(Serialize)]
struct Answer<'a> {
    name: &'a str,
    language: &'static str,
    directory: String,
    capabilities: Vec<&'static str>,
    files: Vec<String>,
    next: [String; 3],
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    let name = &arguments.name;
    let mut capabilities = arguments.capabilities.iter().copied().collect();
    let brought_along = authoring::brought_along(&capabilities);
    capabilities.extend(&brought_along);
    let directory = arguments
        .directory
        .clone()
        .unwrap_or_else(|| PathBuf::from(name.as_str()));
    let project = Project {
        name: name.clone(),
        language: arguments.language,
        capabilities,
        reveal: arguments.reveal,
    };
    let files = project.render()?;
    authoring::write(&directory, &files)?;

    for note in notes(&project, &brought_along) {
        eprintln!("claviger: {note}");
    }
    let answer = answer(&project, directory.display().to_string(), &files);
    let mut out = std::io::stdout().lock();
    if arguments.json {
        serde_json::to_writer_pretty(&mut out, &answer)?;
        writeln!(out)?;
    } else {
        answer
            .next
            .iter()
            .try_for_each(|line| writeln!(out, "{line}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the author did not ask for, or has to see to.
fn notes(project: &Project, brought_along: &BTreeSet<Capability>) -> Vec<String> {
    let name = &project.name;
    let mut notes = Vec::new();
    if !brought_along.is_empty() {
        let names: Vec<String> = brought_along.iter().map(ToString::to_string).collect();
        notes.push(format!(
            "rotation brings {} along: the contract wants a plugin that rotates to check the new secret and to undo what \
             an interrupted rotation left behind",
            names.join(" and ")
        ));
    }
    if project.reveal {
        notes.push(
            "say in manifest.json, under \"reveal\", why it asks for secrets themselves; an operator reads it before \
             approving"
                .to_owned(),
        );
    }
    if PLUGINS.iter().any(|plugin| plugin.name == name.as_str()) {
        notes.push(format!(
            "the host has a plugin `{name}` of its own; another of that name serves in its place only once an operator \
             approves it"
        ));
    }
    notes
}

fn answer<'a>(project: &'a Project, directory: String, files: &[ProjectFile]) -> Answer<'a> {
    let name = project.name.as_str();
    let capabilities: Vec<&str> = project.capabilities.iter().map(|it| it.as_str()).collect();
    let next = [
        format!(
            "{directory} has a {} plugin that does {}: its provider's API is in manifest.json",
            project.language.title(),
            capabilities.join(", ")
        ),
        format!("build it:  cd {directory} && make"),
        format!("test it:   claviger plugin test {name}.wasm"),
    ];
    Answer {
        name,
        language: project.language.as_str(),
        capabilities,
        files: files
            .iter()
            .map(|file| file.path.display().to_string())
            .collect(),
        directory,
        next,
    }
}

/// The parser lets no other names through.
fn capability(name: &str) -> Capability {
    Capability::ALL
        .into_iter()
        .find(|capability| capability.as_str() == name)
        .unwrap_or(Capability::Validation)
}
