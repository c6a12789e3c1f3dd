//! `DELETE /api/v1/credentials/{id}`: a lease ended before its time.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::leases::{AtProvider, RevokedLease};
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
pub(in crate::surfaces) struct RevokedAnswer {
    id: String,
    /// Whether it works no more.
    revoked: bool,
    revoked_at: Option<Time>,
    /// What happened at the provider: `revoked`, `already_gone`, `until_expiry`, `pending`; `forced` where an operator gave
    /// it up.
    provider: &'static str,
    /// Where it may still work: when it ends by itself, if it ever does.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Time>,
}

impl RevokedAnswer {
    pub(in crate::surfaces) fn of(revoked: &RevokedLease) -> Self {
        let lease = &revoked.lease;
        let is_over = !matches!(
            revoked.at_provider,
            AtProvider::UntilExpiry | AtProvider::Pending
        );
        Self {
            id: names::lease(lease.id),
            revoked: is_over,
            revoked_at: lease.ended_at.filter(|_| is_over).map(Time::from),
            provider: revoked.at_provider.as_str(),
            expires_at: lease.ends_at.filter(|_| !is_over).map(Time::from),
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Revoke>(&app).await?;
    let lease = names::parse_lease(&id)?;
    let revoked = app.vault().revoke_lease(&permit, lease).await;
    let revoked = revoked.map_err(about(&id))?;
    Ok(answer::json(StatusCode::OK, &RevokedAnswer::of(&revoked)))
}
