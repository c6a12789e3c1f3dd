//! The master keys.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::{Zeroize as _, Zeroizing};

use super::envelope::SealKey;
use super::file::{self, MasterKeySource};
use super::random;

/// Why there is no master key.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// The file is not there, and none is to be made.
    #[error("there is no master key at {path}; restore it, or set CLAVIGER_MASTER_KEY")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Others can read the file.
    #[error(
        "the master key {path} can be read by others than its owner (mode {mode:o}); run `chmod 600 {path}`"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It isn't a key.
    #[error(
        "{origin}: line {line} is not a master key; write base64 of 32 bytes, one key a line, the active one first"
    )]
    Malformed {
        /// The file, or the variable.
        origin: String,
        /// Counted from 1.
        line: usize,
    },
    /// It can't be read or written.
    #[error("the master key {path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}

/// The master keys, the active one first. Loaded before the vault is opened: the plugins' cache has a key from here.
pub struct MasterKeys {
    keys: Vec<MasterKey>,
    unsaved: Option<PathBuf>,
}

pub(crate) struct MasterKey {
    pub(crate) id: String,
    pub(crate) seal: SealKey,
    key: Zeroizing<[u8; 32]>,
}

impl MasterKeys {
    /// Loads them. Where a file is missing and may be made, a new key is drawn, and written once the vault is opened on
    /// an empty database: a lost key is never quietly replaced by one that opens nothing.
    pub fn load(source: &MasterKeySource) -> Result<Self, MasterKeyError> {
        match source {
            MasterKeySource::Value(value) => {
                let text = value.expose_str().unwrap_or_default();
                Self::parse(text, "CLAVIGER_MASTER_KEY")
            }
            MasterKeySource::File { path, create } => match file::read(path)? {
                Some(text) => Self::parse(&text, &path.display().to_string()),
                None if *create => {
                    let key = MasterKey::new(Zeroizing::new(random::bytes()));
                    Ok(Self {
                        keys: vec![key],
                        unsaved: Some(path.clone()),
                    })
                }
                None => Err(MasterKeyError::Missing { path: path.clone() }),
            },
        }
    }

    /// A key for `purpose`, derived from the active key. It changes when the active key does.
    #[must_use]
    pub fn derived_key(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(
            &format!("claviger 2026 {purpose}"),
            self.active().key.as_slice(),
        )
    }

    fn parse(text: &str, origin: &str) -> Result<Self, MasterKeyError> {
        let mut keys = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let malformed = || MasterKeyError::Malformed {
                origin: origin.to_owned(),
                line: index + 1,
            };
            let bytes = Zeroizing::new(STANDARD.decode(line).map_err(|_| malformed())?);
            let key = <[u8; 32]>::try_from(bytes.as_slice()).map_err(|_| malformed())?;
            keys.push(MasterKey::new(Zeroizing::new(key)));
        }
        if keys.is_empty() {
            return Err(MasterKeyError::Malformed {
                origin: origin.to_owned(),
                line: 1,
            });
        }
        Ok(Self {
            keys,
            unsaved: None,
        })
    }

    /// The key that seals.
    pub(crate) fn active(&self) -> &MasterKey {
        // Neither of the two ways in makes an empty list.
        &self.keys[0]
    }

    /// The key of that id, if it is here.
    pub(crate) fn by_id(&self, id: &str) -> Option<&MasterKey> {
        self.keys.iter().find(|key| key.id == id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &MasterKey> {
        self.keys.iter()
    }

    /// The file that a new key is to be written to.
    pub(crate) fn unsaved(&self) -> Option<&PathBuf> {
        self.unsaved.as_ref()
    }

    /// Writes a new key to its file.
    pub(crate) fn save(&mut self) -> Result<(), MasterKeyError> {
        if let Some(path) = self.unsaved.take() {
            let mut text = STANDARD.encode(self.active().key.as_slice());
            text.push('\n');
            let written = file::create(&path, &text);
            text.zeroize();
            written?;
        }
        Ok(())
    }
}

impl MasterKey {
    fn new(key: Zeroizing<[u8; 32]>) -> Self {
        // Named by what it is, so that moving it from a file to a variable changes nothing.
        let name = blake3::derive_key("claviger 2026 the master key's id", key.as_slice());
        let id = name[..8]
            .iter()
            .fold(String::new(), |id, byte| format!("{id}{byte:02x}"));
        let seal = SealKey::new(&key);
        Self { id, seal, key }
    }
}

#[cfg(test)]
mod tests {
    use claviger_runtime::secret::Secret;

    use super::*;

    fn from_text(text: &str) -> Result<MasterKeys, MasterKeyError> {
        MasterKeys::load(&MasterKeySource::Value(Secret::from(text.to_owned())))
    }

    #[test]
    fn the_first_of_several_keys_is_active() {
        let (one, two) = (STANDARD.encode([1; 32]), STANDARD.encode([2; 32]));
        let both = from_text(&format!("# the new one\n{two}\n\n{one}\n")).unwrap();
        let old = from_text(&one).unwrap();
        assert!(both.by_id(&old.active().id).is_some());
        assert_ne!(both.active().id, old.active().id);
        assert_eq!(
            both.derived_key("cache"),
            from_text(&two).unwrap().derived_key("cache")
        );
        assert_ne!(both.derived_key("cache"), both.derived_key("other"));
    }

    #[test]
    fn what_is_no_key_is_refused_with_its_line() {
        for (text, at) in [("", 1), ("# none\n", 1), ("AAAA", 1), ("\nnot base64!", 2)] {
            let Err(error) = from_text(text) else {
                panic!("{text:?} was taken")
            };
            assert!(
                matches!(error, MasterKeyError::Malformed { line, .. } if line == at),
                "{text:?}: {error}"
            );
            assert!(!error.to_string().contains("AAAA") || text != "AAAA");
        }
    }
}
