//! `POST /credentials/{name}/test`: asks the provider whether a credential works. `?connection=` names the credential to
//! reach the provider through, for plugins that need one.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::{CredentialRef, TestResult};
use claviger_vault::health::Health;
use claviger_vault::permission::credential;
use http::StatusCode;
use serde::Serialize;

use super::names;
use crate::app::App;
use crate::refusal::{Refusal, about};
use crate::request::{Fields, PathOf, Query};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct TestAnswer<'a> {
    status: &'static str,
    credential: &'a str,
    response_time_ms: u64,
    details: Details<'a>,
    tested_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// What the provider said. What it didn't say isn't there; whether it took the credential is `null` where nobody knows.
#[derive(Serialize)]
struct Details<'a> {
    authenticated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit_remaining: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quota_remaining: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scopes: &'a [String],
}

impl<'a> TestAnswer<'a> {
    fn of(result: &'a TestResult) -> Self {
        Self {
            status: names::health(result.health),
            credential: result.credential.name.as_str(),
            response_time_ms: result.response_time_ms,
            details: Details::of(result),
            tested_at: result.tested_at.into(),
            error: result.reason.as_deref(),
        }
    }
}

impl<'a> Details<'a> {
    fn of(result: &'a TestResult) -> Self {
        let report = result.report.as_ref();
        Self {
            authenticated: match result.health {
                Health::Valid => Some(true),
                Health::Invalid => Some(false),
                Health::Unknown => None,
            },
            rate_limit_remaining: report.and_then(|report| report.rate_limit_remaining),
            quota_remaining: report.and_then(|report| report.quota_remaining),
            account: report.and_then(|report| report.account.as_deref()),
            scopes: report.map_or(&[], |report| &report.scopes),
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    PathOf(name): PathOf<String>,
    Query(query): Query,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Test>(&app).await?;
    let connection = read(query)?;
    let reference = CredentialRef::Name(name.clone());
    let result = app
        .vault()
        .test_credential(&permit, &reference, connection.as_deref())
        .await
        .map_err(about(&name))?;
    Ok(answer::json(StatusCode::OK, &TestAnswer::of(&result)))
}

fn read(mut query: Fields) -> Result<Option<String>, Refusal> {
    let connection = query.text("connection");
    query.finish().map(|()| connection)
}
