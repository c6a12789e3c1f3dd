//! Who the callers are: users, their passwords and tokens, and the workspaces that they are members of.
//!
//! - `username`, `password`: what a user is known by; `crowd`: who waits to have one compared; `users`: users made, listed and changed
//! - `token`: what a token says, and the key that signs it; `session`: tokens issued, verified once and then remembered,
//!   refreshed and, by a `revocation`, ended
//! - `caller`: whose request it is
//! - `workspaces`, `members`: workspaces, and who may do what in them
//! - `memory`: what is remembered of all this, so that a request needs no SQL; `news`: what makes it forget
//! - `denials`: denied attempts on their way to the audit log, under `action`'s names
//! - `local`: who acts without a token
//! - `start`: what the first start makes
//!
//! What a permission is and who has it is [`permission`](crate::permission)'s.

mod action;
mod caller;
mod crowd;
mod denials;
mod error;
mod local;
mod members;
mod memory;
mod news;
mod password;
mod revocation;
mod session;
mod start;
mod token;
mod username;
mod users;
mod workspaces;

#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;
use std::time::Duration;

use claviger_runtime::clock::Clock;

use crate::audit::{AuditWriter, NewEntry};
use crate::seal::keys::{KeyError, Keys};
use crate::store::{Database, StoreError};

pub use caller::{Actor, Caller};
pub use error::{AuthError, IdentityError, LogInError};
pub use password::{LONGEST_PASSWORD, SHORTEST_PASSWORD};
pub use session::IssuedToken;
pub use start::FirstStart;
pub use username::{InvalidUsername, Username};
pub use users::{NewUser, User};
pub use workspaces::Workspace;

pub(crate) use memory::Memory;
pub(crate) use password::Passwords;
pub(crate) use token::TokenId;

/// What the host's key for tokens is for.
const TOKENS: &str = "tokens";

/// What the vault holds to know its callers.
pub(crate) struct Identity {
    pub(crate) memory: Arc<Memory>,
    passwords: Passwords,
    key: token::TokenKey,
    token_lifetime: Duration,
    denials: denials::Denials,
}

impl Identity {
    /// Reads the key for tokens, which is made if there is none.
    pub(crate) async fn open(
        database: &Database,
        keys: &Keys,
        audit: &AuditWriter,
        token_lifetime: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let now = i64::try_from(clock.now_ms()).unwrap_or(i64::MAX);
        let (id, seed) = keys.of_host(database, TOKENS, now).await?;
        let key = token::TokenKey::new(id, &seed)
            .map_err(|error| StoreError::damaged("key for tokens", error.cause()))?;
        Ok(Self {
            memory: Arc::new(Memory::new(database.shared().is_some(), Arc::clone(clock))),
            passwords: Passwords::new(),
            key,
            token_lifetime,
            denials: denials::Denials::start(audit.clone()),
        })
    }

    /// Has an attempt that was denied written to the log, without waiting for it.
    pub(crate) fn record_denial(&self, entry: NewEntry) {
        self.denials.record(entry);
    }

    /// Has all that was denied until now written to the log. Before the audit writer is closed.
    pub(crate) async fn close(&self) {
        self.denials.close().await;
    }
}
