//! What a component's core instances cost the host besides their memories and tables.
//!
//! For each instance the host keeps a record of its functions, globals and imports, which isn't counted as the guest's
//! memory. A module may have many functions and a component many instances of it, so their product is what is bounded, and
//! before anything is compiled. What is counted here is at least what wasmtime keeps.

use wasmparser::{ElementItems, Instance, Parser, Payload};

use super::LoadError;
use crate::engine::CORE_INSTANCES_PER_COMPONENT;

/// The most that all of a component's instances together may cost, in bytes. By this count, which takes each for as large
/// as the largest, a Python plugin's come to 5.2 MiB and a JavaScript one's to 3.3 MiB.
const MOST: usize = 16 << 20;

/// What wasmtime keeps of anything that a module has or imports, in bytes; no record is larger.
const RECORD: usize = 48;

/// What it keeps of an instance in any case, in bytes.
const INSTANCE: usize = 1 << 10;

/// Refuses a component whose instances would cost too much.
pub(super) fn check(wasm: &[u8]) -> Result<(), LoadError> {
    let cost = cost(wasm).map_err(|error| LoadError::Invalid(error.to_string()))?;
    if cost > MOST {
        return Err(LoadError::Invalid(format!(
            "its core instances would take {} MiB of the host's memory for their functions and globals; at most {} MiB are \
             given",
            cost.div_ceil(1 << 20),
            MOST >> 20
        )));
    }
    Ok(())
}

/// At least what all instances cost together, in bytes.
fn cost(wasm: &[u8]) -> wasmparser::Result<usize> {
    let (mut largest, mut module) = (0, 0);
    let (mut instances, mut depth) = (0_usize, 0_usize);
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::ModuleSection { .. } => {
                depth += 1;
                module = INSTANCE;
            }
            Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => {
                depth = depth.saturating_sub(1);
                largest = largest.max(module);
                module = 0;
            }
            Payload::InstanceSection(section) => {
                for instance in section {
                    if matches!(instance?, Instance::Instantiate { .. }) {
                        // How often a component within is instantiated isn't followed: as often as can be.
                        instances += if depth == 0 { 1 } else { MOST_INSTANCES };
                    }
                }
            }
            payload => module += records(&payload)? * RECORD,
        }
    }
    Ok(largest.saturating_mul(instances.min(MOST_INSTANCES)))
}

const MOST_INSTANCES: usize = CORE_INSTANCES_PER_COMPONENT as usize;

/// How many records a section of a module brings. Functions have one only where something can refer to them.
fn records(section: &Payload<'_>) -> wasmparser::Result<usize> {
    let count = match section {
        Payload::ImportSection(section) => section.count(),
        Payload::TableSection(section) => section.count(),
        Payload::MemorySection(section) => section.count(),
        Payload::TagSection(section) => section.count(),
        // Itself, and a function that it may begin with.
        Payload::GlobalSection(section) => section.count().saturating_mul(2),
        Payload::ExportSection(section) => section.count(),
        Payload::DataSection(section) => section.count(),
        Payload::ElementSection(section) => {
            let mut items = section.count();
            for segment in section.clone() {
                items = items.saturating_add(match segment?.items {
                    ElementItems::Functions(functions) => functions.count(),
                    ElementItems::Expressions(_, expressions) => expressions.count(),
                });
            }
            items
        }
        _ => 0,
    };
    Ok(count as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component with a module of so many globals, instantiated so often, by itself or within a component.
    fn component(globals: usize, instances: usize, within: bool) -> Vec<u8> {
        let globals = "(global i32 (i32.const 0))".repeat(globals);
        let instances = "(core instance (instantiate 0))".repeat(instances);
        let inner = format!("(core module {globals}) {instances}");
        let text = if within {
            format!("(component (component {inner}) (instance (instantiate 0)))")
        } else {
            format!("(component {inner})")
        };
        wat::parse_str(text).expect("a component")
    }

    #[test]
    fn many_instances_of_a_large_module_are_refused() {
        assert!(check(&component(10, 256, false)).is_ok());
        assert!(check(&component(20_000, 4, false)).is_ok());
        let told = check(&component(20_000, 200, false))
            .expect_err("too much")
            .to_string();
        assert!(
            told.contains("core instances") && told.contains("16 MiB"),
            "{told}"
        );
    }

    #[test]
    fn instances_within_are_taken_for_as_many_as_can_be() {
        assert!(check(&component(10, 1, true)).is_ok());
        assert!(check(&component(20_000, 1, true)).is_err());
    }

    #[test]
    fn functions_count_where_they_are_referred_to() {
        let text = "(component (core module (table 1000 funcref) (func) (elem (i32.const 0) func 0 0 0 0 0 0 0 0))
            (core instance (instantiate 0)) (core instance (instantiate 0)))";
        let wasm = wat::parse_str(text).expect("a component");
        assert_eq!(
            cost(&wasm).expect("a component"),
            2 * (INSTANCE + (1 + 1 + 8) * RECORD)
        );
    }
}
