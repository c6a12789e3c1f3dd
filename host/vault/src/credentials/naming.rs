//! Whoever says which of a provider's keys a credential is says which key its rotation ends.
//!
//! A key that ends itself is its own proof. A plugin that ends keys through a connection ends any of the account's, so
//! naming one takes the leave to manage the workspace, which whoever stored the connection shares.

use claviger_runtime::plugin::Capability;
use semver::VersionReq;

use super::model::Credential;
use super::rules::{Problems, check_external_id};
use crate::error::VaultError;
use crate::ids::{UserId, WorkspaceId};
use crate::permission::{Lapsed, Permission as _, workspace};
use crate::vault::Vault;

impl Vault {
    /// Demands that a user may give a credential that is there the id of a key at its provider.
    pub(crate) async fn demand_renaming(
        &self,
        credential: &Credential,
        user: UserId,
        id: &str,
    ) -> Result<(), VaultError> {
        if credential.provider_credential_id.as_deref() == Some(id) {
            return Ok(());
        }
        let mut problems = Problems::default();
        check_external_id(Some(id), &mut problems);
        problems.settle()?;
        let (plugin, pin) = (credential.plugin.as_deref(), credential.pin.as_ref());
        self.demand_naming(credential.workspace, user, plugin, pin)
            .await
    }

    /// Demands that a user may say which of a provider's keys a plugin's credential is.
    pub(super) async fn demand_naming(
        &self,
        workspace: WorkspaceId,
        user: UserId,
        plugin: Option<&str>,
        pin: Option<&VersionReq>,
    ) -> Result<(), VaultError> {
        let Some(name) = plugin else {
            return Ok(());
        };
        // One that isn't here now may need a connection once it is.
        let is_needed = self
            .inner
            .catalogue
            .load()
            .select(name, pin)
            .is_none_or(|plugin| {
                [Capability::Rotation, Capability::Restoration]
                    .into_iter()
                    .any(|capability| plugin.manifest().connection_for(capability).is_some())
            });
        if !is_needed || self.manages(workspace, user).await? {
            return Ok(());
        }
        let permission = workspace::Manage::ANY;
        Err(VaultError::Lapsed(Lapsed::Permission { permission }))
    }
}
