//! The contract, as a project gets it: the host's WIT package, and a world with just the exports that were chosen.

use std::path::PathBuf;

use super::{Project, ProjectFile};

/// The WIT package.
pub(super) const PACKAGE: &str = include_str!("../../../../wit/provider.wit");

/// `wit/world.wit` and the package that it speaks of.
pub(super) fn files(project: &Project) -> [ProjectFile; 2] {
    let file = |path: &str, contents: String| ProjectFile {
        path: PathBuf::from(path),
        contents: contents.into_bytes(),
    };
    [
        file("wit/world.wit", world(project)),
        file(
            "wit/deps/claviger-provider/provider.wit",
            PACKAGE.to_owned(),
        ),
    ]
}

fn world(project: &Project) -> String {
    let version = version();
    let item = |verb: &str, interface: &str| {
        format!("    {verb} claviger:provider/{interface}@{version};\n")
    };
    let mut items = item("include", "imports");
    if project.reveal {
        items += &item("import", "disclosure");
    }
    items += &item("export", "manifest");
    for capability in &project.capabilities {
        items += &item("export", capability.as_str());
    }
    format!(
        "package local:plugin;\n\n/// What {} takes from the host, and what it can do: nothing that it doesn't export.\n\
         world plugin {{\n{items}}}\n",
        project.name
    )
}

/// The version in `package claviger:provider@0.1.0;`.
fn version() -> &'static str {
    let after = PACKAGE.split_once("\npackage claviger:provider@");
    after
        .and_then(|(_, rest)| rest.split_once(';'))
        .map_or("", |(version, _)| version)
}
