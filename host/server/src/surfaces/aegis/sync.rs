//! `POST /sync/n8n`: makes n8n's credentials known. `connection` names the credential that opens the n8n, where there are
//! several.

use axum::extract::State;
use axum::response::Response;
use claviger_vault::permission::credential;
use claviger_vault::places::{Renamed, Synced};
use http::StatusCode;
use serde::Serialize;

use super::names;
use crate::app::App;
use crate::refusal::Refusal;
use crate::request::JsonBody;
use crate::surfaces::answer;
use crate::surfaces::asked::Asked;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct SyncAnswer<'a> {
    synced: u64,
    new: Vec<NewView<'a>>,
    updated: Vec<UpdatedView<'a>>,
    synced_at: Time,
}

#[derive(Serialize)]
struct NewView<'a> {
    name: &'a str,
    id: String,
}

#[derive(Serialize)]
struct UpdatedView<'a> {
    name: &'a str,
    changes: &'a [&'static str],
}

impl<'a> SyncAnswer<'a> {
    fn of(synced: &'a Synced) -> Self {
        let new = synced.new.iter().map(|credential| NewView {
            name: credential.name.as_str(),
            id: names::credential(credential.id),
        });
        let updated = |renamed: &'a Renamed| UpdatedView {
            name: &renamed.name,
            changes: &renamed.changes,
        };
        Self {
            synced: synced.synced,
            new: new.collect(),
            updated: synced.updated.iter().map(updated).collect(),
            synced_at: synced.synced_at.into(),
        }
    }
}

pub(super) async fn handle(
    State(app): State<App>,
    asked: Asked,
    body: Option<JsonBody>,
) -> Result<Response, Refusal> {
    let may_read = asked.permit::<credential::Read>(&app).await?;
    let permit = asked.permit::<credential::Create>(&app).await?;
    let connection = body.map_or(Ok(None), |body| read(&body))?;
    let synced = app.vault().sync_n8n(permit, &may_read, connection).await?;
    Ok(answer::json(StatusCode::OK, &SyncAnswer::of(&synced)))
}

fn read(body: &JsonBody) -> Result<Option<String>, Refusal> {
    let mut fields = body.fields()?;
    let connection = fields.text("connection");
    fields.finish().map(|()| connection)
}
