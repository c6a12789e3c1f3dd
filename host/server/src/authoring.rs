//! Starts a plugin: a project in a language of the author's choice that builds, and that passes its test.
//!
//! What is written is the language's template (`sdk/<language>/template`, in the binary) with the plugin's name and
//! capabilities put in, and the contract: the WIT package of this very host and a world with just the chosen exports.
//! [Rust](vendor) gets the SDK as well, because it is in no registry, and [C](c) its helpers.
//!
//! A project is rendered whole before its first file is written, so what can't be rendered leaves nothing behind.

use std::collections::BTreeSet;
use std::path::PathBuf;

use claviger_runtime::Capability;
use thiserror::Error;

pub(crate) mod c;
mod language;
mod name;
mod template;
mod vendor;
mod wit;
mod write;

pub(crate) use language::Language;
pub(crate) use name::PluginName;
pub(crate) use write::write;

/// What an author wants to start.
pub(crate) struct Project {
    pub(crate) name: PluginName,
    pub(crate) language: Language,
    /// What the plugin is to export beside its manifest.
    pub(crate) capabilities: BTreeSet<Capability>,
    /// Whether it is to ask for secrets themselves.
    pub(crate) reveal: bool,
}

/// A file of a project, under the project's directory.
pub(crate) struct ProjectFile {
    pub(crate) path: PathBuf,
    pub(crate) contents: Vec<u8>,
}

/// Why a project isn't started.
#[derive(Debug, Error)]
pub(crate) enum AuthoringError {
    #[error(
        "{} is not empty, and nothing in it is overwritten; name another directory with --directory",
        .0.display()
    )]
    NotEmpty(PathBuf),
    #[error("{} can't be written", .path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
    /// A defect of this binary, which its tests look for.
    #[error("the template {} can't be rendered", .path.display())]
    Template {
        path: PathBuf,
        source: minijinja::Error,
    },
    /// Likewise.
    #[error("the SDK's Cargo.toml can't be made to stand alone: {0}")]
    Vendor(String),
}

impl Project {
    /// All its files, rendered.
    pub(crate) fn render(&self) -> Result<Vec<ProjectFile>, AuthoringError> {
        let mut files = template::render(self)?;
        files.extend(wit::files(self));
        match self.language {
            Language::Rust => files.extend(vendor::files()?),
            Language::C => files.extend(c::helpers()),
            Language::Python | Language::JavaScript => {}
        }
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(files)
    }
}

/// The capabilities that these bring along: the contract lets a plugin rotate only where the new secret can be checked, and
/// what an interrupted rotation left behind can be undone.
pub(crate) fn brought_along(capabilities: &BTreeSet<Capability>) -> BTreeSet<Capability> {
    if !capabilities.contains(&Capability::Rotation) {
        return BTreeSet::new();
    }
    BTreeSet::from([Capability::Validation, Capability::Recovery])
        .difference(capabilities)
        .copied()
        .collect()
}

#[cfg(test)]
mod tests;
