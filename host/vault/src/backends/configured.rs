//! The backends of the configuration. They are in memory alone: what the operator takes out of the file is gone with the next
//! start, and its leases end all the same.

use std::sync::OnceLock;

use super::input::CheckedBackend;
use super::model::{Backend, BackendId};
use crate::error::VaultError;
use crate::ids::WorkspaceId;
use crate::store::{backends as rows, identity};
use crate::vault::Vault;

/// A backend of the configuration.
#[derive(Debug, Clone)]
pub struct ConfiguredBackend {
    /// It.
    pub backend: CheckedBackend,
    /// The name of its workspace, which needn't be there yet.
    pub workspace: String,
}

/// All of them, once they are known.
#[derive(Default)]
pub(crate) struct Configured(OnceLock<Vec<ConfiguredBackend>>);

impl Configured {
    fn all(&self) -> &[ConfiguredBackend] {
        self.0.get().map_or(&[], Vec::as_slice)
    }
}

impl Vault {
    /// Takes the backends of the configuration, once, and tells what is wrong with each of them: nothing of that keeps the
    /// server from working, and all of it can change while it does.
    pub async fn configure_backends(
        &self,
        backends: Vec<ConfiguredBackend>,
    ) -> Result<Vec<String>, VaultError> {
        let configured = &self.inner.configured_backends.0;
        let backends = configured.get_or_init(|| backends);
        if backends.is_empty() {
            return Ok(Vec::new());
        }
        let mut reader = self.inner.database.read().await?;
        let workspaces = identity::workspaces(&mut reader).await?;
        drop(reader);
        let mut problems = Vec::new();
        for one in backends {
            let id = one.backend.id();
            let found = workspaces.iter().find(|it| it.name == one.workspace);
            let Some(workspace) = found.map(|found| found.id) else {
                problems.push(format!(
                    "the backend `{id}`: there is no workspace `{}`",
                    one.workspace
                ));
                continue;
            };
            if rows::find(&self.inner.database, &workspace.to_string(), id.as_str())
                .await?
                .is_some()
            {
                problems.push(format!(
                    "the backend `{id}` stands in the configuration and was added by an operator as well; that of the \
                     configuration counts"
                ));
            }
            let backend = one.backend.within(workspace, true);
            if let Some(problem) = self.problem(&backend).await? {
                problems.push(format!("the backend `{id}`: {problem}"));
            }
        }
        Ok(problems)
    }

    /// The configured backends of a workspace.
    pub(super) async fn configured_in(
        &self,
        workspace: WorkspaceId,
    ) -> Result<Vec<Backend>, VaultError> {
        let all = self.inner.configured_backends.all();
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let name = rows::workspace_name(&self.inner.database, &workspace.to_string()).await?;
        let here = all
            .iter()
            .filter(|one| Some(&one.workspace) == name.as_ref());
        Ok(here
            .map(|one| one.backend.within(workspace, true))
            .collect())
    }

    /// Whether the configuration has a backend of that id in a workspace.
    pub(super) async fn configured_with(
        &self,
        workspace: WorkspaceId,
        id: &BackendId,
    ) -> Result<Option<Backend>, VaultError> {
        let all = self.configured_in(workspace).await?;
        Ok(all.into_iter().find(|backend| backend.id == *id))
    }
}
