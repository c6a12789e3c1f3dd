//! What is remembered of tokens and memberships, so that a request needs no SQL to know its caller.
//!
//! Everything here was read while a *generation* was current, and is good for as long as it still is. A change of users
//! or members counts the generation up after it is durable; what another request was reading meanwhile is kept under the
//! old generation and never used again, so a change can't be overwritten by an answer that is older than it.
//!
//! Revoked tokens are told apart by their own ids, since they come often and each concerns one token.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use moka::sync::Cache;

use super::caller::Session;
use super::token::TokenId;
use crate::ids::{UserId, WorkspaceId};
use crate::permission::PermissionSet;

/// The most tokens that are remembered: some 300 bytes each.
const MOST_SESSIONS: u64 = 16_384;
/// The most memberships that are remembered: some 100 bytes each.
const MOST_MEMBERS: u64 = 16_384;
/// How often the revoked tokens that have ended are swept out, at the most.
const SWEEP_EVERY_MS: u64 = 60_000;

/// A state of users and members. What was read under one is good while it is current.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(u64);

#[derive(Clone)]
struct Remembered<T> {
    value: T,
    read_in: Generation,
}

/// A token's blake3 hash: the token itself isn't kept.
pub(crate) type TokenHash = [u8; 32];

/// See the [module](self).
pub(crate) struct Memory {
    generation: AtomicU64,
    sessions: Cache<TokenHash, Remembered<Arc<Session>>>,
    members: Cache<(UserId, WorkspaceId), Remembered<PermissionSet>>,
    revoked: RwLock<Revoked>,
}

#[derive(Default)]
struct Revoked {
    /// Each with its end, in milliseconds since the Unix epoch.
    tokens: HashMap<TokenId, u64>,
    swept_at_ms: u64,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            generation: AtomicU64::new(0),
            sessions: Cache::new(MOST_SESSIONS),
            members: Cache::new(MOST_MEMBERS),
            revoked: RwLock::default(),
        }
    }

    /// The current generation: to be taken before the database is read.
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.generation.load(Ordering::Acquire))
    }

    /// Makes all that is remembered of users and members stale: they changed.
    pub(crate) fn outdate(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn session(&self, token: &TokenHash) -> Option<Arc<Session>> {
        let remembered = self.sessions.get(token)?;
        (remembered.read_in == self.generation()).then_some(remembered.value)
    }

    pub(crate) fn remember_session(&self, token: TokenHash, session: Arc<Session>, read_in: Generation) {
        self.sessions.insert(token, Remembered { value: session, read_in });
    }

    pub(crate) fn forget_session(&self, token: &TokenHash) {
        self.sessions.invalidate(token);
    }

    pub(crate) fn member(&self, user: UserId, workspace: WorkspaceId) -> Option<PermissionSet> {
        let remembered = self.members.get(&(user, workspace))?;
        (remembered.read_in == self.generation()).then_some(remembered.value)
    }

    pub(crate) fn remember_member(
        &self,
        user: UserId,
        workspace: WorkspaceId,
        permissions: PermissionSet,
        read_in: Generation,
    ) {
        self.members.insert((user, workspace), Remembered { value: permissions, read_in });
    }

    /// Whether the token was revoked before its end.
    pub(crate) fn is_revoked(&self, token: &TokenId) -> bool {
        // A map of plain values is whole even if a thread panicked beside it.
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).tokens.contains_key(token)
    }

    /// Notes that a token was revoked; it is kept until `expires_at_ms`, when the token is of no use anyway.
    pub(crate) fn revoke(&self, token: TokenId, expires_at_ms: u64, now_ms: u64) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        if now_ms >= revoked.swept_at_ms.saturating_add(SWEEP_EVERY_MS) {
            revoked.swept_at_ms = now_ms;
            revoked.tokens.retain(|_, ends| *ends > now_ms);
        }
        revoked.tokens.insert(token, expires_at_ms);
    }

    /// How many revoked tokens are kept.
    #[cfg(test)]
    pub(crate) fn revoked_tokens(&self) -> usize {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).tokens.len()
    }

    /// How many tokens are remembered, once moka has settled what it evicts.
    #[cfg(test)]
    pub(crate) fn sessions(&self) -> u64 {
        self.sessions.run_pending_tasks();
        self.sessions.entry_count()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn session() -> Arc<Session> {
        Arc::new(Session {
            user: UserId::from([1; 8]),
            username: "ada".into(),
            administrator: false,
            home_workspace: WorkspaceId::from([2; 8]),
            token: TokenId::draw(),
            expires_at: Timestamp::UNIX_EPOCH,
            era: 0,
        })
    }

    #[test]
    fn what_was_read_before_a_change_is_not_used_after_it() {
        let memory = Memory::new();
        let (user, workspace) = (UserId::from([1; 8]), WorkspaceId::from([2; 8]));
        let read_in = memory.generation();
        memory.outdate();
        memory.remember_session([7; 32], session(), read_in);
        memory.remember_member(user, workspace, PermissionSet::whole_workspace(), read_in);
        assert!(memory.session(&[7; 32]).is_none());
        assert!(memory.member(user, workspace).is_none());

        memory.remember_session([7; 32], session(), memory.generation());
        memory.remember_member(user, workspace, PermissionSet::EMPTY, memory.generation());
        assert!(memory.session(&[7; 32]).is_some());
        assert_eq!(memory.member(user, workspace), Some(PermissionSet::EMPTY));
    }

    #[test]
    fn it_holds_no_more_tokens_than_it_may() {
        let memory = Memory::new();
        let session = session();
        for number in 0..MOST_SESSIONS * 2 {
            let token = *blake3::hash(&number.to_be_bytes()).as_bytes();
            memory.remember_session(token, Arc::clone(&session), memory.generation());
        }
        assert!(memory.sessions() <= MOST_SESSIONS, "{}", memory.sessions());
    }

    #[test]
    fn revoked_tokens_are_kept_until_they_end() {
        let memory = Memory::new();
        let (short, long) = (TokenId::draw(), TokenId::draw());
        memory.revoke(short, 100_000, 90_000);
        memory.revoke(long, 900_000, 90_000);
        assert!(memory.is_revoked(&short) && memory.is_revoked(&long));
        memory.revoke(TokenId::draw(), 900_000, 200_000);
        assert!(!memory.is_revoked(&short), "it ended, so its row is swept out");
        assert!(memory.is_revoked(&long));
        assert_eq!(memory.revoked_tokens(), 2);
    }
}
