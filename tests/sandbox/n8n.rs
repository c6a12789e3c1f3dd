//! The bundled n8n plugin against a local n8n that answers as two real versions do.

mod applying;
mod faults;
mod inventory;
mod recorded;
mod refreshing;
mod stage;
