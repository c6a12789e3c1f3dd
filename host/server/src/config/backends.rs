//! `[[backend]]`: what leases are issued from.

use std::collections::{BTreeMap, BTreeSet};

use claviger_vault::backends::{ConfiguredBackend, NewBackend};
use claviger_vault::leases::Ttl;
use semver::VersionReq;
use serde::Deserialize;

use super::error::ConfigError;

/// A backend, as it is written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    id: String,
    provider: String,
    credential: String,
    #[serde(default = "default_workspace")]
    workspace: String,
    default_ttl: Option<Ttl>,
    max_ttl: Option<Ttl>,
    allowed_scopes: Option<Vec<String>>,
    pin: Option<VersionReq>,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
}

/// All of them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Backends(Vec<Entry>);

fn default_workspace() -> String {
    "default".to_owned()
}

impl Backends {
    /// Those that hold to the rules; all that any of them breaks is told.
    pub fn check(&self) -> Result<Vec<ConfiguredBackend>, ConfigError> {
        let (mut checked, mut problems, mut ids) = (Vec::new(), Vec::new(), BTreeSet::new());
        for entry in &self.0 {
            let named = format!("[[backend]] `{}`", entry.id);
            if !ids.insert((&entry.workspace, &entry.id)) {
                problems.push(format!("{named}: `id` is given twice in one workspace"));
            }
            match entry.read().check() {
                Ok(backend) => checked.push(ConfiguredBackend {
                    backend,
                    workspace: entry.workspace.clone(),
                }),
                Err(broken) => problems.extend(
                    broken
                        .iter()
                        .map(|problem| format!("{named}: `{}` {}", problem.field, problem.message)),
                ),
            }
        }
        if problems.is_empty() {
            Ok(checked)
        } else {
            Err(ConfigError::Keys(problems))
        }
    }
}

impl Entry {
    fn read(&self) -> NewBackend {
        NewBackend {
            id: self.id.clone(),
            provider: self.provider.clone(),
            credential: self.credential.clone(),
            default_ttl: self.default_ttl,
            max_ttl: self.max_ttl,
            allowed_scopes: self.allowed_scopes.clone(),
            pin: self.pin.clone(),
            parameters: self.parameters.clone(),
        }
    }
}
