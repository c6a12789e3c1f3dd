//! What operators are told of the plugin directory.

use std::collections::BTreeMap;
use std::sync::Arc;

use claviger_runtime::Plugin;

use super::slot::{Candidate, Latest, Slot, Standing, Waiting};

/// The files of the plugin directory, by name.
#[derive(Default)]
pub(crate) struct Listing(Option<Vec<Listed>>);

/// One file.
pub(crate) struct Listed {
    pub(crate) file: String,
    /// What serves from it, or served until a twin took its place.
    pub(crate) serving: Option<Arc<Plugin>>,
    /// What the file is now, where that isn't what serves.
    pub(crate) state: Option<FileState>,
}

/// What a file is that doesn't serve.
pub(crate) enum FileState {
    /// It is being copied, read, checked or compiled.
    Compiling,
    /// It can't serve.
    Refused(String),
    /// It may not serve until somebody approves it.
    Waiting(Arc<Candidate>, Waiting),
}

impl Listing {
    /// `twins` are plugins that another file serves in the same version.
    pub(super) fn of(
        slots: &BTreeMap<String, Slot>,
        twins: &BTreeMap<String, Arc<Plugin>>,
    ) -> Self {
        let listed = slots.iter().map(|(file, slot)| {
            let twin = twins.get(file);
            Listed {
                file: file.clone(),
                serving: slot.serving.clone().filter(|_| twin.is_none()),
                state: state(slot, twin.map(Arc::as_ref)),
            }
        });
        Self(Some(listed.collect()))
    }

    /// Whether nothing was listed yet.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Each file.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.0.iter().flatten()
    }

    /// The file that a plugin serves from.
    pub(crate) fn file_of(&self, plugin: &Arc<Plugin>) -> Option<&str> {
        let serves = |listed: &&Listed| {
            let serving = listed.serving.as_ref();
            serving.is_some_and(|serving| Arc::ptr_eq(serving, plugin))
        };
        self.iter().find(serves).map(|listed| listed.file.as_str())
    }

    /// The plugins of that name that wait, each file's bytes once.
    pub(crate) fn waiting(&self, name: &str) -> Vec<&Arc<Candidate>> {
        let mut found: Vec<&Arc<Candidate>> = Vec::new();
        for listed in self.iter() {
            if let Some(FileState::Waiting(candidate, _)) = &listed.state
                && candidate.prepared.manifest().name == name
                && !found
                    .iter()
                    .any(|it| it.prepared.hash() == candidate.prepared.hash())
            {
                found.push(candidate);
            }
        }
        found
    }
}

fn state(slot: &Slot, twin: Option<&Plugin>) -> Option<FileState> {
    if slot.loading {
        return Some(FileState::Compiling);
    }
    match &slot.latest {
        Latest::Refused(reason) => Some(FileState::Refused(reason.clone())),
        Latest::Unknown | Latest::Loaded(_, Standing::Undecided) => Some(FileState::Compiling),
        Latest::Loaded(candidate, Standing::Waiting(waiting)) => {
            Some(FileState::Waiting(Arc::clone(candidate), waiting.clone()))
        }
        Latest::Loaded(_, Standing::Granted) => twin.map(|plugin| {
            FileState::Refused(format!(
                "another file serves `{}` in version {}",
                plugin.name(),
                plugin.version()
            ))
        }),
    }
}
