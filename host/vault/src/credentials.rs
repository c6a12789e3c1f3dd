//! Credentials, and every operation on one.
//!
//! - [`model`]: what is known of a credential; [`status`]: where it stands in its life
//! - [`input`]: what callers give, and `rules`, which it must hold to
//! - [`list`], [`details`]: reading what is known; `reveal`: reading the secret
//! - [`dashboard`]: how all of them are, with [`alerts`] of what wants attention
//! - `connection`: the credential that another is worked with through; `origins`: where those may lead
//! - `version`: the versions of its secret
//! - `create`, `update`, `pin`, `removal`: changing it, with `shredding` after the last; [`test`]: asking the provider
//!
//! Every lookup is by workspace and id or name: no id from elsewhere ever resolves. What is read often comes from
//! `cache`, which holds sealed secrets, never plain ones.

pub mod alerts;
pub(crate) mod cache;
pub(crate) mod connection;
mod create;
pub mod dashboard;
pub mod details;
pub mod input;
pub mod list;
mod lookup;
pub mod model;
mod naming;
mod origins;
mod pin;
mod removal;
pub(crate) mod resolve;
pub mod reveal;
mod rules;
pub(crate) mod sealed;
pub(crate) mod shredding;
pub mod status;
pub mod test;
#[cfg(test)]
pub(crate) mod tests;
mod update;
pub(crate) mod version;

pub use alerts::{Alert, AlertType};
pub use dashboard::{Dashboard, Expiring, ExpiringCredential};
pub use details::{CredentialDetails, Usage, VersionInfo};
pub use input::{CredentialPatch, CredentialRef, NewCredential};
pub use list::{CredentialCounts, CredentialFilter, CredentialPage};
pub use model::{Credential, CredentialName, Rotation, RotationStrategy};
pub use origins::ApprovedOrigin;
pub use reveal::{Revealed, RevealedField};
pub use status::Status;
pub use test::{TestResult, TestRun};
pub use version::VersionState;
