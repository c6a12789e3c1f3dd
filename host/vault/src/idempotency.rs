//! Requests that may be sent again: a client whose answer was lost sends the same request with the same
//! `Idempotency-Key`, and what the first one made isn't made twice.
//!
//! The id of what a request makes is drawn, and durable, before it is made; the same request gets the same id, and whoever
//! makes things looks first for what already has it. So nothing has to be remembered of answers, which may hold secrets:
//! a repeat is answered from the thing itself. What is kept of a request are two MACs, one of whose it is and one of what
//! it asks for, under a key of the host's own: bodies hold secrets, and a plain hash of one could be guessed at.

use std::sync::atomic::{AtomicI64, Ordering};

use zeroize::Zeroizing;

use crate::error::{Problem, VaultError};
use crate::ids::{ApplicationId, CredentialId, LeaseId, RotationId, UserId, WorkspaceId};
use crate::permission::{InWorkspace, Permit};
use crate::seal::keys::{KeyError, Keys};
use crate::store::Database;
use crate::store::StoreError;
use crate::store::idempotency as rows;
use crate::vault::Vault;

/// What the key of the MACs is for.
const PURPOSE: &str = "idempotency";
/// The longest `Idempotency-Key`, in characters.
const LONGEST_KEY: usize = 255;
/// How long a request is known, in milliseconds: 24 hours.
const KEPT_MS: i64 = 24 * HOUR_MS;
const HOUR_MS: i64 = 3_600_000;
/// Requests that are forgotten at a time: the writer isn't held up for long.
const FORGOTTEN: i64 = 10_000;

/// What is needed to know a request again.
pub(crate) struct Repeats {
    key: Zeroizing<[u8; 32]>,
    /// The last hour in which all old requests were forgotten.
    pruned_hour: AtomicI64,
}

/// The id of what a request makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    id: [u8; 12],
    is_repeat: bool,
    /// Under which the request is kept; none where it has no key.
    pub(crate) scope: Option<String>,
    /// Whether it was made already.
    pub(crate) made: bool,
}

impl Planned {
    /// Whether the request came before, so that what it makes may be there.
    #[must_use]
    pub fn is_repeat(&self) -> bool {
        self.is_repeat
    }

    /// The id of a credential that it makes.
    #[must_use]
    pub fn credential(&self) -> CredentialId {
        self.short().into()
    }

    /// The id of a rotation that it begins.
    #[must_use]
    pub fn rotation(&self) -> RotationId {
        self.short().into()
    }

    /// The id of the application that it makes.
    #[must_use]
    pub fn application(&self) -> ApplicationId {
        self.short().into()
    }

    /// The id of a lease that it issues.
    #[must_use]
    pub fn lease(&self) -> LeaseId {
        self.id.into()
    }

    fn short(&self) -> [u8; 8] {
        let mut short = [0; 8];
        short.copy_from_slice(&self.id[..8]);
        short
    }
}

impl Repeats {
    /// Opens or makes the key.
    pub(crate) async fn open(database: &Database, keys: &Keys, now: i64) -> Result<Self, KeyError> {
        let (_, key) = keys.of_host(database, PURPOSE, now).await?;
        Ok(Self {
            key,
            pruned_hour: AtomicI64::new(0),
        })
    }

    /// A MAC of these parts; where each of them ends is part of it.
    fn mac(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in [&[purpose.as_bytes()], parts].concat() {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            hasher.update(&length.to_le_bytes()).update(part);
        }
        *hasher.finalize().as_bytes()
    }

    fn scope(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        operation: &'static str,
        key: &str,
    ) -> String {
        let parts: [&[u8]; 4] = [
            &workspace.to_bytes(),
            &user.to_bytes(),
            operation.as_bytes(),
            key.as_bytes(),
        ];
        let mac = self.mac("scope", &parts);
        blake3::Hash::from_bytes(mac).to_hex().to_string()
    }
}

impl Vault {
    /// The id of what a request makes: the same for the same request of the same user, for 24 hours, if it has a `key`; a
    /// new one each time if it has none. `request` is what the request asks for, in bytes that are the same each time.
    /// Durable before this returns.
    ///
    /// [`VaultError::Invalid`] where the key isn't 1 to 255 printable ASCII characters, or came with another request.
    pub async fn planned<P: InWorkspace>(
        &self,
        permit: &Permit<P>,
        operation: &'static str,
        key: Option<&str>,
        request: &[u8],
    ) -> Result<Planned, VaultError> {
        let drawn = LeaseId::random();
        let Some(key) = key else {
            return Ok(Planned {
                id: drawn.to_bytes(),
                is_repeat: false,
                scope: None,
                made: false,
            });
        };
        check(key)?;
        let repeats = &self.inner.repeats;
        let (workspace, user) = (permit.workspace(), permit.actor().user);
        let scope = repeats.scope(workspace, user, operation, key);
        let fingerprint = repeats.mac("request", &[request]);

        let now = self.now().as_millisecond();
        let mut transaction = self.inner.database.begin().await?;
        let (resource, oldest) = (drawn.to_string(), now - KEPT_MS);
        let kept = rows::keep(
            &mut transaction,
            &scope,
            &fingerprint,
            &resource,
            now,
            oldest,
        );
        let kept = kept.await?;
        transaction.commit().await?;
        if kept.fingerprint != fingerprint {
            return Err(invalid("came with another request; send a new one"));
        }
        let damaged = |why| StoreError::damaged("idempotency key's resource", why);
        let id: LeaseId = kept.resource.parse().map_err(damaged)?;
        Ok(Planned {
            id: id.to_bytes(),
            is_repeat: id != drawn,
            scope: Some(scope),
            made: kept.made == 1,
        })
    }

    /// Forgets requests that are too old to be sent again: once an hour all there are, some at a time.
    pub(crate) async fn forget_old_requests(&self) -> Result<(), VaultError> {
        let now = self.now().as_millisecond();
        let hour = now.div_euclid(HOUR_MS);
        let pruned = &self.inner.repeats.pruned_hour;
        if pruned.load(Ordering::Relaxed) == hour {
            return Ok(());
        }
        let mut transaction = self.inner.database.begin().await?;
        let forgotten = rows::prune(&mut transaction, now - KEPT_MS, FORGOTTEN).await?;
        transaction.commit().await?;
        if forgotten < FORGOTTEN.unsigned_abs() {
            pruned.store(hour, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// What became of something since a request made it.
pub(crate) fn gone() -> VaultError {
    VaultError::Conflict {
        message: "what was made with this Idempotency-Key has been deleted since; send a new key to make it again"
            .to_owned(),
        retry_after_ms: None,
    }
}

fn check(key: &str) -> Result<(), VaultError> {
    let printable = key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if printable && (1..=LONGEST_KEY).contains(&key.len()) {
        Ok(())
    } else {
        Err(invalid("must be 1 to 255 printable ASCII characters"))
    }
}

fn invalid(message: &str) -> VaultError {
    VaultError::Invalid(vec![Problem::new("Idempotency-Key", message)])
}

#[cfg(test)]
mod tests;
