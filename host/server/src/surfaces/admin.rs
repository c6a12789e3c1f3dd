//! `admin`: ours, for operators: users, workspaces, members, plugins.

use axum::Router;
use axum::routing::{get, post, put};

use crate::app::App;

pub(super) mod errors;
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
        .route("/admin/plugins", get(plugins::list))
        .route("/admin/plugins/reload", post(plugins::reload))
        .route("/admin/plugins/{name}/approve", post(plugins::approve))
        .route("/admin/plugins/{name}/withdraw", post(plugins::withdraw))
}
