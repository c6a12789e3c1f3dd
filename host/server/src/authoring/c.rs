//! C: what its compilers don't know of components.
//!
//! An author in C needs two things beside a compiler that targets WebAssembly: [bindings] for the project's world, and
//! something that makes [a component](component) of what the linker wrote. Both are the libraries' own work; having them
//! in this binary spares the author two more tools, which would have to fit each other and the host.

use std::path::{Path, PathBuf};

use thiserror::Error;
use wit_bindgen_core::Files;
use wit_component::ComponentEncoder;
use wit_parser::Resolve;

use super::ProjectFile;

/// What the bindings are called, whatever the world's name: `claviger.h` includes `provider.h`.
const WORLD: &str = "provider";

/// What libc calls of the first WASI, as `wasi-libc` still does, and what stands in for it: the engine's own adapter.
const PREVIEW1: &str = "wasi_snapshot_preview1";

/// `sdk/c`'s helpers, with their paths in a project.
const HELPERS: [(&str, &str); 2] = [
    (
        "claviger/claviger.h",
        include_str!("../../../../sdk/c/claviger.h"),
    ),
    (
        "claviger/claviger.c",
        include_str!("../../../../sdk/c/claviger.c"),
    ),
];

/// Why there are no bindings, or there is no component. The texts are for the plugin's author.
#[derive(Debug, Error)]
pub(crate) enum CError {
    /// The WIT directory doesn't parse, or has no world or several.
    #[error("the world can't be read: {0}")]
    World(String),
    /// It has something that C has no bindings for.
    #[error("the world can't be bound to C: {0}")]
    Bindings(String),
    /// It was run through here before.
    #[error("it is a component already")]
    Already,
    /// It is something else altogether.
    #[error("it is no WebAssembly module")]
    NoModule,
    /// It isn't a module that the bindings were linked into, or it imports what no host has.
    #[error(
        "it can't be made a component; its bindings have to be linked into it, with the object file that came with them: {0}"
    )]
    Module(String),
}

/// The helpers, as a project gets them.
pub(super) fn helpers() -> impl Iterator<Item = ProjectFile> {
    HELPERS.into_iter().map(|(path, text)| ProjectFile {
        path: PathBuf::from(path),
        contents: text.as_bytes().to_owned(),
    })
}

/// The bindings of the one world in a directory of WIT: the name and the contents of each file.
pub(crate) fn bindings(wit: &Path) -> Result<Vec<(String, Vec<u8>)>, CError> {
    let mut resolve = Resolve::default();
    let world = resolve
        .push_dir(wit)
        .and_then(|(package, _)| resolve.select_world(&[package], None))
        .map_err(|error| CError::World(format!("{error:#}")))?;
    let mut files = Files::default();
    let options = wit_bindgen_c::Opts {
        rename_world: Some(WORLD.to_owned()),
        ..wit_bindgen_c::Opts::default()
    };
    options
        .build()
        .generate(&mut resolve, world, &mut files)
        .map_err(|error| CError::Bindings(format!("{error:#}")))?;
    Ok(files
        .iter()
        .map(|(name, contents)| (name.to_owned(), contents.to_vec()))
        .collect())
}

/// A component of a module that the bindings are linked into.
pub(crate) fn component(module: &[u8]) -> Result<Vec<u8>, CError> {
    if wasmparser::Parser::is_component(module) {
        return Err(CError::Already);
    }
    if !wasmparser::Parser::is_core_wasm(module) {
        return Err(CError::NoModule);
    }
    let adapter = wasi_preview1_component_adapter_provider::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER;
    ComponentEncoder::default()
        .module(module)
        .and_then(|encoder| encoder.adapter(PREVIEW1, adapter))
        .and_then(|encoder| encoder.validate(true).encode())
        .map_err(|error| CError::Module(format!("{error:#}")))
}
