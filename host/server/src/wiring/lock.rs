//! One process at a time on a data directory.

use std::fs::{File, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::StartError;

/// The file in the data directory that is locked. It stays when the lock ends: to remove it would let two in.
const FILE: &str = "lock";

/// The directory is this process's own for as long as this is there. The system ends it with the process, however that
/// ends.
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not used")] File);

impl Lock {
    /// Takes it, unless another process has it.
    pub(crate) fn take(directory: &Path) -> Result<Self, StartError> {
        let path = || directory.display().to_string();
        let unusable = |source| StartError::DataDirectory {
            path: path(),
            source,
        };
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(directory.join(FILE))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StartError::Locked { path: path() }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_owner_at_a_time() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = Lock::take(directory.path()).expect("free");
        let second = Lock::take(directory.path()).map(|_| ());
        let message = second.expect_err("taken").to_string();
        assert!(
            message.contains(&directory.path().display().to_string()),
            "{message}"
        );
        drop(first);
        Lock::take(directory.path()).expect("free again");
    }
}
