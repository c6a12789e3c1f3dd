//! Our own errors: `{"error": {"code", "message"}}`. Paths that no surface has are answered with these too.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::refusal::Refusal;
use crate::surfaces::answer;

#[derive(Serialize)]
struct ErrorAnswer {
    error: ErrorBody,
}

#[derive(Serialize)]
struct ErrorBody {
    code: &'static str,
    message: String,
}

/// The answer to what can't be done.
pub(crate) fn render(refusal: &Refusal) -> Response {
    let (status, code) = classify(refusal);
    answer::json(
        status,
        &ErrorAnswer {
            error: ErrorBody {
                code,
                message: refusal.message(),
            },
        },
    )
}

fn classify(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Unauthenticated(_) | Refusal::WrongPassword => {
            (StatusCode::UNAUTHORIZED, "unauthorized")
        }
        Refusal::NotAMember { .. } | Refusal::Forbidden { .. } => {
            (StatusCode::FORBIDDEN, "forbidden")
        }
        Refusal::NotFound { .. } | Refusal::NoSuchPath => (StatusCode::NOT_FOUND, "not_found"),
        Refusal::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Refusal::NameTaken { .. } | Refusal::Conflict { .. } => (StatusCode::CONFLICT, "conflict"),
        Refusal::Malformed(_) | Refusal::NotIssued { .. } => {
            (StatusCode::BAD_REQUEST, "invalid_request")
        }
        Refusal::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "validation_failed"),
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
        Refusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
        Refusal::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
        Refusal::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Refusal::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Refusal::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}
