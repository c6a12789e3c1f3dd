//! A file's state, as far as the file system tells it without reading the file.

use std::time::SystemTime;

use cap_std::fs::{Metadata, MetadataExt as _};

/// The state of a plugin file, and of its signature. Two equal ones are the same content as far as anyone can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    file: State,
    signature: Option<State>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct State {
    size: u64,
    modified: Option<SystemTime>,
    /// When anything of it changed, by the system's own account: who sets a file's time back can't set this one.
    changed: (i64, i64),
    /// The file itself: another one may have been moved to the name.
    inode: (u64, u64),
}

impl Stamp {
    pub(super) fn of(file: &Metadata, signature: Option<&Metadata>) -> Self {
        Self {
            file: State::of(file),
            signature: signature.map(State::of),
        }
    }

    /// Its size in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.file.size
    }
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata
                .modified()
                .ok()
                .map(cap_std::time::SystemTime::into_std),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            inode: (metadata.dev(), metadata.ino()),
        }
    }
}
