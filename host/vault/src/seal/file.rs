//! Where the master key is kept.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use claviger_runtime::secret::Secret;
use zeroize::Zeroizing;

use super::master::MasterKeyError;

/// Where the master keys come from.
pub enum MasterKeySource {
    /// A file that its owner alone can read: base64 of 32 bytes, one key a line, the active one first.
    File {
        /// The file.
        path: PathBuf,
        /// Whether one is made where none is. Only for an empty database.
        create: bool,
    },
    /// The text itself, as an environment variable holds it.
    Value(Secret),
}

/// The file's text; none where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<Zeroizing<String>>, MasterKeyError> {
    let io = |error| MasterKeyError::Io {
        path: path.to_owned(),
        error,
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
        Ok(metadata) => check_mode(path, &metadata)?,
    }
    fs::read_to_string(path)
        .map(|text| Some(Zeroizing::new(text)))
        .map_err(io)
}

#[cfg(unix)]
fn check_mode(path: &Path, metadata: &fs::Metadata) -> Result<(), MasterKeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    if mode.trailing_zeros() >= 6 {
        Ok(())
    } else {
        Err(MasterKeyError::Exposed {
            path: path.to_owned(),
            mode,
        })
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path, _: &fs::Metadata) -> Result<(), MasterKeyError> {
    Ok(())
}

/// Writes a new file, which must not be there yet, and syncs it and its directory: nothing is sealed under a key that a
/// power cut would take away.
pub(super) fn create(path: &Path, text: &str) -> Result<(), MasterKeyError> {
    let write = || {
        let directory = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        fs::create_dir_all(directory)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::File::open(directory)?.sync_all()
    };
    write().map_err(|error| MasterKeyError::Io {
        path: path.to_owned(),
        error,
    })
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("master.key");
        assert!(read(&path).unwrap().is_none());
        create(&path, "key\n").unwrap();
        assert_eq!(read(&path).unwrap().unwrap().as_str(), "key\n");
        assert!(
            create(&path, "other\n").is_err(),
            "an existing key is never overwritten"
        );
        for mode in [0o640, 0o604, 0o620] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(
                matches!(read(&path), Err(MasterKeyError::Exposed { mode: found, .. }) if found == mode)
            );
        }
    }
}
