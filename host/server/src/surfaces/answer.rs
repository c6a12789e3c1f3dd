//! Answers in JSON, written once.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use zeroize::Zeroizing;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What most answers fit in, so that most are written without moving.
const USUAL_LENGTH: usize = 1024;

/// An answer.
pub(crate) fn json(status: StatusCode, answer: &impl Serialize) -> Response {
    let mut bytes = Vec::with_capacity(USUAL_LENGTH);
    match serde_json::to_writer(&mut bytes, answer) {
        Ok(()) => respond(status, Body::from(bytes)),
        Err(error) => axum::response::IntoResponse::into_response(
            crate::refusal::Refusal::Internal(Box::new(error)),
        ),
    }
}

/// An answer with a secret in it, of about `length` bytes: no cache may keep it, and the buffer zeroes itself once sent.
pub(crate) fn json_with_secret(
    status: StatusCode,
    answer: &impl Serialize,
    length: usize,
) -> Response {
    // JSON escapes make at most six bytes of one. A buffer that doesn't move leaves no copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(USUAL_LENGTH + 6 * length));
    let written = serde_json::to_writer(&mut *bytes, answer);
    let mut response = match written {
        Ok(()) => respond(status, Body::from(Bytes::from_owner(bytes))),
        Err(error) => axum::response::IntoResponse::into_response(
            crate::refusal::Refusal::Internal(Box::new(error)),
        ),
    };
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn respond(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}
