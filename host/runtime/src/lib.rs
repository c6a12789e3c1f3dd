//! Loads, sandboxes and calls provider plugins. Knows nothing of REST or SQL.
//!
//! - [`manifest`]: what a plugin says of itself and asks for
//! - [`origin`]: scheme, host and port, and patterns of them
//! - [`subject`]: the credential a call is about, as the host holds it
//! - [`outcome`]: what came of a call
//! - [`secret`]: bytes that zero themselves and can't be printed
//! - [`clock`]: the time, as a parameter
//! - [`egress`]: the way out, and what keeps secrets from the guest
//!
//! A plugin never holds a secret: it is handed stand-ins, and the way out replaces them where its manifest says that
//! the secret goes.

pub mod clock;
pub mod egress;
pub mod manifest;
pub mod origin;
pub mod outcome;
pub mod secret;
pub mod subject;
