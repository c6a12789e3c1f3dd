//! The running server, driven over HTTP as its users drive it: one file per journey.

#[path = "../support/lib.rs"]
mod support;

mod bad_input;
mod first_key;
mod health;
mod isolation;
mod tokens;
mod workspaces;
