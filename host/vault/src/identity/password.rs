//! Passwords: hashed with Argon2id, a few at a time.
//!
//! One hash takes about 20 ms of one processor and 19 MiB, by intent. So that a crowd of logins can't starve everything
//! else, at most half the processors hash at once, a bounded number of callers waits, and the rest is told to come back.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use claviger_runtime::secret::Secret;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::InternalError;

/// The fewest bytes of a password: what NIST SP 800-63B asks of a memorised secret.
pub const SHORTEST_PASSWORD: usize = 8;
/// The most bytes of a password: enough for any manager's, and hashing it costs nothing beside Argon2 itself.
pub const LONGEST_PASSWORD: usize = 1024;

/// How many callers wait for their turn before the next is sent away: about a second's work for one processor.
const LONGEST_QUEUE: usize = 64;

/// The first of the parameters that OWASP recommends for Argon2id (Password Storage Cheat Sheet): 19 MiB, two passes.
const PARAMETERS: Params = Params::DEFAULT;

/// Hashes passwords and compares them with their hashes.
pub(crate) struct Passwords {
    hasher: Argon2<'static>,
    /// One for each hash under way.
    turns: Arc<Semaphore>,
    /// One for each caller that hashes or waits.
    places: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let at_once = (available_parallelism().map_or(1, usize::from) / 2).max(1);
        Self {
            hasher: Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMETERS),
            turns: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + LONGEST_QUEUE)),
        }
    }

    /// The hash of a new password, as a PHC string.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, PasswordError> {
        if !(SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.len()) {
            return Err(PasswordError::Length);
        }
        self.in_turn(move |hasher| {
            let hash = hasher
                .hash_password(password.expose())
                .map_err(InternalError::new)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether `password` is what `hash` was made of. Without a hash it isn't, which takes as long to find out.
    pub(crate) async fn verify(
        &self,
        password: Secret,
        hash: Option<String>,
    ) -> Result<bool, PasswordError> {
        if password.len() > LONGEST_PASSWORD {
            // No user has it, whoever asks: the time that this saves tells nothing.
            return Ok(false);
        }
        self.in_turn(move |hasher| {
            let Some(hash) = hash else {
                let decoy = hasher.hash_password_with_salt(password.expose(), b"of nobody at all");
                return decoy.map(|_| false).map_err(InternalError::new);
            };
            let hash = PasswordHash::new(&hash).map_err(InternalError::new)?;
            match hasher.verify_password(password.expose(), &hash) {
                Ok(()) => Ok(true),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(InternalError::new(error)),
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, InternalError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(InternalError::new)?;
        let hasher = self.hasher.clone();
        // The thread keeps its turn to the end even if the caller goes away meanwhile.
        let work = move || {
            let _held: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, turn);
            work(&hasher)
        };
        Ok(tokio::task::spawn_blocking(work)
            .await
            .map_err(InternalError::new)??)
    }
}

/// Why a password was neither hashed nor compared.
#[derive(Debug, Error)]
pub(crate) enum PasswordError {
    #[error("a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} bytes")]
    Length,
    #[error("too many passwords are being checked; try again shortly")]
    Busy,
    #[error(transparent)]
    Internal(#[from] InternalError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_alone() {
        let passwords = Passwords::new();
        let hash = passwords.hash(secret("correct horse")).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(
            passwords
                .verify(secret("correct horse"), Some(hash.clone()))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(secret("correct horsf"), Some(hash))
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(secret("correct horse"), None)
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn only_lengths_that_are_allowed_are_hashed() {
        let passwords = Passwords::new();
        for length in [0, SHORTEST_PASSWORD - 1, LONGEST_PASSWORD + 1] {
            let refused = passwords.hash(secret(&"x".repeat(length))).await;
            assert!(matches!(refused, Err(PasswordError::Length)), "{length}");
        }
        let longest = "x".repeat(LONGEST_PASSWORD);
        let hash = passwords.hash(secret(&longest)).await.unwrap();
        assert!(
            !passwords
                .verify(secret(&(longest + "x")), Some(hash))
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_crowd_is_sent_away_rather_than_kept_waiting() {
        let passwords = Passwords::new();
        let taken = passwords.places.available_permits();
        let held = Arc::clone(&passwords.places)
            .acquire_many_owned(u32::try_from(taken).unwrap())
            .await
            .unwrap();
        assert!(matches!(
            passwords.verify(secret("whatever"), None).await,
            Err(PasswordError::Busy)
        ));
        drop(held);
        assert!(!passwords.verify(secret("whatever"), None).await.unwrap());
    }
}
