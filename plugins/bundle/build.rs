//! Builds the first-party plugins and writes the list that `src/lib.rs` includes.

use std::fmt::Write;
use std::path::Path;

use claviger_plugin_builder::{Guests, give_up};

/// The plugins that ship, in the order in which they are listed.
const PLUGINS: [&str; 9] = [
    "anthropic",
    "api",
    "aws",
    "env",
    "github",
    "n8n",
    "openai",
    "slack",
    "supabase",
];

fn main() {
    let mut guests = Guests::new();
    for name in PLUGINS {
        guests = guests.package(&package(name), &format!("plugins/{name}"));
    }
    let built = guests.build();
    let mut list = String::from("&[\n");
    for name in PLUGINS {
        let wasm = built.library(&package(name), name);
        let path = wasm.display().to_string();
        let written = writeln!(
            list,
            "    EmbeddedPlugin {{ name: {name:?}, wasm: include_bytes!({path:?}) }},"
        );
        written.unwrap_or_else(|error| give_up(&error.to_string()));
    }
    list.push(']');
    let out = std::env::var_os("OUT_DIR").unwrap_or_else(|| give_up("OUT_DIR is not set"));
    let file = Path::new(&out).join("plugins.rs");
    std::fs::write(&file, list)
        .unwrap_or_else(|error| give_up(&format!("{}: {error}", file.display())));
}

fn package(name: &str) -> String {
    format!("claviger-plugin-{name}")
}
