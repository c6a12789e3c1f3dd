//! `accounts`' errors: `{"status": "error", "message", "code"}`.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::refusal::Refusal;
use crate::surfaces::answer;

#[derive(Serialize)]
struct ErrorAnswer {
    status: &'static str,
    message: String,
    code: &'static str,
}

/// The answer to what can't be done.
pub(crate) fn render(refusal: &Refusal) -> Response {
    let (status, code) = classify(refusal);
    answer::json(
        status,
        &ErrorAnswer {
            status: "error",
            message: refusal.message(),
            code,
        },
    )
}

fn classify(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Refusal::WrongPassword => (StatusCode::UNAUTHORIZED, "invalid_credentials"),
        Refusal::NotAMember { .. } | Refusal::Forbidden { .. } => {
            (StatusCode::FORBIDDEN, "forbidden")
        }
        Refusal::NotFound { .. } | Refusal::NoSuchPath => (StatusCode::NOT_FOUND, "not_found"),
        Refusal::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Refusal::NameTaken { .. } | Refusal::Conflict { .. } => (StatusCode::CONFLICT, "conflict"),
        Refusal::Malformed(_) | Refusal::NotIssued { .. } => {
            (StatusCode::BAD_REQUEST, "bad_request")
        }
        Refusal::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "validation_error"),
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
        Refusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
        Refusal::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
        Refusal::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Refusal::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
        Refusal::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}
