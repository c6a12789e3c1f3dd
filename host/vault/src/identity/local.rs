//! Who acts through the control socket, which takes no token: whoever can open it has the master key anyway.

use std::sync::Arc;

use super::caller::{Caller, Session};
use super::token::TokenId;
use crate::Vault;
use crate::error::{InternalError, VaultError};
use crate::request::RequestInfo;
use crate::store::identity as rows;

/// What the audit log says that they came through.
const CONTROL_SOCKET: &str = "control socket";

impl Vault {
    /// The oldest administrator who may log in, as whom the operator acts who came through the control socket in this
    /// request. Their entries in the audit log have `"through": "control socket"` in their detail.
    pub async fn local_operator(&self, request: &RequestInfo) -> Result<Caller, VaultError> {
        let mut reader = self.inner.database.read().await?;
        let account = rows::oldest_administrator(&mut reader).await?;
        let account = account.ok_or_else(|| VaultError::Conflict {
            message: "No administrator may log in, so nobody can be acted for".to_owned(),
            retry_after_ms: None,
        })?;
        let expires_at = self.now().checked_add(self.inner.identity.token_lifetime);
        let session = Session {
            user: account.user.id,
            username: account.user.username.as_str().into(),
            administrator: account.user.administrator,
            home_workspace: account.user.home_workspace,
            // No token has it, so none is revoked with it.
            token: TokenId::draw(),
            expires_at: expires_at.map_err(InternalError::new)?,
            era: account.era,
        };
        Ok(Caller::new(Arc::new(session), request).through(CONTROL_SOCKET))
    }
}
