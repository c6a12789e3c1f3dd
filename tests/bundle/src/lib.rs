//! The plugins that the tests drive, each as the bytes of its component: `claviger_test_guests::ENDLESS_LOOP`.
//!
//! They are the examples of `tests/guests`, where each says at its head what it tries; `build.rs` compiles them and writes
//! the constants, so a test of a guest that isn't there doesn't compile.

include!(concat!(env!("OUT_DIR"), "/guests.rs"));
