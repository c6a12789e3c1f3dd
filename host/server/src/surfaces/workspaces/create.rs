//! `POST …/credentials/{kind}`: stores a credential of any kind that a plugin declares.

use axum::extract::State;
use axum::response::Response;
use claviger_runtime::Catalogue;
use claviger_vault::credentials::NewCredential;
use claviger_vault::permission::credential;
use serde::Serialize;

use super::envelope::Reply;
use super::{kinds, names};
use crate::app::App;
use crate::refusal::Refusal;
use crate::request::{Authenticated, Fields, IdempotencyKey, JsonBody, PathOf};

/// What an `Idempotency-Key` of such a request is for.
const OPERATION: &str = "create";

#[derive(Serialize)]
struct Created {
    id: String,
}

pub(super) async fn handle(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    PathOf((workspace, kind)): PathOf<(String, String)>,
    reply: Reply,
    key: IdempotencyKey,
    body: JsonBody,
) -> Result<Response, Refusal> {
    let permit = app
        .permit::<credential::Create>(&caller, workspace.as_str())
        .await?;
    let catalogue = app.catalogue();
    let kind = kinds::of_path(&catalogue, &kind).ok_or_else(|| unknown_kind(&catalogue))?;
    let message = format!("{} credential created successfully.", names::spoken(&kind));
    let mut new = read(body.fields()?, kind, &catalogue)?;
    let planned = key.planned(&app, &permit, OPERATION, &body).await?;
    new.planned = Some(planned);
    let created = app.vault().create_credential(&permit, new).await?;
    Ok(reply.done(
        &message,
        &Created {
            id: names::credential(created.id),
        },
    ))
}

fn unknown_kind(catalogue: &Catalogue) -> Refusal {
    let known = kinds::spelled_in_paths(catalogue);
    Refusal::invalid(
        "credential_type",
        format!("the path must end in one of {known}"),
    )
}

/// What every kind has beside the fields of its own. What is neither is ignored, as clients of this API expect.
fn read(mut fields: Fields, kind: String, catalogue: &Catalogue) -> Result<NewCredential, Refusal> {
    // Of a kind that one plugin knows, the provider is no question.
    let several = catalogue.routing_kind(&kind).len() > 1;
    let mut new = NewCredential {
        name: fields.required_text("name"),
        provider: if several {
            Some(fields.required_text("provider"))
        } else {
            fields.text("provider")
        },
        description: fields.text("description"),
        tags: fields.texts("tags").unwrap_or_default(),
        expires_at: fields.timestamp("expires_at"),
        connection: fields.text("connection"),
        ..NewCredential::default()
    };
    for name in kinds::fields(catalogue, &kind, new.provider.as_deref()) {
        if let Some(value) = fields.secret(&name) {
            new.fields.push((name, value));
        }
    }
    fields.finish()?;
    Ok(NewCredential { kind, ..new })
}
