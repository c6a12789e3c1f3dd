//! `workspaces`: the credentials of one workspace, under `/frontend/workspaces/{workspace_id}`.

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

mod activation;
mod create;
mod credential;
mod delete;
mod envelope;
pub(super) mod errors;
mod kinds;
mod list;
pub(super) mod names;
mod read;
mod update;

/// Its routes. What stands after `credentials/` is a kind where one is made, and an id everywhere else.
pub(super) fn routes() -> Router<App> {
    let credential = get(read::handle)
        .put(update::handle)
        .delete(delete::handle)
        .post(create::handle);
    Router::new()
        .route(
            "/frontend/workspaces/{workspace}/credentials",
            get(list::handle),
        )
        .route(
            "/frontend/workspaces/{workspace}/credentials/{credential}",
            credential,
        )
        .route(
            "/frontend/workspaces/{workspace}/credentials/{credential}/activate",
            post(activation::activate),
        )
        .route(
            "/frontend/workspaces/{workspace}/credentials/{credential}/deactivate",
            post(activation::deactivate),
        )
}
