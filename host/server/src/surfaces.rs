//! The REST APIs that the server speaks, each to the letter of its document, and our own.
//!
//! A surface is a file with its routes, a folder with one file per resource, and `errors.rs`, the one place that knows what
//! its errors look like. To add an endpoint: its request and response types and its handler in a file there, a line in the
//! routes. A handler takes the request apart, gets a permit, makes one call of the vault and renders.
//!
//! All routes stand in one router under their whole paths, so a request is routed once; which surface answers what none of
//! them serves is told by [`Surface::of`].

use axum::Router;
use axum::response::Response;
use jiff::Timestamp;

use crate::app::App;
use crate::front::TraceId;
use crate::refusal::Refusal;

mod accounts;
mod admin;
mod aegis;
mod answer;
mod asked;
mod creddy;
#[cfg(test)]
mod error_shapes;
mod fixed;
mod health;
mod time;
mod workspaces;

pub(crate) use admin::{PluginView, PluginsAnswer};
pub(crate) use creddy::names::{lease as lease_id, parse_lease as parse_lease_id};
pub(crate) use workspaces::names::{
    credential as credential_id, parse_credential as parse_credential_id,
    parse_user as parse_user_id, parse_workspace as parse_workspace_id, user as user_id,
    workspace as workspace_id,
};

/// Whose words an answer is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    Accounts,
    Workspaces,
    Aegis,
    Creddy,
    Admin,
}

impl Surface {
    /// The surface that `path` belongs to. What belongs to none is answered as ours.
    pub(crate) fn of(path: &str) -> Self {
        let mut parts = path.split('/').skip(1);
        let first = parts.next().unwrap_or_default();
        match first {
            // `/api/v1/v1` is another surface's.
            "api" if parts.next() == Some("v1") && parts.next() != Some("v1") => Self::Creddy,
            "v1" => Self::Accounts,
            "frontend" => Self::Workspaces,
            "credentials" | "sync" | "audit" | "rotation" => Self::Aegis,
            "health" if path.len() > "/health".len() => Self::Aegis,
            _ => Self::Admin,
        }
    }

    /// The error that this surface's clients understand.
    pub(crate) fn error(self, refusal: &Refusal, trace: &TraceId, now: Timestamp) -> Response {
        match self {
            Self::Accounts => accounts::errors::render(refusal),
            Self::Workspaces => workspaces::errors::render(refusal, trace, now),
            Self::Aegis => aegis::errors::render(refusal),
            Self::Creddy => creddy::errors::render(refusal),
            Self::Admin => admin::errors::render(refusal),
        }
    }
}

/// Every route there is.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .merge(health::routes())
        .merge(accounts::routes())
        .merge(workspaces::routes())
        .merge(aegis::routes())
        .merge(creddy::routes())
        .merge(admin::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(app)
}

/// The routes of the control socket: ours alone.
pub(crate) fn control_router(app: App) -> Router {
    Router::new()
        .merge(admin::routes())
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .with_state(app)
}

async fn no_such_path() -> Refusal {
    Refusal::NoSuchPath
}

async fn no_such_method() -> Refusal {
    Refusal::MethodNotAllowed
}

#[cfg(test)]
mod tests {
    use super::Surface;

    #[test]
    fn a_path_tells_its_surface() {
        for (path, surface) in [
            ("/v1/token", Surface::Accounts),
            (
                "/frontend/workspaces/WSP-1/credentials",
                Surface::Workspaces,
            ),
            ("/credentials", Surface::Aegis),
            ("/credentials/a/b/c", Surface::Aegis),
            ("/health/check-all", Surface::Aegis),
            ("/api/v1/credentials", Surface::Creddy),
            ("/api/v1/credentials/cred_1", Surface::Creddy),
            ("/api/v1/nothing", Surface::Creddy),
            ("/api/v1", Surface::Creddy),
            ("/api/v1/v1/api-keys", Surface::Admin),
            ("/api/v2/credentials", Surface::Admin),
            ("/health", Surface::Admin),
            ("/admin/users", Surface::Admin),
            ("/", Surface::Admin),
            ("*", Surface::Admin),
        ] {
            assert_eq!(Surface::of(path), surface, "{path}");
        }
    }
}
