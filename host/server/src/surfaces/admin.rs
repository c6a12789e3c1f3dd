//! `admin`: ours, for operators: users, workspaces, members, backends, leases, plugins.

use axum::Router;
use axum::routing::{delete, get, post, put};

use crate::app::App;

mod backends;
pub(super) mod errors;
mod leases;
mod members;
mod origins;
mod pins;
mod plugins;
mod rotations;
mod users;
mod workspaces;

pub(crate) use plugins::{PluginView, PluginsAnswer};

/// Its routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/admin/users", get(users::list).post(users::create))
        .route(
            "/admin/workspaces",
            get(workspaces::list).post(workspaces::create),
        )
        .route(
            "/admin/workspaces/{workspace}/members/{user}",
            put(members::put).delete(members::remove),
        )
        .route(
            "/admin/workspaces/{workspace}/origins",
            get(origins::list)
                .post(origins::approve)
                .delete(origins::withdraw),
        )
        .route(
            "/admin/workspaces/{workspace}/credentials/{credential}/pin",
            put(pins::put).delete(pins::remove),
        )
        .route("/admin/rotations", get(rotations::list))
        .route("/admin/rotations/{id}/give-up", post(rotations::give_up))
        .route(
            "/admin/backends",
            get(backends::list).post(backends::create),
        )
        .route("/admin/backends/{id}", delete(backends::remove))
        .route("/admin/leases", get(leases::list))
        .route("/admin/leases/{id}/revoke", post(leases::revoke))
        .route("/admin/plugins", get(plugins::list))
        .route("/admin/plugins/reload", post(plugins::reload))
        .route("/admin/plugins/{name}/approve", post(plugins::approve))
        .route("/admin/plugins/{name}/withdraw", post(plugins::withdraw))
}
