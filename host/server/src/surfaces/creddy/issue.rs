//! `POST /api/v1/credentials`: a short-lived credential from a backend.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use claviger_vault::credentials::RevealedField;
use claviger_vault::leases::{IssuedLease, NewLease, Ttl};
use claviger_vault::permission::credential;
use http::StatusCode;
use serde::Serialize;

use super::names;
use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Fields, IdempotencyKey, JsonBody};
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

/// What an `Idempotency-Key` of such a request is for.
const OPERATION: &str = "issue";

/// The field that the document calls the token.
const TOKEN: &str = "token";

#[derive(Serialize)]
struct IssuedAnswer<'a> {
    id: String,
    token: &'a str,
    backend: &'a str,
    scopes: &'a [String],
    expires_at: Time,
    created_at: Time,
    /// What there is beside the token, where a provider gives more.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<&'a str, &'a str>,
}

impl<'a> IssuedAnswer<'a> {
    fn of(issued: &'a IssuedLease) -> Self {
        let fields = &issued.fields;
        // Where there is no token by that name, it is the first secret: one there always is.
        let token = fields
            .iter()
            .find(|field| field.name == TOKEN)
            .or_else(|| fields.iter().find(|field| field.secret));
        let others = fields.iter().filter(|field| field.name != TOKEN);
        let lease = &issued.lease;
        Self {
            id: names::lease(lease.id),
            token: token.map_or("", text),
            backend: &lease.backend,
            scopes: &lease.scopes,
            expires_at: lease.expires_at.into(),
            created_at: lease.created_at.into(),
            fields: others
                .map(|field| (field.name.as_str(), text(field)))
                .collect(),
        }
    }
}

/// What a field holds, which is text.
fn text(field: &RevealedField) -> &str {
    field.value.expose_str().unwrap_or_default()
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = asked.permit::<credential::Issue>(&app).await?;
    let mut new = read(body.fields()?)?;
    let planned = key.planned(&app, &permit, OPERATION, &body).await?;
    new.id = Some(planned.lease());
    let issued = app.vault().issue_lease(&permit, new).await?;
    let length = issued.fields.iter().map(|field| field.value.len()).sum();
    let answer = IssuedAnswer::of(&issued);
    Ok(answer::json_with_secret(StatusCode::OK, &answer, length))
}

fn read(mut fields: Fields) -> Result<NewLease, Refusal> {
    let new = NewLease {
        id: None,
        backend: fields.required_text("backend"),
        ttl: ttl(&mut fields, "ttl"),
        scopes: fields.texts("scopes").unwrap_or_default(),
        metadata: fields.object("metadata").unwrap_or_default(),
    };
    fields.finish().map(|()| new)
}

/// A time to live, if there is one.
pub(super) fn ttl(fields: &mut Fields, name: &str) -> Option<Ttl> {
    let parsed = fields.text(name)?.parse();
    parsed
        .map_err(|why: claviger_vault::leases::TtlError| fields.problem(name, why.to_string()))
        .ok()
}
