//! Who asks, and in which workspace.

use axum::extract::FromRequestParts;
use claviger_vault::identity::Caller;
use claviger_vault::permission::{InWorkspace, Permit, WorkspaceRef};
use http::request::Parts;

use crate::app::App;
use crate::refusal::Refusal;
use crate::request::Authenticated;

/// A caller, and the workspace that `X-Workspace` names, if it is there.
pub(super) struct Asked {
    caller: Caller,
    workspace: Option<String>,
}

impl Asked {
    /// Leave to do `P` in that workspace, or at home.
    pub(super) async fn permit<P: InWorkspace>(&self, app: &App) -> Result<Permit<P>, Refusal> {
        match &self.workspace {
            Some(named) => app.permit(&self.caller, WorkspaceRef::Text(named)).await,
            None => app.permit(&self.caller, self.caller.home_workspace()).await,
        }
    }
}

impl FromRequestParts<App> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, app).await?;
        // What isn't text names no workspace, and is answered like any other that nobody is a member of.
        let workspace = parts
            .headers
            .get("x-workspace")
            .map(|value| value.to_str().unwrap_or_default().to_owned());
        Ok(Self { caller, workspace })
    }
}
