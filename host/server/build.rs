//! Has the server built again when what it embeds of the SDKs changes: `include_dir` reads them and can't say so itself.

fn main() {
    for path in [
        "build.rs",
        "../../wit",
        "../../sdk/rust/Cargo.toml",
        "../../sdk/rust/src",
        "../../sdk/rust/template",
        "../../sdk/python/template",
        "../../sdk/javascript/template",
        "../../sdk/c/template",
    ] {
        println!("cargo::rerun-if-changed={path}");
    }
}
