//! Plugins in other languages: started from the template, or taken from the example, built by their own tools, served, and
//! spoken to by a local provider.
//!
//! - [`project`]: a plugin's sources, and what builds them
//! - [`stage`]: a server that a plugin is dropped into, and the provider that it asks
//! - [`rust`], [`python`], [`javascript`], [`c`]: a language each

#[path = "../support/lib.rs"]
mod support;

mod c;
mod javascript;
mod project;
mod python;
mod rust;
mod stage;
