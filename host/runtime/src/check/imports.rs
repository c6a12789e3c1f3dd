//! Imports that this host lacks, or has with nothing behind them, and which switch of which tool drops them.

use super::Finding;
use crate::load::LoadError;
use crate::load::imports::check_name;
use crate::load::versions::split;

/// What WASI's linked and denied interfaces are built away with.
const DROP: &str = "go out through `claviger:provider/http`; where nothing uses the sockets, nothing is lost, and what drops them is: Python `componentize-py … --stub-wasi` \
                    (which also takes clocks, randomness and output away), JavaScript `disableFeatures` of `componentize`, \
                    C and Rust: no code that opens sockets";

/// Why the host refuses a component that imports this; none where it doesn't, or where only the version is wrong.
pub(super) fn refusal(name: &str) -> Option<Finding> {
    let error = check_name(name).err()?;
    let LoadError::UnknownImport { import, hint } = error else {
        return None;
    };
    let remedy = if import.starts_with("wasi:") && import.contains("@0.3.") {
        "build for WASI 0.2, without `async` functions: Rust for `wasm32-wasip2`, Python and JavaScript without async \
         bindings"
            .to_owned()
    } else if import.starts_with("wasi:") {
        format!(
            "{hint}; a language's switches: Python `--stub-wasi`, JavaScript `disableFeatures`, C and Go a `--adapt` with \
             the reactor adapter of WASI preview 1"
        )
    } else {
        hint.to_owned()
    };
    Some(Finding::new(
        "unknown-import",
        format!("the component imports `{import}`, which this host does not offer"),
        remedy,
    ))
}

/// What is linked so that components of every language start, and denied to all of them.
pub(super) fn denied(names: &[String]) -> Option<Finding> {
    let denied: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix("wasi:sockets/"))
        .map(|name| split(name).0)
        .collect();
    (!denied.is_empty()).then(|| {
        Finding::new(
            "denied-import",
            format!(
                "the component imports `wasi:sockets` ({}), which answers every plugin with access-denied",
                denied.join(", ")
            ),
            DROP,
        )
    })
}
