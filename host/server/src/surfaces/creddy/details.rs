//! `GET /api/v1/credentials/{id}`: what is known of a lease, without its token.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::leases::{Lease, LeaseState};
use claviger_vault::permission::credential;
use http::StatusCode;
use serde::Serialize;

use super::names;
use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::PathOf;
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct LeaseAnswer<'a> {
    id: String,
    backend: &'a str,
    scopes: &'a [String],
    expires_at: Time,
    created_at: Time,
    /// Whether it was ended before its time.
    revoked: bool,
    status: &'static str,
    holder: &'a str,
}

impl<'a> LeaseAnswer<'a> {
    fn of(lease: &'a Lease) -> Self {
        Self {
            id: names::lease(lease.id),
            backend: &lease.backend,
            scopes: &lease.scopes,
            expires_at: lease.expires_at.into(),
            created_at: lease.created_at.into(),
            revoked: lease.state == LeaseState::Revoked,
            status: lease.state.as_str(),
            holder: &lease.holder_name,
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Read>(&app).await?;
    let lease = app.vault().lease(&permit, names::parse_lease(&id)?).await;
    let lease = lease.map_err(about(&id))?;
    Ok(answer::json(StatusCode::OK, &LeaseAnswer::of(&lease)))
}
