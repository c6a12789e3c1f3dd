//! A file that asks for something, and the grant that it gets.

use claviger_runtime::Rights;
use semver::Version;

use crate::audit::NewEntry;
use crate::error::VaultError;
use crate::store::plugins::{self as rows, NewGrant};

/// The most rights that an entry of the audit log lists; a manifest may ask for thousands of places.
const MOST_LISTED: usize = 32;

/// A file of the plugin directory, and what its manifest asks for.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The name in its manifest.
    pub name: &'a str,
    /// The version in its manifest.
    pub version: &'a Version,
    /// The BLAKE3 hash of the file.
    pub hash: &'a blake3::Hash,
    /// All that it asks for.
    pub rights: &'a Rights,
    /// Whether it bears the name of a plugin that is embedded in the server: it then gets nothing by itself.
    pub reserved: bool,
    /// Whether the configuration lends something to its name that no file gets by itself: a directory, variables, secrets
    /// in clear, credentials that name no provider.
    pub lent: bool,
}

impl Asking<'_> {
    /// The grant of all that it asks for.
    pub(super) fn grant(
        &self,
        how: &'static str,
        granted_by: Option<String>,
        granted_at: i64,
    ) -> Result<NewGrant, VaultError> {
        Ok(NewGrant {
            name: self.name.to_owned(),
            hash: self.hash.to_hex().to_string(),
            version: self.version.to_string(),
            rights: rows::write_rights(self.rights)?,
            how,
            granted_by,
            granted_at,
        })
    }

    /// The entry, with which file it is about and what that asks for.
    pub(super) fn told(&self, entry: NewEntry) -> NewEntry {
        let all: Vec<_> = self.rights.iter().collect();
        let listed: Vec<_> = all
            .iter()
            .take(MOST_LISTED)
            .map(ToString::to_string)
            .collect();
        let left_out = all.len() - listed.len();
        let entry = entry
            .target(self.name)
            .detail("version", self.version.to_string())
            .detail("hash", self.hash.to_hex().as_str())
            .detail("rights", listed);
        if left_out == 0 {
            entry
        } else {
            entry.detail("left_out", left_out)
        }
    }
}
