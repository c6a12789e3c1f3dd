//! Builds the plugins that the tests drive: the examples of `tests/guests`, and its components written by hand. Writes a
//! constant for each, under its documentation.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use claviger_plugin_builder::{Guests, give_up};

const GUESTS: &str = "tests/guests";

fn main() {
    if let Err(error) = run() {
        give_up(&format!("the test guests can't be built: {error}"));
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let guests = Guests::new().package("claviger-guests", GUESTS).examples();
    let workspace = guests.workspace().to_owned();
    let built = guests.build();
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let mut list = Vec::new();
    for source in sources(&workspace.join(GUESTS).join("examples"), "rs")? {
        let name = name(&source)?;
        list.push((built.example(&name), documentation(&source, "//!")?, name));
    }
    for source in sources(&workspace.join(GUESTS).join("components"), "wat")? {
        let name = name(&source)?;
        list.push((
            built.made("claviger-guests", &name),
            documentation(&source, ";;")?,
            name,
        ));
    }
    fs::write(out.join("guests.rs"), code(&list)?)?;
    Ok(())
}

fn sources(directory: &Path, extension: &str) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            sources.push(path);
        }
    }
    sources.sort();
    Ok(sources)
}

fn name(source: &Path) -> Result<String, Box<dyn Error>> {
    Ok(source
        .file_stem()
        .and_then(|stem| stem.to_str())
        .ok_or("a guest's file has no name")?
        .to_owned())
}

/// The comment at the file's head.
fn documentation(source: &Path, mark: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let text = fs::read_to_string(source)?;
    Ok(text
        .lines()
        .map_while(|line| line.strip_prefix(mark))
        .map(str::to_owned)
        .collect())
}

/// A constant for each guest, and a macro that calls another with the name of each.
fn code(list: &[(PathBuf, Vec<String>, String)]) -> Result<String, Box<dyn Error>> {
    let mut code = String::new();
    for (wasm, documentation, name) in list {
        for line in documentation {
            writeln!(code, "///{line}")?;
        }
        let path = wasm
            .to_str()
            .ok_or("the target directory's path is not UTF-8")?;
        writeln!(
            code,
            "pub const {}: &[u8] = include_bytes!({path:?});\n",
            name.to_uppercase()
        )?;
    }
    let all: Vec<String> = list
        .iter()
        .map(|(_, _, name)| format!("({name:?}, {})", name.to_uppercase()))
        .collect();
    writeln!(
        code,
        "/// Each guest by its name, for what is to hold of all of them.\n\
         pub const ALL: &[(&str, &[u8])] = &[{}];\n",
        all.join(", ")
    )?;
    let names: Vec<String> = list
        .iter()
        .map(|(_, _, name)| format!("$callback!({name});"))
        .collect();
    writeln!(
        code,
        "/// Calls a macro with the name of each guest, so that a test file can insist on a test for every one.\n\
         #[macro_export]\n\
         macro_rules! each_guest {{ ($callback:ident) => {{ {} }} }}",
        names.join(" ")
    )?;
    Ok(code)
}
