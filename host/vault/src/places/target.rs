//! Which plugin puts a credential to use, and through which connection.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use claviger_runtime::plugin::{Capability, Plugin};

use crate::credentials::connection::{Connection, Found};
use crate::error::{Problem, VaultError};
use crate::ids::WorkspaceId;
use crate::store::claims::Claims;
use crate::store::places::Claim;
use crate::vault::Vault;

/// The plugin that is meant where several could be.
const USUAL: &str = "n8n";
/// What a call may take beyond its plugin's own limit: waiting its turn, and writing what came of it.
const MARGIN: Duration = Duration::from_secs(30);

impl Vault {
    /// The plugin that is named, or else the only one that puts credentials to use, or else the usual one.
    pub(super) fn applying_plugin(&self, named: Option<&str>) -> Result<Arc<Plugin>, VaultError> {
        let problem = |message: String| VaultError::Invalid(vec![Problem::new("target", message)]);
        let catalogue = self.inner.catalogue.load();
        let plugins: BTreeSet<&str> = catalogue.iter().map(|plugin| plugin.name()).collect();
        let able: Vec<_> = plugins
            .into_iter()
            .filter_map(|name| catalogue.by_name(name))
            .filter(|plugin| plugin.capabilities().contains(&Capability::Application))
            .collect();
        let found = match (named, &able[..]) {
            (Some(name), _) => able.iter().find(|plugin| plugin.name() == name),
            (None, [only]) => Some(only),
            (None, _) => able.iter().find(|plugin| plugin.name() == USUAL),
        };
        if let Some(plugin) = found {
            return Ok(Arc::clone(plugin));
        }
        let listed: Vec<_> = able
            .iter()
            .map(|plugin| format!("`{}`", plugin.name()))
            .collect();
        Err(problem(match (named, listed.is_empty()) {
            (_, true) => "no plugin puts credentials to use in a target".to_owned(),
            (Some(_), false) => format!(
                "is no plugin that puts credentials to use; those are {}",
                listed.join(", ")
            ),
            (None, false) => format!("must be one of {}", listed.join(", ")),
        }))
    }

    /// The connection that opens the target of a plugin's capability.
    pub(super) async fn target_connection(
        &self,
        plugin: &Plugin,
        capability: Capability,
        workspace: WorkspaceId,
        named: Option<&str>,
    ) -> Found<Connection> {
        match plugin.manifest().connection_for(capability) {
            Some(kind) => self.connection_of(plugin, kind, workspace, named).await,
            None => Ok(Err(format!(
                "the plugin `{}` doesn't say which type of credential opens its target",
                plugin.name()
            ))),
        }
    }

    /// What an application is claimed with for so many calls of a plugin.
    pub(super) async fn claim_for(
        &self,
        plugin: &Plugin,
        calls: usize,
    ) -> Result<Claim, VaultError> {
        let calls = u32::try_from(calls).unwrap_or(u32::MAX);
        let lasts = (plugin.limits().wall + MARGIN).saturating_mul(calls);
        let now = self.now().as_millisecond();
        Ok(Claim {
            claims: Claims::now(&self.inner.database, &self.inner.host, now).await?,
            lasts: i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX),
            now,
        })
    }
}
