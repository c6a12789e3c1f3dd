//! What loading says of a file, as findings.

use super::{Finding, core_module};
use crate::load::LoadError;
use crate::manifest::ManifestError;
use crate::outcome::CallError;

const LARGER_MEMORY: &str = "give it more with `memory` under `[plugins.<name>]` (256 MiB at most), or have it start with less";

/// The file itself is none that a component could be in.
pub(super) fn of_file(error: &LoadError, wasm: &[u8]) -> Finding {
    let remedy = match error {
        LoadError::TooLarge { .. } => {
            "strip its debug information (`wasm-tools strip`), or build it for size: a Python plugin has 18 MB"
        }
        LoadError::Precompiled => {
            "put the `.wasm` component there that it was made of; this host compiles by itself"
        }
        LoadError::CoreModule => core_module::remedy(wasm),
        _ => NOT_WASM,
    };
    let sentence = match error {
        LoadError::CoreModule => {
            "the file is a core WebAssembly module, and a plugin is a component".to_owned()
        }
        LoadError::Precompiled => {
            "the file is a precompiled `.cwasm`, which is native code and never loaded".to_owned()
        }
        other => other.to_string(),
    };
    Finding::new(code(error), sentence, remedy)
}

/// The code of a WIT package, which has no exports that could be looked at.
const WIT_PACKAGE: &str = "wit-package";

/// A file of WIT alone.
pub(super) fn wit_package() -> Finding {
    Finding::new(
        WIT_PACKAGE,
        "the file is a WIT package, which says what a plugin could do and does nothing",
        "take the component that the build made of it",
    )
}

const NOT_WASM: &str = "build the plugin again, and copy the whole file";

/// Whatever loading says that isn't told `already`.
pub(super) fn of_loading(error: &LoadError, wasm: &[u8], already: &[Finding]) -> Vec<Finding> {
    let code = code(error);
    if already
        .iter()
        .any(|finding| finding.code == code || finding.code == WIT_PACKAGE)
    {
        return Vec::new();
    }
    // Telling the types apart is done better by then, and a world without its imports is told of with them.
    let linking = ["import-type", "export-type"];
    if linking.contains(&code) && !already.is_empty() {
        return Vec::new();
    }
    match error {
        LoadError::Manifest(ManifestError::Rules(broken)) => broken
            .iter()
            .map(|broken| {
                Finding::new(
                    code,
                    format!(
                        "the manifest breaks a rule at `{}`: {}",
                        broken.at, broken.rule
                    ),
                    "correct it in the manifest, and build again",
                )
            })
            .collect(),
        LoadError::Incomplete(lacks) => lacks
            .iter()
            .map(|lack| Finding::new(code, lack.to_string(), lack.remedy()))
            .collect(),
        error => vec![Finding::new(code, sentence(error, wasm), remedy(error))],
    }
}

fn sentence(error: &LoadError, wasm: &[u8]) -> String {
    match error {
        LoadError::Invalid(_) if wasm.is_empty() => "the file is empty".to_owned(),
        LoadError::Invalid(_) if !wasm.starts_with(MAGIC) => {
            let head = wasm.get(..MAGIC.len()).unwrap_or(wasm);
            format!(
                "the file is not WebAssembly: it begins with `{}`",
                head.escape_ascii()
            )
        }
        LoadError::Invalid(reason) if is_cut_off(reason) => {
            format!("the file is cut off: {}", in_one_line(reason))
        }
        LoadError::Compile(_) if code(error) == "memory" => {
            "a memory of the component starts with more than the 256 MiB that a call can have"
                .to_owned()
        }
        LoadError::Compile(reason) if code(error) == "too-complex" => {
            let reason = in_one_line(reason);
            let reason = reason.trim_end_matches(" in the pooling allocator");
            format!("the component can't be compiled: {reason}")
        }
        LoadError::Describe(CallError::Trap { message }) => format!(
            "`describe` did not answer, because the plugin failed: {}",
            in_one_line(&without_frames(message))
        ),
        LoadError::Manifest(ManifestError::Shape(reason))
            if reason.is_syntax() || reason.is_eof() =>
        {
            format!("the manifest is not JSON: {reason}")
        }
        error => in_one_line(&error.to_string()),
    }
}

