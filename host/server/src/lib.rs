//! The server: its surfaces, its command line, and the wiring between vault and runtime.
//!
//! - [`command`]: the command line, from arguments to an exit code
//! - [`config`]: what the operator decides
//! - `conformance`: the tests that `claviger plugin test` puts a plugin to
//! - `wiring`: master key, plugins, vault: from a configuration to a running server
//! - `authoring`: starts a plugin's project from a language's template
//! - `connections`, `front`: from a socket to the router and back; trace ids, panics, errors
//! - `request`: what handlers take out of a request
//! - `refusal`: why a request isn't done
//! - `surfaces`: the REST APIs
//! - `plugins`: the keeper of the plugin directory and the catalogue
//! - `control`: the operator's own way in
//! - `app`: what every handler can reach
//! - `logging`: the log

mod app;
mod authoring;
pub mod command;
pub mod config;
mod conformance;
mod connections;
mod control;
mod front;
mod logging;
mod plugins;
mod refusal;
mod request;
mod surfaces;
mod wiring;
