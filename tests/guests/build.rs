//! Makes components of the modules in `components/`, which are written by hand because Rust can't say what they do.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=components");
    println!("cargo::rerun-if-changed=../../wit");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    for entry in fs::read_dir("components")? {
        let source = entry?.path();
        let name = source.file_name().ok_or("a module has a name")?;
        fs::write(out.join(name).with_extension("wasm"), component(&source)?)?;
    }
    Ok(())
}

/// A core module as a component that exports `manifest` and `validation`.
fn component(source: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    const WORLD: &str = "package claviger:guests; world guest {
        include claviger:provider/provider@0.1.0;
        export claviger:provider/validation@0.1.0;
    }";
    let mut module = wat::parse_file(source)?;
    let mut resolve = Resolve::default();
    resolve.push_path("../../wit")?;
    let package = resolve.push_str("guest", WORLD)?;
    let world = resolve.select_world(&[package], None)?;
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)?;
    Ok(ComponentEncoder::default()
        .module(&module)?
        .validate(true)
        .encode()?)
}
