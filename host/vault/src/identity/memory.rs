//! What is remembered of tokens and memberships, so that a request needs no SQL to know its caller.
//!
//! Users and members have a *generation* each. What was read while one was current is good for as long as it still is: a
//! change counts it up once it is durable, and what another request was reading meanwhile is kept under the old generation
//! and never used, so a change can't be overwritten by an answer that is older than it.
//!
//! Revoked tokens are told apart by their own ids, since they come often and each concerns one token.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use moka::sync::Cache;

use super::caller::Session;
use super::token::TokenId;
use crate::ids::{UserId, WorkspaceId};
use crate::permission::PermissionSet;
use crate::store::{Database, StoreError, identity as rows};

/// The most tokens that are remembered: some 300 bytes each.
const MOST_SESSIONS: u64 = 16_384;
/// The most memberships that are remembered: some 100 bytes each.
const MOST_MEMBERS: u64 = 16_384;
/// How often the revoked tokens that have ended are swept out, at the most.
const SWEEP_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Counts the changes of users, or of members.
#[derive(Default)]
pub(crate) struct Changes(AtomicU64);

/// How many changes there had been when something was read: to be taken before the database is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Generation(u64);

impl Changes {
    pub(crate) fn generation(&self) -> Generation {
        Generation(self.0.load(Ordering::Acquire))
    }

    /// Something changed: all that was read before is stale.
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

#[derive(Clone)]
struct Remembered<T> {
    value: T,
    read_in: Generation,
}

/// A token's blake3 hash: the token itself isn't kept.
pub(crate) type TokenHash = [u8; 32];

/// See the [module](self).
pub(crate) struct Memory {
    pub(crate) users: Changes,
    pub(crate) members: Changes,
    sessions: Cache<TokenHash, Remembered<Arc<Session>>>,
    permissions: Cache<(UserId, WorkspaceId), Remembered<PermissionSet>>,
    revoked: RwLock<Revoked>,
}

#[derive(Default)]
struct Revoked {
    /// Each with its end.
    tokens: HashMap<TokenId, Timestamp>,
    next_sweep: Timestamp,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            users: Changes::default(),
            members: Changes::default(),
            sessions: Cache::new(MOST_SESSIONS),
            permissions: Cache::new(MOST_MEMBERS),
            revoked: RwLock::default(),
        }
    }

    pub(crate) fn session(&self, token: &TokenHash) -> Option<Arc<Session>> {
        let remembered = self.sessions.get(token)?;
        (remembered.read_in == self.users.generation()).then_some(remembered.value)
    }

    pub(crate) fn remember_session(
        &self,
        token: TokenHash,
        session: Arc<Session>,
        read_in: Generation,
    ) {
        self.sessions.insert(
            token,
            Remembered {
                value: session,
                read_in,
            },
        );
    }

    pub(crate) fn forget_session(&self, token: &TokenHash) {
        self.sessions.invalidate(token);
    }

    pub(crate) fn permissions(
        &self,
        user: UserId,
        workspace: WorkspaceId,
    ) -> Option<PermissionSet> {
        let remembered = self.permissions.get(&(user, workspace))?;
        (remembered.read_in == self.members.generation()).then_some(remembered.value)
    }

    pub(crate) fn remember_permissions(
        &self,
        user: UserId,
        workspace: WorkspaceId,
        permissions: PermissionSet,
        read_in: Generation,
    ) {
        self.permissions.insert(
            (user, workspace),
            Remembered {
                value: permissions,
                read_in,
            },
        );
    }

    /// Forgets what is remembered of users and members, and reads which tokens are revoked: at the start, and whenever
    /// other hosts may have changed something without this one being told.
    pub(crate) async fn reload(
        &self,
        database: &Database,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.users.count();
        self.members.count();
        for (token, expires_at) in rows::revoked_tokens(&mut database.read().await?, now).await? {
            self.revoke(token, expires_at, now);
        }
        Ok(())
    }

    /// Whether the token was revoked before its end.
    pub(crate) fn is_revoked(&self, token: &TokenId) -> bool {
        // A map of plain values is whole even if a thread panicked beside it.
        self.revoked
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .tokens
            .contains_key(token)
    }

    /// Notes that a token was revoked; it is kept until it ends, when it is of no use anyway.
    pub(crate) fn revoke(&self, token: TokenId, expires_at: Timestamp, now: Timestamp) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        if now >= revoked.next_sweep {
            revoked.next_sweep = now.saturating_add(SWEEP_EVERY).unwrap_or(Timestamp::MAX);
            revoked.tokens.retain(|_, end| *end > now);
        }
        revoked.tokens.insert(token, expires_at);
    }

    /// How many revoked tokens are kept.
    #[cfg(test)]
    pub(crate) fn revoked_tokens(&self) -> usize {
        self.revoked
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .tokens
            .len()
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
        let (users, members) = (memory.users.generation(), memory.members.generation());
        memory.users.count();
        memory.members.count();
        memory.remember_session([7; 32], session(), users);
        memory.remember_permissions(user, workspace, PermissionSet::whole_workspace(), members);
        assert!(memory.session(&[7; 32]).is_none());
        assert!(memory.permissions(user, workspace).is_none());

        memory.remember_session([7; 32], session(), memory.users.generation());
        memory.remember_permissions(
            user,
            workspace,
            PermissionSet::EMPTY,
            memory.members.generation(),
        );
        assert!(memory.session(&[7; 32]).is_some());
        assert_eq!(
            memory.permissions(user, workspace),
            Some(PermissionSet::EMPTY)
        );
    }

    #[test]
    fn it_holds_no_more_tokens_than_it_may() {
        let memory = Memory::new();
        let session = session();
        for number in 0..MOST_SESSIONS * 2 {
            let token = *blake3::hash(&number.to_be_bytes()).as_bytes();
            memory.remember_session(token, Arc::clone(&session), memory.users.generation());
        }
        assert!(memory.sessions() <= MOST_SESSIONS, "{}", memory.sessions());
    }

    #[test]
    fn revoked_tokens_are_kept_until_they_end() {
        let memory = Memory::new();
        let (short, long) = (TokenId::draw(), TokenId::draw());
        let at = |second| Timestamp::from_second(second).unwrap();
        memory.revoke(short, at(100), at(90));
        memory.revoke(long, at(900), at(90));
        assert!(memory.is_revoked(&short) && memory.is_revoked(&long));
        memory.revoke(TokenId::draw(), at(900), at(200));
        assert!(
            !memory.is_revoked(&short),
            "it ended, so its row is swept out"
        );
        assert!(memory.is_revoked(&long));
        assert_eq!(memory.revoked_tokens(), 2);
    }
}
