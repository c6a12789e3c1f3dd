//! The running server, driven over HTTP as its users drive it: one file per journey.

#[path = "../support/lib.rs"]
mod support;

mod aegis;
mod any_service;
mod authoring;
mod bad_input;
mod canaries;
mod crash;
mod dashboard;
mod first_key;
mod health;
mod interrupted;
mod isolation;
mod leases;
mod pins_and_origins;
mod plugin_test;
mod plugins;
mod repeats;
mod restart;
mod rotation;
mod tokens;
mod workspaces;
