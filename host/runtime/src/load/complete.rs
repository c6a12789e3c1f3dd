//! Whether a plugin's capabilities have what they need beside them.

use std::collections::BTreeSet;

use thiserror::Error;

use super::LoadError;
use crate::manifest::Manifest;
use crate::plugin::Capability;

/// What a capability needs and the plugin doesn't have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Lack {
    /// Another capability.
    #[error("the plugin exports `{capability}` without `{needs}`")]
    Capability {
        /// The one that it has.
        capability: Capability,
        /// The one that it needs.
        needs: Capability,
    },
    /// Whether the old secret goes on working beside the new one.
    #[error("the plugin exports `rotation`, and its manifest has no `overlap`")]
    Overlap,
}

impl Lack {
    /// What to do about it, in a sentence.
    #[must_use]
    pub fn remedy(self) -> String {
        match self {
            Self::Capability { needs, .. } => {
                let why = match needs {
                    Capability::Recovery => "what an interrupted rotation left behind is undone",
                    _ => "a new secret is tried before it takes the old one's place",
                };
                format!("export `{needs}` as well: with it {why}")
            }
            Self::Overlap => "say in the manifest whether the old secret goes on working (`\"overlap\": \"both-work\"`) or \
                              ends when the new one is made (`\"replaces\"`)"
                .to_owned(),
        }
    }
}

pub(super) fn listed(lacks: &[Lack]) -> String {
    let lacks: Vec<String> = lacks.iter().map(ToString::to_string).collect();
    lacks.join("; ")
}

/// A plugin that rotates must be able to check the new secret, to undo what an interrupted rotation left behind, and say
/// what becomes of the old one: a rotation is never begun that can't be ended.
pub(super) fn check(
    capabilities: &BTreeSet<Capability>,
    manifest: &Manifest,
) -> Result<(), LoadError> {
    let capability = Capability::Rotation;
    if !capabilities.contains(&capability) {
        return Ok(());
    }
    let mut lacks: Vec<Lack> = [Capability::Validation, Capability::Recovery]
        .into_iter()
        .filter(|needs| !capabilities.contains(needs))
        .map(|needs| Lack::Capability { capability, needs })
        .collect();
    if manifest.overlap.is_none() {
        lacks.push(Lack::Overlap);
    }
    if lacks.is_empty() {
        Ok(())
    } else {
        Err(LoadError::Incomplete(lacks))
    }
}
