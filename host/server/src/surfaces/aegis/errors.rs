//! `aegis`' errors: `{"error", "message", …}`, with what else the document gives each of them.
//!
//! A broken rule and a name that is taken are both `400 bad_request`: the document has no other code for them.

use axum::response::Response;
use http::StatusCode;
use serde::Serialize;

use crate::refusal::Refusal;
use crate::surfaces::answer;

#[derive(Serialize)]
struct ErrorAnswer<'a> {
    error: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    required_permission: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

/// The answer to what can't be done.
pub(crate) fn render(refusal: &Refusal) -> Response {
    let (status, error) = classify(refusal);
    let mut body = ErrorAnswer {
        error,
        message: refusal.message(),
        credential: None,
        required_permission: None,
        retry_after_ms: None,
    };
    match refusal {
        Refusal::NameTaken { name, .. } => body.credential = Some(name),
        Refusal::NotAMember { permission } | Refusal::Forbidden { permission } => {
            "Credential access denied".clone_into(&mut body.message);
            body.required_permission = Some(permission);
        }
        Refusal::Conflict { retry_after_ms, .. } => body.retry_after_ms = *retry_after_ms,
        Refusal::TooManyRequests { retry_after_ms } => body.retry_after_ms = Some(*retry_after_ms),
        _ => {}
    }
    answer::json(status, &body)
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
        Refusal::Conflict { .. } => (StatusCode::CONFLICT, "conflict"),
        Refusal::NameTaken { .. }
        | Refusal::Malformed(_)
        | Refusal::Invalid(_)
        | Refusal::NotIssued { .. } => (StatusCode::BAD_REQUEST, "bad_request"),
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
        Refusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout"),
        Refusal::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"),
        Refusal::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
        Refusal::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "service_unavailable"),
        Refusal::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}
