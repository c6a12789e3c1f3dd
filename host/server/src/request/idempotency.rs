//! `Idempotency-Key`: what a client sends with a request that it may send again.

use axum::extract::FromRequestParts;
use claviger_vault::idempotency::Planned;
use claviger_vault::permission::{InWorkspace, Permit};
use http::request::Parts;

use super::body::JsonBody;
use crate::app::App;
use crate::refusal::Refusal;

const NAME: &str = "Idempotency-Key";

/// A request's key, if it has one, and its path, which is part of what it asks for.
pub(crate) struct IdempotencyKey {
    key: Option<String>,
    path: String,
}

impl IdempotencyKey {
    /// The id of what the request makes: the one that it had before, where it comes again.
    pub(crate) async fn planned<P: InWorkspace>(
        &self,
        app: &App,
        permit: &Permit<P>,
        operation: &'static str,
        body: &JsonBody,
    ) -> Result<Planned, Refusal> {
        let request = body.told_apart(&self.path)?;
        let planned = app
            .vault()
            .planned(permit, operation, self.key.as_deref(), &request);
        Ok(planned.await?)
    }
}

impl<S: Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let mut values = parts.headers.get_all(NAME).iter();
        let key = values
            .next()
            // What isn't ASCII is as little a key as an empty one, which the vault refuses.
            .map(|value| value.to_str().unwrap_or_default().to_owned());
        if values.next().is_some() {
            return Err(Refusal::invalid(NAME, "is given twice"));
        }
        Ok(Self {
            key,
            path: parts.uri.path().to_owned(),
        })
    }
}
