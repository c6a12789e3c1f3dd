//! `creddy`: leases, in the caller's home workspace or the one that `X-Workspace` names.
//!
//! Its document gives no status for a credential that was issued; it is 200, as everywhere else in it. What it calls a
//! credential is a lease here, and its ids are no credential's.
//!
//! `DELETE` of a credential that its provider can't end early, or hasn't ended yet, answers `"revoked": false` and says which
//! of the two in `provider`, with when it ends by itself: whoever is told that a token is revoked stops looking after it.

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

mod audit;
mod backends;
mod details;
pub(super) mod errors;
mod issue;
pub(super) mod names;
mod revoke;

pub(super) use revoke::RevokedAnswer;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/api/v1/credentials", post(issue::handle))
        .route(
            "/api/v1/credentials/{id}",
            get(details::handle).delete(revoke::handle),
        )
        .route("/api/v1/backends", get(backends::list))
        .route("/api/v1/backends/{id}", get(backends::details))
        .route("/api/v1/audit", get(audit::handle))
}
