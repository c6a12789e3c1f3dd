//! Passwords: hashed with Argon2id, a few at a time.
//!
//! One hash takes about 20 ms of one processor and 19 MiB, by intent. So that a crowd of logins can't starve everything
//! else, at most half the processors hash at once, a bounded number of callers waits, and the rest is told to come back.
//! Of those who wait, each address and each name has a share (see `crowd`), so that nobody can shut out the others.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use claviger_runtime::secret::Secret;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::crowd::{Asker, Crowd};
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
    crowd: Crowd,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let at_once = (available_parallelism().map_or(1, usize::from) / 2).max(1);
        Self {
            hasher: Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMETERS),
            turns: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + LONGEST_QUEUE)),
            crowd: Crowd::default(),
        }
    }

    /// Whether a new password may be that long.
    pub(crate) fn fits(password: &Secret) -> bool {
        (SHORTEST_PASSWORD..=LONGEST_PASSWORD).contains(&password.len())
    }

    /// The hash of a new password, as a PHC string.
    pub(crate) async fn hash(&self, password: Secret) -> Result<String, PasswordError> {
        if !Self::fits(&password) {
            return Err(PasswordError::Length);
        }
        // An administrator's doing, who has a token: there is no crowd of them.
        self.in_turn(Asker::default(), move |hasher| {
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
        asker: Asker,
    ) -> Result<bool, PasswordError> {
        if password.len() > LONGEST_PASSWORD {
            // No user has it, whoever asks: the time that this saves tells nothing.
            return Ok(false);
        }
        self.in_turn(asker, move |hasher| {
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
        asker: Asker,
        work: impl FnOnce(&Argon2<'static>) -> Result<T, InternalError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let waiting = self.crowd.enter(asker).ok_or(PasswordError::Busy)?;
        let place = Arc::clone(&self.places)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&self.turns)
            .acquire_owned()
            .await
            .map_err(InternalError::new)?;
        drop(waiting);
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
                .verify(
                    secret("correct horse"),
                    Some(hash.clone()),
                    Asker::default()
                )
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(secret("correct horsf"), Some(hash), Asker::default())
                .await
                .unwrap()
        );
        assert!(
            !passwords
                .verify(secret("correct horse"), None, Asker::default())
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
                .verify(secret(&(longest + "x")), Some(hash), Asker::default())
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
            passwords
                .verify(secret("whatever"), None, Asker::default())
                .await,
            Err(PasswordError::Busy)
        ));
        drop(held);
        assert!(
            !passwords
                .verify(secret("whatever"), None, Asker::default())
                .await
                .unwrap()
        );
    }

    #[tokio::test]
    async fn a_flood_from_one_address_keeps_no_other_out() {
        let passwords = Arc::new(Passwords::new());
        let all = u32::try_from(passwords.turns.available_permits()).unwrap();
        let turns = Arc::clone(&passwords.turns);
        let held = turns.acquire_many_owned(all).await.unwrap();
        let asker = |last: u8, name: &str| Asker {
            address: Some([192, 0, 2, last].into()),
            name: Some(name.to_owned()),
        };
        let verify = |asker| {
            let passwords = Arc::clone(&passwords);
            async move { passwords.verify(secret("whatever"), None, asker).await }
        };
        let flood = (0..100).map(|number| tokio::spawn(verify(asker(1, &number.to_string()))));
        let flood: Vec<_> = flood.collect();
        let other = tokio::spawn(verify(asker(2, "admin")));
        // Nobody gets a turn until the flood is sent away.
        while flood.iter().filter(|task| task.is_finished()).count() < 98 {
            tokio::task::yield_now().await;
        }
        drop(held);
        assert!(matches!(other.await.unwrap(), Ok(false)));
        let mut waited = 0;
        for task in flood {
            waited += usize::from(task.await.unwrap().is_ok());
        }
        assert_eq!(waited, 2);
    }
}
