//! What is remembered of tokens and memberships, so that a request needs no SQL to know its caller.
//!
//! Users and members have a *generation* each. What was read while one was current is good for as long as it still is: a
//! change counts it up once it is durable, and what another request was reading meanwhile is kept under the old generation
//! and never used, so a change can't be overwritten by an answer that is older than it.
//!
//! Revoked tokens are told apart by their own ids, since they come often and each concerns one token. Only those that were
//! revoked since the start are kept here: a token that isn't remembered is looked up in the database anyway.
//!
//! Where other hosts share the database, their changes come as [`News`]. While nobody hears them, nothing is remembered.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use claviger_runtime::clock::Clock;
use jiff::Timestamp;
use moka::sync::Cache;

use super::caller::Session;
use super::news::News;
use super::token::TokenId;
use crate::ids::{UserId, WorkspaceId};
use crate::permission::PermissionSet;

/// The most tokens that are remembered: some 300 bytes each.
const MOST_SESSIONS: u64 = 16_384;
/// The most memberships that are remembered: some 100 bytes each.
const MOST_MEMBERS: u64 = 16_384;
/// How often the revoked tokens that have ended are swept out, at the most.
const SWEEP_EVERY_MS: u64 = 60_000;

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
    /// Whether changes of other hosts are heard, or there are no other hosts.
    trusted: AtomicBool,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Revoked {
    /// Each with its end, in milliseconds since the Unix epoch.
    tokens: HashMap<TokenId, u64>,
    next_sweep: u64,
}

impl Memory {
    /// Remembers nothing yet, and nothing at all until it hears of other hosts' changes, if the database is shared.
    pub(crate) fn new(shared: bool, clock: Arc<dyn Clock>) -> Self {
        Self {
            users: Changes::default(),
            members: Changes::default(),
            sessions: Cache::new(MOST_SESSIONS),
            permissions: Cache::new(MOST_MEMBERS),
            revoked: RwLock::default(),
            trusted: AtomicBool::new(!shared),
            clock,
        }
    }

    pub(crate) fn session(&self, token: &TokenHash) -> Option<Arc<Session>> {
        let remembered = self.sessions.get(token)?;
        self.if_good(remembered, &self.users)
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
        self.if_good(remembered, &self.members)
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

    fn if_good<T>(&self, remembered: Remembered<T>, changes: &Changes) -> Option<T> {
        let good =
            self.trusted.load(Ordering::Acquire) && remembered.read_in == changes.generation();
        good.then_some(remembered.value)
    }

    /// Takes a change into account, made here or on another host.
    pub(super) fn learn(&self, news: News) {
        match news {
            News::User => self.users.count(),
            News::Member => self.members.count(),
            News::Revoked { token, expires_at } => self.revoke(token, expires_at),
        }
    }

    /// Whether changes of other hosts are heard from now on. What was remembered before is forgotten.
    pub(super) fn trust(&self, hearing: bool) {
        // Counted before anything is trusted again: what was read while nobody listened is never used.
        self.users.count();
        self.members.count();
        self.trusted.store(hearing, Ordering::Release);
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
    fn revoke(&self, token: TokenId, expires_at: Timestamp) {
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now_ms();
        if now >= revoked.next_sweep {
            revoked.next_sweep = now.saturating_add(SWEEP_EVERY_MS);
            revoked.tokens.retain(|_, end| *end > now);
        }
        // What ended before 1970 ended.
        revoked.tokens.insert(
            token,
            u64::try_from(expires_at.as_millisecond()).unwrap_or(0),
        );
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
    use std::time::Duration;

    use super::*;
    use crate::identity::tests::SetClock;

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
        let memory = Memory::new(false, Arc::new(SetClock::at_second(90)));
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
        let memory = Memory::new(false, Arc::new(SetClock::at_second(90)));
        let session = session();
        for number in 0..MOST_SESSIONS * 2 {
            let token = *blake3::hash(&number.to_be_bytes()).as_bytes();
            memory.remember_session(token, Arc::clone(&session), memory.users.generation());
        }
        assert!(memory.sessions() <= MOST_SESSIONS, "{}", memory.sessions());
    }

    #[test]
    fn revoked_tokens_are_kept_until_they_end() {
        let clock = Arc::new(SetClock::at_second(90));
        let memory = Memory::new(false, clock.clone());
        let revoke = |token, end| {
            memory.learn(News::Revoked {
                token,
                expires_at: Timestamp::from_second(end).unwrap(),
            });
        };
        let (short, long) = (TokenId::draw(), TokenId::draw());
        revoke(short, 100);
        revoke(long, 900);
        assert!(memory.is_revoked(&short) && memory.is_revoked(&long));
        clock.advance(Duration::from_secs(110));
        revoke(TokenId::draw(), 900);
        assert!(!memory.is_revoked(&short), "it ended, so it is swept out");
        assert!(memory.is_revoked(&long));
        assert_eq!(memory.revoked_tokens(), 2);
    }

    #[test]
    fn nothing_is_remembered_while_other_hosts_are_not_heard() {
        let memory = Memory::new(true, Arc::new(SetClock::at_second(90)));
        let remember = || memory.remember_session([7; 32], session(), memory.users.generation());
        remember();
        assert!(memory.session(&[7; 32]).is_none());
        memory.trust(true);
        assert!(
            memory.session(&[7; 32]).is_none(),
            "it was read while nobody listened"
        );
        remember();
        assert!(memory.session(&[7; 32]).is_some());
        memory.trust(false);
        assert!(memory.session(&[7; 32]).is_none());
    }
}
