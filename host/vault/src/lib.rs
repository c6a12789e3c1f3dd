//! Keeps credentials: their versions, sealing, health, permissions and the audit log. Knows no HTTP.
//!
//! - [`vault`]: the [`Vault`] itself; [`open`]: how it is opened, and what its first start makes
//! - [`credentials`]: what a credential is, and every operation on one
//! - [`backends`], [`leases`]: credentials that providers make for a while, and what they are made from
//! - [`health`]: what a test's outcome says of a credential
//! - [`permission`]: what a caller may do, demanded by type; [`identity`]: who the callers are
//! - [`audit`]: the log, written in groups, each entry chained to the one before it
//! - [`plugins`]: what plugins are granted, and by whom
//! - [`seal`]: the master key, the data keys and what they seal
//! - [`rotation`]: replacing secrets, whatever happens meanwhile
//! - [`idempotency`]: requests that are sent again and make one thing
//! - [`jobs`]: what it does by itself, when it is due
//! - [`ids`], [`request`], [`error`]: what all of these speak about
//!
//! Below them, `store` is the only place with SQL: `SQLite` and `PostgreSQL` run the same texts.

#[macro_use]
mod store;
mod underway;

pub mod audit;
pub mod backends;
pub mod credentials;
pub mod error;
pub mod health;
pub mod idempotency;
pub mod identity;
pub mod ids;
pub mod jobs;
pub mod leases;
pub mod open;
pub mod permission;
pub mod places;
pub mod plugins;
pub mod request;
pub mod rotation;
pub mod seal;
pub mod vault;

pub use error::{Problem, VaultError};
pub use ids::{ApplicationId, CredentialId, LeaseId, RotationId, UserId, WorkspaceId};
pub use open::{OpenError, Opened, VaultOptions};
pub use request::RequestInfo;
pub use rotation::RotationOptions;
pub use vault::Vault;
