//! A project's files onto the disk.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::{AuthoringError, ProjectFile};

/// Writes the files into a directory that is empty, or that is made. Nothing that is there is overwritten.
pub(crate) fn write(directory: &Path, files: &[ProjectFile]) -> Result<(), AuthoringError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| AuthoringError::Write { path, source }
    };
    fs::create_dir_all(directory).map_err(failed(directory))?;
    let mut present = fs::read_dir(directory).map_err(failed(directory))?;
    if present.next().is_some() {
        return Err(AuthoringError::NotEmpty(directory.to_owned()));
    }
    for file in files {
        let path = directory.join(&file.path);
        write_new(&path, &file.contents).map_err(failed(&path))?;
    }
    Ok(())
}

fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(contents)
}
