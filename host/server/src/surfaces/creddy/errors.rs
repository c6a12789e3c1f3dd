//! `creddy`'s errors: `{"error": {"code", "message"}}`.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::refusal::{NotIssued, Refusal};
use crate::surfaces::answer;

/// What a backend that isn't there is told as: the document writes it so.
pub(super) const BACKEND: &str = "Backend";

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
    let message = match refusal {
        Refusal::NotFound { what, name } if !name.is_empty() => {
            format!("{what} '{}' not found", Refusal::shown(name))
        }
        _ => refusal.message(),
    };
    let error = ErrorBody { code, message };
    answer::json(status, &ErrorAnswer { error })
}

fn classify(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Unauthenticated(_) | Refusal::WrongPassword => {
            (StatusCode::UNAUTHORIZED, "unauthorized")
        }
        Refusal::NotAMember { .. } | Refusal::Forbidden { .. } => {
            (StatusCode::FORBIDDEN, "forbidden")
        }
        Refusal::NotFound { what, .. } if *what == BACKEND => {
            (StatusCode::NOT_FOUND, "backend_not_found")
        }
        Refusal::NotFound { .. } => (StatusCode::NOT_FOUND, "credential_not_found"),
        Refusal::NoSuchPath => (StatusCode::NOT_FOUND, "not_found"),
        Refusal::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Refusal::NameTaken { .. } | Refusal::Conflict { .. } => (StatusCode::CONFLICT, "conflict"),
        Refusal::Malformed(_) | Refusal::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        Refusal::NotIssued { reason, .. } => match reason {
            NotIssued::Scope => (StatusCode::FORBIDDEN, "scope_not_allowed"),
            NotIssued::Ttl => (StatusCode::BAD_REQUEST, "ttl_exceeded"),
        },
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Refusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
        Refusal::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
        Refusal::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Refusal::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Refusal::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}
