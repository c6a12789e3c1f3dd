//! The directory that operators drop plugins into: which files are there, and when one has been copied to its end.
//!
//! Everything is reached through a capability for the directory, so a link that leads out of it leads nowhere. What is
//! there is told by looking, again and again: a notification is a reason to look sooner, and never the news itself, since
//! network file systems send none and every system loses some.
//!
//! Nothing of a file is read before two looks, a moment apart, found it the same: whoever copies it is then done. It is
//! compared once more after reading, so that what is loaded is one state of the file, and the state that was looked at.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};
use thiserror::Error;

use crate::load::LARGEST;

mod settling;
mod stamp;

pub use settling::{SETTLED, Settling};
pub use stamp::Stamp;

/// The most plugin files that are loaded.
const MOST_FILES: usize = 1000;

/// The most names of plugin files in a directory that is looked at. Beyond, a look fails rather than leave some out: what
/// isn't found is taken to be deleted.
const MOST_NAMES: usize = 10_000;

/// The longest signature file: an Ed25519 signature has 64 bytes, and 88 in base64.
const LONGEST_SIGNATURE: u64 = 1024;

/// Why a file of the directory isn't loaded. The texts are for operators.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
pub enum FileRefusal {
    /// It is native code.
    #[error(
        "a `.cwasm` is native code, which no sandbox holds; put the `.wasm` component there instead"
    )]
    Precompiled,
    /// It is a link out of the directory.
    #[error("it is a link that leads out of the plugin directory; put the file itself there")]
    LeadsOut,
    /// It is a link to nothing.
    #[error("it is a link that leads nowhere")]
    LeadsNowhere,
    /// It is a directory, a pipe or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It is larger than is loaded.
    #[error("it has {size} bytes; at most {LARGEST} are loaded")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
    },
    /// Its name can't be listed.
    #[error("its name is not UTF-8")]
    Name,
    /// There are too many of them.
    #[error(
        "there are more than {MOST_FILES} plugin files in the directory, and this is not among the first"
    )]
    TooMany,
    /// The system doesn't let it be read.
    #[error("it can't be read: {0}")]
    Unreadable(String),
    /// The file `<name>.sig` beside it is refused.
    #[error("its signature: {0}")]
    Signature(Box<FileRefusal>),
}

/// What is known of a file before it is read.
pub type Looked = Result<Stamp, FileRefusal>;

/// A file's bytes, in one state.
#[derive(Debug)]
pub struct Content {
    /// The file itself.
    pub wasm: Bytes,
    /// What the file `<name>.sig` beside it holds, where signatures are read and there is one.
    pub signature: Option<Vec<u8>>,
}

/// The plugin directory. Cheap to clone; its methods wait for the disk.
#[derive(Debug, Clone)]
pub struct PluginDirectory {
    path: PathBuf,
    signatures: bool,
}

