//! What is known of one file.

use std::sync::Arc;

use claviger_plugins::PLUGINS;
use claviger_runtime::directory::Stamp;
use claviger_runtime::grant::{Right, Rights};
use claviger_runtime::manifest::Manifest;
use claviger_runtime::{Plugin, Prepared};
use claviger_vault::plugins::Asking;

use crate::front::Chain;

/// The longest reason that is kept as it is, in bytes.
const LONGEST_REASON: usize = 4 << 10;

/// A file, and what serves from it.
#[derive(Default)]
pub(super) struct Slot {
    /// The state that `latest` is about.
    pub(super) stamp: Option<Stamp>,
    /// What came of the file as it is now.
    pub(super) latest: Latest,
    /// The state that it is to be loaded in, once there is room.
    pub(super) wanted: Option<Stamp>,
    /// Whether the file is being loaded.
    pub(super) loading: bool,
    /// What serves: the file as it is now, or as it was before it was replaced by something that can't serve.
    pub(super) serving: Option<Arc<Plugin>>,
}

/// What came of a file as it is now.
#[derive(Default)]
pub(super) enum Latest {
    /// Nothing yet.
    #[default]
    Unknown,
    /// It can't serve.
    Refused(String),
    /// It can, as far as the file goes.
    Loaded(Arc<Candidate>, Standing),
}

/// What was decided of a plugin.
#[derive(Clone)]
pub(super) enum Standing {
    /// Nothing yet, or the vault couldn't be asked.
    Undecided,
    /// It serves.
    Granted,
    /// It may not serve yet.
    Waiting(Waiting),
}

/// Why a plugin waits.
#[derive(Clone)]
pub(crate) struct Waiting {
    pub(crate) reason: String,
    /// What it asks for beyond what it would get by itself.
    pub(crate) beyond: Vec<Right>,
}

/// A plugin that could serve.
pub(crate) struct Candidate {
    pub(crate) prepared: Prepared,
    rights: Rights,
}

impl Candidate {
    pub(super) fn of(prepared: Prepared) -> Arc<Self> {
        let rights = Rights::asked(prepared.manifest());
        Arc::new(Self { prepared, rights })
    }

    /// What it asks the vault for.
    pub(crate) fn asking(&self) -> Asking<'_> {
        asking(self.prepared.manifest(), self.prepared.hash(), &self.rights)
    }
}

impl Slot {
    /// The file can't serve. What served from it goes on. Answers the reason where it is news.
    pub(super) fn refuse(&mut self, refusal: &dyn std::error::Error) -> Option<&str> {
        let reason = cut(Chain(refusal).to_string());
        let known = matches!(&self.latest, Latest::Refused(known) if *known == reason);
        self.latest = Latest::Refused(reason);
        match &self.latest {
            Latest::Refused(reason) if !known => Some(reason),
            _ => None,
        }
    }

    /// Whether what serves is the file as it was before.
    pub(super) fn serves_from_memory(&self) -> Option<&Arc<Plugin>> {
        let is_latest = |plugin: &&Arc<Plugin>| match &self.latest {
            Latest::Loaded(candidate, _) => candidate.prepared.hash() == plugin.hash(),
            Latest::Unknown | Latest::Refused(_) => false,
        };
        self.serving.as_ref().filter(|plugin| !is_latest(plugin))
    }
}

/// A reason quotes the plugin, and is kept, logged and listed for as long as the file is there.
fn cut(reason: String) -> String {
    if reason.len() <= LONGEST_REASON {
        return reason;
    }
    let kept = &reason[..reason.floor_char_boundary(LONGEST_REASON)];
    format!(
        "{kept}… (cut, of {} bytes; `claviger plugin check` says it all)",
        reason.len()
    )
}

/// What a plugin of the directory asks the vault for.
pub(super) fn asking<'a>(
    manifest: &'a Manifest,
    hash: &'a blake3::Hash,
    rights: &'a Rights,
) -> Asking<'a> {
    Asking {
        name: &manifest.name,
        version: &manifest.version,
        hash,
        rights,
        lent: false,
        reserved: PLUGINS.iter().any(|plugin| plugin.name == manifest.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_and_says_so() {
        let mut slot = Slot::default();
        let long = std::io::Error::other("ä".repeat(1 << 20));
        let told = slot.refuse(&long).expect("news").to_owned();
        assert!(told.len() < LONGEST_REASON + 100, "{}", told.len());
        assert!(told.contains("ä… (cut, of 2097152 bytes"), "{told}");
        assert_eq!(slot.refuse(&long), None);
        let short = std::io::Error::other("ä".repeat(LONGEST_REASON / 2));
        assert_eq!(slot.refuse(&short), Some(short.to_string().as_str()));
    }
}
