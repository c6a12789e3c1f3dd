//! The parts of the path.

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::refusal::Refusal;

/// The path's parameters, percent-decoded.
pub(crate) struct PathOf<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for PathOf<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        if parts.uri.path().contains("%00") {
            // No name has it, and PostgreSQL has no such text to look for.
            return Err(Refusal::Malformed(
                "The path has a NUL character".to_owned(),
            ));
        }
        match Path::from_request_parts(parts, state).await {
            Ok(Path(parameters)) => Ok(Self(parameters)),
            Err(PathRejection::FailedToDeserializePathParams(_)) => Err(Refusal::Malformed(
                "The path is not UTF-8 where it is percent-encoded".to_owned(),
            )),
            Err(other) => Err(Refusal::Internal(Box::new(other))),
        }
    }
}
