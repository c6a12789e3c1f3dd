//! Credentials in memory, so that a hot read costs no SQL: what is known of them, and their sealed versions.
//!
//! A change forgets what it changes after its commit and before anybody is answered. A read that missed may hold a row
//! from before that; so each workspace has a stamp that every change moves on, a read takes it before it asks the
//! database, and what it read is kept only if the stamp is still the same.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;

use super::model::Credential;
use super::sealed::SealedVersion;
use crate::ids::{CredentialId, WorkspaceId};
use crate::store::listen::Heed;

/// Bytes of what is kept, roughly.
const WEIGHT: u64 = 64 * 1024 * 1024;
/// What a credential weighs beside its texts and its ciphertext.
const OVERHEAD: usize = 1024;
/// Names that are kept.
const NAMES: u64 = 200_000;
/// How long something is kept at most. Uses that other hosts count show after that.
const LIFE: Duration = Duration::from_mins(1);
/// Stamps; workspaces share them.
const STAMPS: usize = 1024;

/// A credential as it is kept.
#[derive(Clone)]
pub(crate) struct Cached {
    pub(crate) credential: Arc<Credential>,
    pub(crate) sealed: SealedVersion,
}

/// The cache.
pub(crate) struct CredentialCache {
    by_id: Cache<(WorkspaceId, CredentialId), Cached>,
    by_name: Cache<(WorkspaceId, Arc<str>), CredentialId>,
    stamps: Box<[Mutex<u64>]>,
    hasher: RandomState,
    /// Whether what is kept may be given out.
    trusted: AtomicBool,
}

/// How things stood before a read of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(u64);

impl CredentialCache {
    /// `shared`: whether other hosts change the database, too. It is then trusted once somebody listens to them.
    pub(crate) fn new(shared: bool) -> Self {
        let weigh = |_: &(WorkspaceId, CredentialId), cached: &Cached| {
            let credential = &cached.credential;
            let texts = credential.description.as_ref().map_or(0, String::len)
                + credential
                    .tags
                    .iter()
                    .map(|tag| tag.len() + 24)
                    .sum::<usize>()
                + credential.metadata.len() * 128;
            u32::try_from(OVERHEAD + texts + cached.sealed.sealed.len()).unwrap_or(u32::MAX)
        };
        Self {
            by_id: Cache::builder()
                .max_capacity(WEIGHT)
                .weigher(weigh)
                .time_to_live(LIFE)
                .build(),
            by_name: Cache::builder()
                .max_capacity(NAMES)
                .time_to_live(LIFE)
                .build(),
            stamps: (0..STAMPS).map(|_| Mutex::new(0)).collect(),
            hasher: RandomState::new(),
            trusted: AtomicBool::new(!shared),
        }
    }

    /// Whether changes of other hosts are heard, or there are no other hosts.
    pub(crate) fn is_trusted(&self) -> bool {
        self.trusted.load(Ordering::Acquire)
    }

    pub(crate) fn by_id(&self, workspace: WorkspaceId, id: CredentialId) -> Option<Cached> {
        if !self.is_trusted() {
            return None;
        }
        self.by_id.get(&(workspace, id))
    }

    pub(crate) fn by_name(&self, workspace: WorkspaceId, name: &str) -> Option<Cached> {
        let id = self.by_name.get(&(workspace, Arc::from(name)))?;
        // A name may have gone to another credential since.
        self.by_id(workspace, id)
            .filter(|cached| cached.credential.name.as_str() == name)
    }

    /// To be taken before the database is read.
    pub(crate) fn stamp(&self, workspace: WorkspaceId) -> Stamp {
        Stamp(*self.lock(workspace))
    }

    /// Keeps what was read, unless something of its workspace has changed since the stamp was taken.
    pub(crate) fn keep(&self, stamp: Stamp, cached: &Cached) {
        let credential = &cached.credential;
        let now = self.lock(credential.workspace);
        if *now == stamp.0 && self.trusted.load(Ordering::Acquire) {
            self.by_id
                .insert((credential.workspace, credential.id), cached.clone());
            self.by_name.insert(
                (credential.workspace, Arc::from(credential.name.as_str())),
                credential.id,
            );
        }
    }

    /// Forgets a credential that has changed.
    pub(crate) fn forget(&self, workspace: WorkspaceId, id: CredentialId) {
        let mut stamp = self.lock(workspace);
        *stamp += 1;
        self.by_id.invalidate(&(workspace, id));
    }

    fn lock(&self, workspace: WorkspaceId) -> std::sync::MutexGuard<'_, u64> {
        let hash = self.hasher.hash_one(workspace);
        let index = usize::try_from(hash % STAMPS as u64).unwrap_or_default();
        // A number is whole whatever its holder was doing.
        self.stamps[index]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn forget_all(&self) {
        for stamp in &self.stamps {
            *stamp.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        }
        self.by_id.invalidate_all();
    }
}

/// What other hosts are told of a changed credential.
pub(crate) fn words(workspace: WorkspaceId, id: CredentialId) -> String {
    format!("credential {workspace} {id}")
}

impl Heed for CredentialCache {
    fn heard(&self, words: &str) {
        let mut words = words.split(' ');
        if words.next() == Some("credential")
            && let (Some(Ok(workspace)), Some(Ok(id))) =
                (words.next().map(str::parse), words.next().map(str::parse))
        {
            self.forget(workspace, id);
        }
    }

    fn deaf(&self) {
        self.trusted.store(false, Ordering::Release);
    }

    fn listening(&self) {
        self.forget_all();
        self.trusted.store(true, Ordering::Release);
    }
}
