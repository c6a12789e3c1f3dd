//! From bytes to machine code.

use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::{LARGEST, LoadError};

/// The largest function, in bytes, and the most functions, that are compiled: the compiler's time and memory grow faster
/// than what it compiles. Python's interpreter has some 20,000 functions, none of a tenth of that size.
const LARGEST_FUNCTION: usize = 1 << 20;
const MOST_FUNCTIONS: usize = 200_000;

/// Refuses what no compiler needs to see.
pub(crate) fn check_file(wasm: &[u8]) -> Result<(), LoadError> {
    if wasm.len() > LARGEST {
        return Err(LoadError::TooLarge { size: wasm.len() });
    }
    if Engine::detect_precompiled(wasm).is_some() {
        return Err(LoadError::Precompiled);
    }
    if Parser::is_core_wasm(wasm) {
        return Err(LoadError::CoreModule);
    }
    Ok(())
}

/// Validates the whole file, then compiles it. The compiler is not what should meet invalid bytes first: it was known to
/// panic on them. Takes seconds for a large component.
pub(super) fn compile(engine: &Engine, wasm: &[u8]) -> Result<Component, LoadError> {
    // With all features: the engine says better than the validator which of them it lacks.
    let validated = Validator::new_with_features(WasmFeatures::all()).validate_all(wasm);
    validated.map_err(|error| LoadError::Invalid(error.to_string()))?;
    check_functions(wasm)?;
    Component::from_binary(engine, wasm).map_err(|error| LoadError::Compile(format!("{error:#}")))
}

/// Refuses what would keep the compiler busy for minutes.
fn check_functions(wasm: &[u8]) -> Result<(), LoadError> {
    let mut functions = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| LoadError::Invalid(error.to_string()))?;
        if let Payload::CodeSectionEntry(body) = payload {
            functions += 1;
            if body.as_bytes().len() > LARGEST_FUNCTION {
                return Err(LoadError::Invalid(format!(
                    "a function has {} bytes; at most {LARGEST_FUNCTION} are compiled",
                    body.as_bytes().len()
                )));
            }
        }
    }
    if functions > MOST_FUNCTIONS {
        return Err(LoadError::Invalid(format!(
            "it has {functions} functions; at most {MOST_FUNCTIONS} are compiled"
        )));
    }
    Ok(())
}
