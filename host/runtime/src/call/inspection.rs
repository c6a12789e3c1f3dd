//! Looks for a call's secrets in what its guest leaves in its memory: tests hold the host to its word that a plugin gets
//! stand-ins and nothing else.
//!
//! The engine keeps the state of a store in which something traps. A module of a few bytes does that in the guest's own
//! store, once the call is over: it reaches every memory, those that no component exports as well, in whatever state the
//! guest is. A memory is never cut and never cleared while its store lives, so what a guest held and freed is mostly there.

use wasmtime::{Instance, Module, Store, WasmCoreDump};

use super::CallState;
use crate::egress::Session;
use crate::manifest::Manifest;

/// `(module (func unreachable) (start 0))`
const TRAP: &[u8] =
    b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x08\x01\0\x0a\x05\x01\x03\0\0\x0b";

/// Ticks until the module above would be interrupted: more than it can take.
const TICKS: u64 = 1 << 32;

/// Every memory of a store, copied.
pub(super) async fn memories(store: &mut Store<CallState>) -> Vec<Vec<u8>> {
    store.set_epoch_deadline(TICKS);
    // The bytes above are a module, and it traps.
    let module = Module::from_binary(store.engine(), TRAP).expect("it is a module");
    let Err(trap) = Instance::new_async(&mut *store, &module, &[]).await else {
        panic!("what can't be reached was reached");
    };
    let dump = trap.downcast_ref::<WasmCoreDump>();
    let dump = dump.unwrap_or_else(|| panic!("the memories can't be looked at: {trap:#}"));
    let memories = dump.memories().iter();
    memories
        .map(|memory| memory.data(&*store).to_vec())
        .collect()
}

/// In how many memories there is a secret of the call, plain or encoded. Panics where the guest wasn't shown any, and so
/// fails the test that made the call.
pub(super) fn look(manifest: &Manifest, memories: &[Vec<u8>], session: Option<&Session>) -> usize {
    let Some(session) = session else {
        return 0;
    };
    // A plugin has its manifest in its memory, and tests take secrets from its examples.
    let rules = || manifest.kinds.iter().flat_map(|kind| &kind.fields);
    let is_example = |secret: &[u8]| {
        let examples = rules().filter_map(|rule| rule.example.as_ref());
        examples
            .map(String::as_bytes)
            .any(|example| example == secret)
    };
    let remains = session.remains(is_example);
    let found = memories.iter().filter(|memory| remains.are_in(memory));
    let found = found.count();
    assert!(
        found == 0 || session.reveals() > 0,
        "the plugin `{}` has a secret in its memory that it was never shown",
        manifest.name
    );
    found
}
