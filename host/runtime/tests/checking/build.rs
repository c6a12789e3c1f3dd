//! Makes components: from altered WIT, and by hand around a manifest.

use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve, WorldId};

/// The contract.
pub(crate) const WIT: &str = include_str!("../../../../wit/provider.wit");

/// A component of a world that speaks of an altered contract: the first text replaced by the second.
pub(crate) fn altered(from: &str, to: &str, world: &str) -> Vec<u8> {
    let wit = WIT.replacen(from, to, 1);
    assert_ne!(wit, WIT, "the contract has no `{from}`");
    of_world(&wit, world)
}

/// A component of a world, whose functions all trap.
pub(crate) fn of_world(wit: &str, world: &str) -> Vec<u8> {
    let (resolve, world) = resolve(wit, world);
    let module = dummy_module(
        &resolve,
        world,
        ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync),
    );
    encode(module, &resolve, world)
}

/// The same, not made a component yet.
pub(crate) fn module_of_world(world: &str) -> Vec<u8> {
    let (resolve, world) = resolve(WIT, world);
    let mut module = dummy_module(
        &resolve,
        world,
        ManglingAndAbi::Legacy(wit_parser::LiftLowerAbi::Sync),
    );
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("embedded");
    module
}

/// A component that describes itself with `manifest` and exports these functions (`rotation#create`), which trap.
pub(crate) fn described(manifest: &str, functions: &[&str]) -> Vec<u8> {
    with_memory(manifest, functions, 2, "")
}

/// The same with a memory of that many pages, and code that runs before `describe` answers.
pub(crate) fn with_memory(manifest: &str, functions: &[&str], pages: u32, code: &str) -> Vec<u8> {
    let exports: Vec<String> = functions
        .iter()
        .map(|function| {
            let (interface, function) = function.split_once('#').expect("interface#function");
            format!(
                r#"(func (export "claviger:provider/{interface}@0.1.0#{function}") (param i32) (result i32) unreachable)"#
            )
        })
        .collect();
    let data: Vec<String> = manifest
        .bytes()
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    let (exports, data) = (exports.concat(), data.concat());
    let module = format!(
        r#"(module
            (memory (export "memory") {pages})
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
            (func (export "claviger:provider/manifest@0.1.0#describe") (result i32)
                {code}
                (i32.store (i32.const 8) (i32.const 1024))
                (i32.store (i32.const 12) (i32.const {length}))
                (i32.const 8))
            {exports}
            (data (i32.const 1024) "{data}"))"#,
        length = manifest.len(),
    );
    let mut interfaces: Vec<&str> = functions
        .iter()
        .filter_map(|function| Some(function.split_once('#')?.0))
        .collect();
    interfaces.dedup();
    let exports: Vec<String> = interfaces
        .iter()
        .map(|interface| format!("export claviger:provider/{interface}@0.1.0;"))
        .collect();
    let world = format!(
        "export claviger:provider/manifest@0.1.0; {}",
        exports.concat()
    );
    let (resolve, world) = resolve(WIT, &world);
    encode(wat::parse_str(module).expect("a module"), &resolve, world)
}

/// A WIT package, as a file.
pub(crate) fn wit_package() -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("provider.wit", WIT).expect("WIT");
    wit_component::encode(&resolve, package).expect("encoded")
}

fn resolve(wit: &str, world: &str) -> (Resolve, WorldId) {
    let mut resolve = Resolve::default();
    resolve.push_str("provider.wit", wit).expect("the contract");
    let text = format!("package test:guest; world guest {{ {world} }}");
    let package = resolve.push_str("guest.wit", &text).expect("a world");
    let world = resolve.select_world(&[package], None).expect("one world");
    (resolve, world)
}

fn encode(mut module: Vec<u8>, resolve: &Resolve, world: WorldId) -> Vec<u8> {
    embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8).expect("embedded");
    ComponentEncoder::default()
        .module(&module)
        .expect("a module")
        .validate(true)
        .encode()
        .expect("a component")
}
