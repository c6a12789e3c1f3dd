//! What a core module was built for, which says how to make a component of it.

use wasmparser::{Parser, Payload};

/// What to do with a core module.
pub(super) fn remedy(wasm: &[u8]) -> &'static str {
    let (mut preview1, mut bindings) = (false, false);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload {
            Ok(Payload::ImportSection(imports)) => {
                for import in imports.into_imports().flatten() {
                    preview1 |= import.module == "wasi_snapshot_preview1";
                }
            }
            Ok(Payload::CustomSection(section)) => {
                bindings |= section.name().starts_with("component-type");
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    match (preview1, bindings) {
        (true, _) => {
            "make a component of it with `wasm-tools component new --adapt wasi_snapshot_preview1=…reactor.wasm`, or build \
             for `wasm32-wasip2`"
        }
        (false, true) => "make a component of it with `wasm-tools component new`",
        (false, false) => {
            "build for `wasm32-wasip2`, or generate bindings from provider.wit and make a component with `wasm-tools \
             component new`"
        }
    }
}
