//! Leases of all workspaces, for who runs the server: those that may still work, whatever has become of them.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::leases::{Lease, LeaseFilter, LeaseState};
use claviger_vault::permission::workspace;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::{Refusal, about_a};
use crate::request::{Authenticated, Fields, JsonBody, PathOf, Query};
use crate::surfaces::creddy::RevokedAnswer;
use crate::surfaces::time::Time;
use crate::surfaces::{
    answer, credential_id, lease_id, parse_lease_id, parse_workspace_id, user_id, workspace_id,
};

#[derive(Serialize)]
struct LeasesAnswer<'a> {
    leases: Vec<LeaseView<'a>>,
}

#[derive(Serialize)]
struct LeaseView<'a> {
    id: String,
    workspace: String,
    backend: &'a str,
    provider: &'a str,
    /// The credential that it was issued from, and in which of its versions.
    root: String,
    root_version: u32,
    holder: &'a str,
    holder_id: String,
    status: &'static str,
    scopes: &'a [String],
    ttl: String,
    created_at: Time,
    expires_at: Time,
    /// When it stops working at the provider at the latest; `null`: not by itself.
    ends_at: Option<Time>,
    ended_at: Option<Time>,
    /// What happened at the provider.
    outcome: Option<&'static str>,
    /// How often the provider was asked in vain to end it, and when it is asked again.
    attempts: u32,
    next_at: Option<Time>,
    error: Option<&'a str>,
}

impl<'a> LeaseView<'a> {
    fn of(lease: &'a Lease) -> Self {
        Self {
            id: lease_id(lease.id),
            workspace: workspace_id(lease.workspace),
            backend: &lease.backend,
            provider: &lease.provider,
            root: credential_id(lease.root),
            root_version: lease.root_version,
            holder: &lease.holder_name,
            holder_id: user_id(lease.holder),
            status: lease.state.as_str(),
            scopes: &lease.scopes,
            ttl: lease.ttl.to_string(),
            created_at: lease.created_at.into(),
            expires_at: lease.expires_at.into(),
            ends_at: lease.ends_at.map(Time::from),
            ended_at: lease.ended_at.map(Time::from),
            outcome: lease
                .at_provider
                .map(claviger_vault::leases::AtProvider::as_str),
            attempts: lease.attempts,
            next_at: lease.next_at.map(Time::from),
            error: lease.error.as_deref(),
        }
    }
}

/// `GET /admin/leases`
pub(super) async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let permit = app.server_permit::<workspace::Manage>(&caller).await?;
    let leases = app.vault().leases(&permit, &read(query)?).await?;
    let leases = leases.iter().map(LeaseView::of).collect();
    Ok(answer::json(StatusCode::OK, &LeasesAnswer { leases }))
}

/// `POST /admin/leases/{id}/revoke`, with `force` in the body or the query.
pub(super) async fn revoke(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    Query(query): Query,
    body: Option<JsonBody>,
) -> Result<Response, Refusal> {
    let permit = app.server_permit::<workspace::Manage>(&caller).await?;
    let in_body = body.map(|body| body.fields()).transpose()?;
    let force = read_force(query)? | in_body.map(read_force).transpose()?.unwrap_or_default();
    let lease = parse_lease_id(&id)?;
    let revoked = app.vault().revoke_any_lease(&permit, lease, force).await;
    let revoked = revoked.map_err(about_a("Lease", &id))?;
    Ok(answer::json(StatusCode::OK, &RevokedAnswer::of(&revoked)))
}

fn read(mut query: Fields) -> Result<LeaseFilter, Refusal> {
    let states = LeaseState::ALL.map(|state| (state.as_str(), state));
    let mut id = |name: &str| query.text(name);
    let (workspace, after) = (id("workspace"), id("after"));
    let filter = LeaseFilter {
        workspace: workspace.and_then(|text| {
            let parsed = parse_workspace_id(&text);
            if parsed.is_none() {
                query.problem("workspace", "must be a workspace's id");
            }
            parsed
        }),
        after: after.and_then(|text| {
            let parsed = parse_lease_id(&text).ok();
            if parsed.is_none() {
                query.problem("after", "must be a lease's id");
            }
            parsed
        }),
        backend: query.text("backend"),
        state: query.choice("status", &states),
        limit: query
            .integer("limit", 1..=1000)
            .and_then(|limit| u32::try_from(limit).ok()),
    };
    query.finish().map(|()| filter)
}

fn read_force(mut fields: Fields) -> Result<bool, Refusal> {
    let force = fields.boolean("force").unwrap_or_default();
    fields.finish().map(|()| force)
}
