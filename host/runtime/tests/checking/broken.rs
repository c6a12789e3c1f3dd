//! The broken files, each with one thing wrong with it unless its name says more.

use claviger_test_guests as guests;

use crate::build::{WIT, altered, described, module_of_world, of_world, wit_package, with_memory};

/// A manifest that nothing is wrong with.
pub(crate) const MANIFEST: &str = r#"{
    "name": "acme", "version": "0.1.0", "description": "Checks keys.", "licence": "Apache-2.0",
    "origins": ["https://api.acme.example"],
    "kinds": [{ "name": "api_key", "label": "API key", "fields": [{ "name": "api_key", "label": "API key" }] }]
}"#;

/// A world that validates, with all the imports.
const VALIDATES: &str = "
    include claviger:provider/provider@0.1.0;
    export claviger:provider/validation@0.1.0;";

const VALIDATE: &[&str] = &["validation#validate"];

/// All of them, by what is wrong.
pub(crate) fn files() -> Vec<(&'static str, Vec<u8>)> {
    let mut files = no_components();
    files.extend(other_worlds());
    files.extend(other_types());
    files.extend(other_manifests());
    files.extend(at_work());
    files
}

fn no_components() -> Vec<(&'static str, Vec<u8>)> {
    let good = described(MANIFEST, VALIDATE);
    let native = wasmtime::Engine::default().precompile_component(&good);
    let mut damaged = good.clone();
    // In the types of the core module, which begins like a file of its own.
    let module = damaged.windows(5).rposition(|bytes| bytes == b"\0asm\x01");
    let at = module.expect("a core module") + 10;
    damaged[at..at + 8].fill(0xff);
    vec![
        ("an empty file", Vec::new()),
        ("a text", b"#!/bin/sh\nexit 0\n".to_vec()),
        ("a core module", wat(r#"(module (func (export "run")))"#)),
        (
            "a core module for WASI preview 1",
            wat(r#"(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))))"#),
        ),
        ("a core module with bindings", module_of_world(VALIDATES)),
        ("native code", native.expect("compiled")),
        (
            "a component that is cut off",
            good[..good.len() * 2 / 3].to_vec(),
        ),
        ("a component with damaged code", damaged),
        ("a file that is too large", vec![0; (64 << 20) + 1]),
        ("a WIT package", wit_package()),
    ]
}

fn other_worlds() -> Vec<(&'static str, Vec<u8>)> {
    let import = |name: &str| wat(&format!(r#"(component (import "{name}" (instance)))"#));
    vec![
        ("an empty component", wat("(component)")),
        (
            "another version's imports",
            guests::WRONG_VERSION_IMPORT.to_vec(),
        ),
        (
            "another version's exports",
            guests::WRONG_VERSION_EXPORT.to_vec(),
        ),
        (
            "another version of everything",
            of_world(
                &WIT.replace("@0.1.0", "@0.2.0"),
                &VALIDATES.replace("@0.1.0", "@0.2.0"),
            ),
        ),
        ("an import of nobody's", guests::UNKNOWN_IMPORT.to_vec()),
        (
            "an import of a later host's",
            import("claviger:provider/storage@0.1.0"),
        ),
        (
            "an import of WASI 0.3",
            import("wasi:clocks/monotonic-clock@0.3.0"),
        ),
        (
            "an import of a WASI proposal",
            import("wasi:nn/graph@0.2.0-rc.1"),
        ),
        (
            "a capability without a manifest",
            of_world(WIT, "export claviger:provider/validation@0.1.0;"),
        ),
        ("a manifest without a capability", described(MANIFEST, &[])),
        ("imports of sockets", guests::SOCKETS.to_vec()),
        (
            "an interface and a function that nobody calls",
            of_world(
                &WIT.replacen(
                    "describe: func() -> string;",
                    "describe: func() -> string; extra: func();",
                    1,
                )
                .replacen(
                    "interface recovery",
                    "interface mystery { riddle: func(); } interface recovery",
                    1,
                ),
                "export claviger:provider/manifest@0.1.0; export claviger:provider/mystery@0.1.0;
                 export run: func();",
            ),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn other_types() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        (
            "a record without a field",
            altered("        version: u32,\n", "", VALIDATES),
        ),
        (
            "a record with one field more",
            altered(
                "        version: u32,\n",
                "        version: u32,\n        owner: option<string>,\n",
                VALIDATES,
            ),
        ),
        (
            "a field of another type",
            altered("version: u32", "version: u64", VALIDATES),
        ),
        (
            "fields in another order",
            altered(
                "        id: string,\n        name: string,\n",
                "        name: string,\n        id: string,\n",
                VALIDATES,
            ),
        ),
        (
            "a failure with an enum for its code",
            altered(
                "    record failure {\n        code: string,",
                "    enum code { rejected, denied }\n    record failure {\n        code: code,",
                VALIDATES,
            ),
        ),
        (
            "an imported variant without a case",
            altered(
                "        /// A response header.\n        header(string),\n",
                "",
                VALIDATES,
            ),
        ),
        (
            "an imported variant with another payload",
            altered(
                "        header(string),\n",
                "        header(u32),\n",
                VALIDATES,
            ),
        ),
        (
            "an imported enum with one case more",
            altered(
                "        debug,\n",
                "        trace,\n        debug,\n",
                VALIDATES,
            ),
        ),
        (
            "an imported function with another parameter",
            altered("message: list<u8>)", "message: string)", VALIDATES),
        ),
        (
            "an imported function that the contract lacks",
            altered(
                "interface logging {",
                "interface logging {\n    flush: func();",
                VALIDATES,
            ),
        ),
        (
            "an exported function with a parameter less",
            altered(
                "validate: func(context: context, credential: credential)",
                "validate: func(credential: credential)",
                VALIDATES,
            ),
        ),
        (
            "an exported function with another result",
            altered(
                "validate: func(context: context, credential: credential) -> result<report, failure>",
                "validate: func(context: context, credential: credential) -> result<report, string>",
                VALIDATES,
            ),
        ),
        (
            "an exported interface without a function",
            altered(
                "    retire: func(context: context, old: credential) -> result<_, failure>;\n",
                "",
                "include claviger:provider/provider@0.1.0; export claviger:provider/rotation@0.1.0;",
            ),
        ),
        (
            "much at once",
            of_world(
                &WIT.replacen("version: u32", "version: string", 1)
                    .replacen("message: list<u8>)", "message: string)", 1)
                    .replacen("describe: func()", "describe: func(language: string)", 1),
                VALIDATES,
            ),
        ),
    ]
}

fn other_manifests() -> Vec<(&'static str, Vec<u8>)> {
    let manifest = |from: &str, to: &str| {
        let changed = MANIFEST.replacen(from, to, 1);
        assert_ne!(changed, MANIFEST, "{from}");
        described(&changed, VALIDATE)
    };
    vec![
        (
            "a manifest that is no JSON",
            described("name: acme", VALIDATE),
        ),
        (
            "a manifest with an unknown key",
            manifest("\"origins\"", "\"origin\""),
        ),
        (
            "a version that isn't semver",
            manifest("\"0.1.0\"", "\"1.0\""),
        ),
        (
            "a position that is none",
            manifest(
                r#""label": "API key" }"#,
                r#""label": "API key", "secret": true, "places": [{ "origin": "https://api.acme.example",
                "methods": ["GET"], "path-prefix": "/", "at": "cookie:session" }] }"#,
            ),
        ),
        (
            "a manifest that breaks four rules",
            described(
                r#"{ "name": "Acme", "version": "0.1.0", "description": " ", "origins": [],
                 "kinds": [{ "name": "api_key", "label": "Key", "fields": [{ "name": "key", "label": "Key", "secret": true,
                    "places": [{ "origin": "https://api.acme.example", "methods": ["get"], "path-prefix": "/",
                                 "at": "header:authorization" }] }] }] }"#,
                VALIDATE,
            ),
        ),
        (
            "a manifest without licence and kinds",
            described(
                r#"{ "name": "acme", "version": "0.1.0", "description": "Nothing.", "origins": [], "kinds": [] }"#,
                VALIDATE,
            ),
        ),
        (
            "rotation without anything",
            described(MANIFEST, &["rotation#create", "rotation#retire"]),
        ),
    ]
}

fn at_work() -> Vec<(&'static str, Vec<u8>)> {
    let instances = "(core instance (instantiate $m))".repeat(257);
    vec![
        ("a describe that traps", of_world(WIT, VALIDATES)),
        ("a describe that exits", guests::DESCRIBE_TRAP.to_vec()),
        (
            "a describe that doesn't end",
            with_memory(MANIFEST, VALIDATE, 2, "(loop (br 0))"),
        ),
        ("a describe of 32 MiB", guests::DESCRIBE_HUGE.to_vec()),
        (
            "more memory than a call has",
            with_memory(MANIFEST, VALIDATE, 1025, ""),
        ),
        (
            "more memory than there can be",
            with_memory(MANIFEST, VALIDATE, 4097, ""),
        ),
        (
            "too many core instances",
            wat(&format!("(component (core module $m) {instances})")),
        ),
    ]
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("a component or a module")
}
