//! The data directory, for its owner alone.

use std::io;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, DirBuilder, DirBuilderExt, Permissions, PermissionsExt};

use super::StartError;

/// Its mode: what lies in it opens secrets.
const MODE: u32 = 0o700;

/// Makes it if it isn't there, and takes it from everyone but its owner.
pub(super) fn prepare(path: &Path) -> Result<(), StartError> {
    make(path).map_err(|source| StartError::DataDirectory {
        path: path.display().to_string(),
        source,
    })
}

fn make(path: &Path) -> io::Result<()> {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    Dir::create_ambient_dir_all(parent, ambient_authority())?;
    let parent = Dir::open_ambient_dir(parent, ambient_authority())?;
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it has no name of its own",
        ));
    };
    let mut builder = DirBuilder::new();
    builder.mode(MODE);
    match parent.create_dir_with(name, &builder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // A link to a directory elsewhere is the operator's own, and followed.
    let directory = Dir::open_ambient_dir(path, ambient_authority())?;
    let mode = directory.dir_metadata()?.permissions().mode();
    if mode & 0o077 != 0 {
        directory.set_permissions(".", Permissions::from_mode(MODE))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::prepare;

    #[test]
    fn it_is_made_and_taken_from_others() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a/b/data");
        let mode = || {
            std::fs::metadata(&path)
                .expect("it is there")
                .permissions()
                .mode()
                & 0o777
        };
        prepare(&path).expect("made");
        assert_eq!(mode(), 0o700);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("set");
        prepare(&path).expect("taken");
        assert_eq!(mode(), 0o700);
    }

    #[test]
    fn a_file_in_its_place_is_an_error() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(prepare(file.path()).is_err());
    }
}
