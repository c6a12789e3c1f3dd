//! `aegis`: credentials by name, in the caller's home workspace or the one that `X-Workspace` names.
//!
//! Its document gives no status for a credential that was stored; it is 200, as everywhere else in it.

use axum::Router;
use axum::routing::{delete, get, post};

use crate::app::App;

mod actions;
mod apply;
mod audit_log;
mod check_all;
mod create;
mod dashboard;
mod details;
pub(super) mod errors;
mod expiring;
mod list;
mod names;
mod places;
mod retire;
mod rollback;
mod rotate;
mod schedule;
mod settings;
mod sync;
mod test;
mod update;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    let credential = get(details::handle)
        .patch(update::handle)
        .delete(retire::handle);
    Router::new()
        .route("/credentials", get(list::handle).post(create::handle))
        .route("/credentials/{name}", credential)
        .route("/credentials/{name}/test", post(test::handle))
        .route("/credentials/{name}/apply", post(apply::handle))
        .route("/credentials/{name}/places", delete(places::forget))
        .route("/sync/n8n", post(sync::handle))
        .route("/health/dashboard", get(dashboard::handle))
        .route("/health/expiring", get(expiring::handle))
        .route("/credentials/{name}/rotate", post(rotate::handle))
        .route("/credentials/{name}/rollback", post(rollback::handle))
        .route("/rotation/schedule", get(schedule::handle))
        .route("/health/check-all", post(check_all::handle))
        .route("/audit/log", get(audit_log::handle))
}