impl PluginDirectory {
    /// The directory at `path`. With `signatures`, a file's signature is part of its state.
    #[must_use]
    pub fn new(path: PathBuf, signatures: bool) -> Self {
        Self { path, signatures }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plugin files that are there now, by name. One that vanishes meanwhile is not there. A directory that isn't there
    /// is an empty one. One with more than ten thousand of them is an error, whatever else is in it.
    pub fn look(&self) -> io::Result<BTreeMap<String, Looked>> {
        let directory = match self.open() {
            Ok(directory) => directory,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        let mut found = BTreeMap::new();
        let mut names = 0;
        for entry in directory.entries()? {
            let name = entry?.file_name();
            let shown = name.to_string_lossy();
            if !is_a("wasm", &shown) && !is_a("cwasm", &shown) {
                continue;
            }
            names += 1;
            if names > MOST_NAMES {
                let what = format!("there are more than {MOST_NAMES} plugin files in it");
                return Err(io::Error::other(what));
            }
            let looked = match name.to_str() {
                None => Some(Err(FileRefusal::Name)),
                Some(_) if is_a("cwasm", &shown) => Some(Err(FileRefusal::Precompiled)),
                Some(name) => self.look_at(&directory, name),
            };
            if let Some(looked) = looked {
                found.insert(shown.into_owned(), looked);
            }
        }
        let files = found.values_mut().filter(|looked| looked.is_ok());
        for late in files.skip(MOST_FILES) {
            *late = Err(FileRefusal::TooMany);
        }
        Ok(found)
    }

    /// Reads a file that was found in the state `stamp`. None where it is in another by now, or gone.
    pub fn read(&self, name: &str, stamp: &Stamp) -> Result<Option<Content>, FileRefusal> {
        let directory = match self.open() {
            Ok(directory) => directory,
            Err(error) => return gone_or_refused(&error),
        };
        let Some(wasm) = read(&directory, name, LARGEST as u64)? else {
            return Ok(None);
        };
        let signature = if self.signatures {
            read(&directory, &signature_name(name), LONGEST_SIGNATURE)
                .map_err(|refusal| FileRefusal::Signature(Box::new(refusal)))?
        } else {
            None
        };
        let unchanged = matches!(self.look_at(&directory, name), Some(Ok(now)) if now == *stamp);
        Ok(unchanged.then(|| Content {
            wasm: wasm.into(),
            signature,
        }))
    }

    fn open(&self) -> io::Result<Dir> {
        Dir::open_ambient_dir(&self.path, ambient_authority())
    }

    /// None where it has vanished.
    fn look_at(&self, directory: &Dir, name: &str) -> Option<Looked> {
        let metadata = match directory.metadata(name) {
            Ok(metadata) => metadata,
            Err(error) => return refused_link(directory, name, &error).map(Err),
        };
        if !metadata.is_file() {
            return Some(Err(FileRefusal::NotAFile));
        }
        if metadata.len() > LARGEST as u64 {
            let size = metadata.len();
            return Some(Err(FileRefusal::TooLarge { size }));
        }
        let signature = self
            .signatures
            .then(|| directory.metadata(signature_name(name)).ok())
            .flatten();
        Some(Ok(Stamp::of(&metadata, signature.as_ref())))
    }
}

/// `*.wasm`, as a shell has it: without those that begin with a dot.
fn is_a(extension: &str, name: &str) -> bool {
    let has = |found: &OsStr| found == extension;
    !name.starts_with('.') && Path::new(name).extension().is_some_and(has)
}

fn signature_name(name: &str) -> String {
    format!("{name}.sig")
}

/// What is wrong with a file whose metadata can't be had: nothing where it has vanished.
fn refused_link(directory: &Dir, name: &str, error: &io::Error) -> Option<FileRefusal> {
    let is_link = directory
        .symlink_metadata(name)
        .ok()?
        .file_type()
        .is_symlink();
    Some(match error.kind() {
        io::ErrorKind::NotFound => FileRefusal::LeadsNowhere,
        io::ErrorKind::PermissionDenied if is_link => FileRefusal::LeadsOut,
        _ => FileRefusal::Unreadable(error.to_string()),
    })
}

fn gone_or_refused<T>(error: &io::Error) -> Result<Option<T>, FileRefusal> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(None)
    } else {
        Err(FileRefusal::Unreadable(error.to_string()))
    }
}

/// No more than one byte beyond what is read of such a file: a file that grows is in another state by then. None where it
/// is gone.
///
/// Opening never waits: a pipe would keep the thread until somebody writes to it, and with it the whole server. What was
/// opened is asked what it is, since it may have been put there after the look.
fn read(directory: &Dir, name: &str, longest: u64) -> Result<Option<Vec<u8>>, FileRefusal> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NONBLOCK);
    let file = match directory.open_with(name, &options) {
        Ok(file) => file,
        Err(error) => return gone_or_refused(&error),
    };
    let unreadable = |error: io::Error| FileRefusal::Unreadable(error.to_string());
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(FileRefusal::NotAFile);
    }
    let mut bytes = Vec::new();
    file.take(longest + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests;
