//! `GET /credentials/{name}`: all that is known of a credential, its secret aside.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::{CredentialDetails, CredentialRef, VersionInfo};
use claviger_vault::permission::credential;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use super::names;
use super::places::PlaceView;
use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::PathOf;
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct DetailsView<'a> {
    id: String,
    name: &'a str,
    credential_type: &'a str,
    provider: Option<&'a str>,
    status: &'static str,
    description: Option<&'a str>,
    provider_credential_id: Option<&'a str>,
    created_at: Time,
    updated_at: Time,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
    last_rotated_at: Option<Time>,
    last_health_check: Option<Time>,
    rotation_enabled: bool,
    rotation_interval_hours: u32,
    rotation_strategy: &'static str,
    next_rotation_at: Option<Time>,
    alert_threshold_hours: u32,
    tags: &'a [String],
    metadata: &'a Map<String, Value>,
    usage_stats: UsageView,
    version: u32,
    version_history: Vec<VersionView<'a>>,
    /// Where it is in use, which is ours.
    /// Where it is in use; left out where it isn't.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<PlaceView<'a>>,
}

#[derive(Serialize)]
struct UsageView {
    total_uses: u64,
    uses_last_24h: u64,
    uses_last_7d: u64,
}

#[derive(Serialize)]
struct VersionView<'a> {
    version: u32,
    created_at: Time,
    reason: &'a str,
}

impl<'a> VersionView<'a> {
    fn of(version: &'a VersionInfo) -> Self {
        Self {
            version: version.version,
            created_at: version.created_at.into(),
            reason: &version.reason,
        }
    }
}

impl<'a> DetailsView<'a> {
    fn of(details: &'a CredentialDetails, now: Timestamp) -> Self {
        let (credential, usage) = (&details.credential, &details.usage);
        Self {
            id: names::credential(credential.id),
            name: credential.name.as_str(),
            credential_type: &credential.kind,
            provider: credential.provider.as_deref(),
            status: credential.status(now).as_str(),
            description: credential.description.as_deref(),
            provider_credential_id: credential.provider_credential_id.as_deref(),
            created_at: credential.created_at.into(),
            updated_at: credential.updated_at.into(),
            expires_at: credential.expires_at.map(Time::from),
            last_used_at: credential.last_used_at().map(Time::from),
            last_rotated_at: credential.last_rotated_at.map(Time::from),
            last_health_check: credential.health_checked_at.map(Time::from),
            rotation_enabled: credential.rotation.enabled,
            rotation_interval_hours: credential.rotation.interval_hours,
            rotation_strategy: credential.rotation.strategy.as_str(),
            next_rotation_at: credential.next_rotation_at().map(Time::from),
            alert_threshold_hours: credential.alert_threshold_hours,
            tags: &credential.tags,
            metadata: &credential.metadata,
            usage_stats: UsageView {
                total_uses: usage.total,
                uses_last_24h: usage.last_24h,
                uses_last_7d: usage.last_7d,
            },
            version: credential.version,
            version_history: details.versions.iter().map(VersionView::of).collect(),
            places: details.places.iter().map(PlaceView::of).collect(),
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    PathOf(name): PathOf<String>,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Read>(&app).await?;
    let reference = CredentialRef::Name(name.clone());
    let details = app
        .vault()
        .credential_details(&permit, &reference)
        .await
        .map_err(about(&name))?;
    Ok(answer::json(
        StatusCode::OK,
        &DetailsView::of(&details, app.now()),
    ))
}
