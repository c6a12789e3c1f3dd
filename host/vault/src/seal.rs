//! What is secret at rest, and under which key.
//!
//! The master key ([`MasterKeys`]) comes from a file or the environment, never from the database. It wraps the keys that
//! the vault makes: a data key for each workspace, and the host's own (the audit chain's, the tokens'). A data key seals
//! the versions of credentials with AES-256-GCM, bound to workspace, credential, version and key, so that a row can't be
//! moved. Plaintext lives in types that zero themselves.

pub(crate) mod envelope;
mod file;
pub(crate) mod keys;
mod master;
pub(crate) mod random;

pub use file::MasterKeySource;
pub use master::{MasterKeyError, MasterKeys};
