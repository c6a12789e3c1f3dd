//! `accounts`: logging in, and (later) the keys that callers mint for themselves.

use axum::Router;
use axum::routing::post;

use crate::app::App;

pub(super) mod errors;
mod token;

/// Its routes.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/v1/token", post(token::create))
        .route("/v1/token/refresh", post(token::refresh))
        .route("/v1/token/revoke", post(token::revoke))
}
