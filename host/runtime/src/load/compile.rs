//! From bytes to machine code.

use wasmparser::{Parser, Validator, WasmFeatures};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::{LARGEST, LoadError};

/// Refuses what no compiler needs to see.
pub(super) fn check_file(wasm: &[u8]) -> Result<(), LoadError> {
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
    Component::from_binary(engine, wasm).map_err(|error| LoadError::Compile(format!("{error:#}")))
}
