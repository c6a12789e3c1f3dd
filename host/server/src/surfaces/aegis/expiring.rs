//! `GET /health/expiring`: the credentials that end soon, the next one first.
//!
//! Those that have ended aren't among them. The document has no further parameters; `limit` and `offset` are those of
//! `GET /credentials`, but 1000 are answered where nothing is said, and `count` is always of all.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::{Expiring, ExpiringCredential};
use claviger_vault::permission::credential;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Fields, Query};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

/// What is asked about where nothing is said, in hours: the default of a credential's own threshold.
const THRESHOLD: u32 = 168;
/// The longest that can be asked about, in hours: ten years.
const LONGEST_THRESHOLD: i64 = 87_600;

#[derive(Serialize)]
struct ExpiringAnswer<'a> {
    credentials: Vec<ExpiringView<'a>>,
    count: u64,
    threshold_hours: u32,
}

#[derive(Serialize)]
struct ExpiringView<'a> {
    name: &'a str,
    expires_at: Time,
    expires_in_hours: i64,
    rotation_enabled: bool,
}

impl<'a> ExpiringView<'a> {
    fn of(credential: &'a ExpiringCredential) -> Self {
        Self {
            name: &credential.name,
            expires_at: credential.expires_at.into(),
            expires_in_hours: credential.expires_in_hours,
            rotation_enabled: credential.rotation_enabled,
        }
    }
}

impl<'a> ExpiringAnswer<'a> {
    fn of(expiring: &'a Expiring, threshold_hours: u32) -> Self {
        Self {
            credentials: expiring.credentials.iter().map(ExpiringView::of).collect(),
            count: expiring.total,
            threshold_hours,
        }
    }
}

struct Wanted {
    threshold_hours: u32,
    limit: Option<u32>,
    offset: u64,
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Read>(&app).await?;
    let wanted = read(query)?;
    let hours = wanted.threshold_hours;
    let expiring = app
        .vault()
        .expiring(&permit, hours, wanted.limit, wanted.offset)
        .await?;
    Ok(answer::json(
        StatusCode::OK,
        &ExpiringAnswer::of(&expiring, hours),
    ))
}

fn read(mut query: Fields) -> Result<Wanted, Refusal> {
    let threshold_hours = query
        .integer("threshold_hours", 1..=LONGEST_THRESHOLD)
        .and_then(|hours| u32::try_from(hours).ok());
    let (limit, offset) = super::list::page(&mut query);
    query.finish()?;
    Ok(Wanted {
        threshold_hours: threshold_hours.unwrap_or(THRESHOLD),
        limit,
        offset,
    })
}