/// The trap and the plugin's last words; where it happened is for whoever looks at a call.
fn without_frames(message: &str) -> String {
    let lines: Vec<&str> = message
        .lines()
        .filter(|line| {
            !line.starts_with("  in ") && !line.starts_with("note: run with `RUST_BACKTRACE")
        })
        .collect();
    lines.join("\n")
}

/// How every WebAssembly file begins.
const MAGIC: &[u8] = b"\0asm";

fn is_cut_off(reason: &str) -> bool {
    ["unexpected end", "unexpected EOF", "out of bounds"]
        .iter()
        .any(|sign| reason.contains(sign))
}

fn in_one_line(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ")
}

fn remedy(error: &LoadError) -> String {
    let text = match error {
        LoadError::Invalid(_) => NOT_WASM,
        LoadError::Compile(_) if code(error) == "memory" => LARGER_MEMORY,
        LoadError::Compile(_) if code(error) == "too-complex" => {
            "link fewer modules into it: this host takes 256 core instances and 16 memories, which is twice what a Python \
             plugin has"
        }
        LoadError::Compile(_) => {
            "build it with a release of the tools that targets WASI 0.2, without experimental features"
        }
        LoadError::ImportTypes(_) => {
            "build it for WASI 0.2 and against this host's provider.wit (`claviger plugin new` writes it)"
        }
        LoadError::ExportTypes { .. } => {
            "generate the bindings again from this host's provider.wit (`claviger plugin new` writes it), and build"
        }
        LoadError::NoManifest => "export `claviger:provider/manifest` and implement `describe`",
        LoadError::Describe(error) => return describe_remedy(error).to_owned(),
        LoadError::Manifest(ManifestError::TooLong(_)) => {
            "leave out what an operator needn't know; a manifest has some kilobytes"
        }
        LoadError::Manifest(_) => {
            "correct it by manifest.schema.json, which has every key, and build again"
        }
        _ => "correct what it says, and build again",
    };
    text.to_owned()
}

fn describe_remedy(error: &CallError) -> &'static str {
    match error {
        CallError::OutOfMemory { .. } => LARGER_MEMORY,
        CallError::OutOfCpu { .. } | CallError::TimedOut { .. } => {
            "have `describe` return a constant: it is asked for nothing else, and every import is denied meanwhile"
        }
        CallError::Trap { .. } => {
            "have `describe` return a constant text; every import is denied meanwhile, so calls that it makes fail"
        }
        _ => "try again",
    }
}

/// The code of what loading says.
pub(super) fn code(error: &LoadError) -> &'static str {
    match error {
        LoadError::TooLarge { .. } => "too-large",
        LoadError::Precompiled => "precompiled",
        LoadError::CoreModule => "core-module",
        LoadError::Invalid(_) => "invalid",
        LoadError::Compile(reason) if reason.contains("minimum byte size") => "memory",
        LoadError::Compile(reason) if reason.contains("transitively contains") => "too-complex",
        LoadError::Compile(_) => "compile",
        LoadError::UnknownImport { .. } => "unknown-import",
        LoadError::Version { .. } => "version",
        LoadError::ImportTypes(_) => "import-type",
        LoadError::ExportTypes { .. } => "export-type",
        LoadError::NoManifest => "no-manifest",
        LoadError::Describe(CallError::OutOfMemory { .. }) => "memory",
        LoadError::Describe(CallError::OutOfCpu { .. } | CallError::TimedOut { .. }) => {
            "describe-slow"
        }
        LoadError::Describe(_) => "describe",
        LoadError::Manifest(ManifestError::Rules(_)) => "manifest-rule",
        LoadError::Manifest(_) => "manifest",
        LoadError::Incomplete(_) => "incomplete",
        LoadError::Egress(_) | LoadError::Resources(_) => "settings",
    }
}
