//! The running server, driven over HTTP as its users drive it: one file per journey.

#[path = "../support/lib.rs"]
mod support;

mod first_key;
