//! The plugins that the tests drive, each as the bytes of its component: `claviger_test_guests::ENDLESS_LOOP`.
//!
//! They are the examples of `tests/guests`, where each says at its head what it tries; `build.rs` compiles them and writes
//! the constants, so a test of a guest that isn't there doesn't compile.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));

/// The bytes that [`DROPPED`]'s manifest takes, as its source has them.
const MANIFEST_LENGTH: usize = 4096;

/// [`DROPPED`] with another manifest.
///
/// # Panics
/// Where the manifest is longer than there is room.
#[must_use]
pub fn dropped(manifest: &str) -> Vec<u8> {
    assert!(
        manifest.len() <= MANIFEST_LENGTH,
        "the manifest is too long"
    );
    let own = br#"{"name": "dropped", "version": "0.1.0""#;
    let at = DROPPED.windows(own.len()).position(|found| found == own);
    let at = at.unwrap_or_else(|| panic!("the guest has no manifest"));
    let mut wasm = DROPPED.to_vec();
    let place = &mut wasm[at..at + MANIFEST_LENGTH];
    assert!(
        place.ends_with(b"   "),
        "the guest's manifest has another length"
    );
    place.fill(b' ');
    place[..manifest.len()].copy_from_slice(manifest.as_bytes());
    wasm
}
