//! The Rust SDK, as a project gets it: the crate is in no registry, so it comes along, and stands without this workspace.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use toml::{Table, Value};

use super::template::files as all_files;
use super::{AuthoringError, ProjectFile};

static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../sdk/rust/src");
static WIT: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../wit");
const SDK_MANIFEST: &str = include_str!("../../../../sdk/rust/Cargo.toml");
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");

/// What a table takes from the workspace.
const INHERITED: &str = "workspace";

/// `vendor/sdk/rust` and `vendor/wit`, which stand to each other as they do here.
pub(super) fn files() -> Result<Vec<ProjectFile>, AuthoringError> {
    let below = |root: &'static str, directory: &'static Dir<'static>| {
        all_files(directory)
            .into_iter()
            .map(move |file| ProjectFile {
                path: Path::new(root).join(file.path()),
                contents: file.contents().to_owned(),
            })
    };
    let manifest = ProjectFile {
        path: PathBuf::from("vendor/sdk/rust/Cargo.toml"),
        contents: stand_alone(SDK_MANIFEST, WORKSPACE)
            .map_err(AuthoringError::Vendor)?
            .into_bytes(),
    };
    Ok(below("vendor/sdk/rust/src", &SDK)
        .chain(below("vendor/wit", &WIT))
        .chain([manifest])
        .collect())
}

/// A crate's manifest with what it inherits from its workspace written out. The workspace's lints are for those who work
/// on the SDK.
fn stand_alone(manifest: &str, workspace: &str) -> Result<String, String> {
    let parse = |text: &str| text.parse::<Table>().map_err(|error| error.to_string());
    let mut manifest = parse(manifest)?;
    let workspace = parse(workspace)?;
    manifest.remove("lints");
    for section in ["package", "dependencies"] {
        let Some(entries) = manifest.get_mut(section).and_then(Value::as_table_mut) else {
            continue;
        };
        for (key, entry) in entries {
            if entry.get(INHERITED).is_some() {
                let inherited = workspace
                    .get(INHERITED)
                    .and_then(|it| it.get(section))
                    .and_then(|it| it.get(key));
                *entry = inherited
                    .cloned()
                    .ok_or_else(|| format!("the workspace has no {section}.{key}"))?;
            }
        }
    }
    toml::to_string(&manifest).map_err(|error| error.to_string())
}
