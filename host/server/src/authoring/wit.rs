//! The contract, as a project gets it: the host's WIT package, and a world with just the exports that were chosen.

use std::path::PathBuf;

use claviger_runtime::contract;

use super::{Project, ProjectFile};

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
            contract::WIT.to_owned(),
        ),
    ]
}

fn world(project: &Project) -> String {
    let version = contract::VERSION;
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
