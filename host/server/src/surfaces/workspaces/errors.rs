//! `workspaces`' errors: its envelope with `status: "error"`, `error_message` and `error_code`.
//!
//! The document gives 400 to a name that is taken and 422 to whatever else is wrong with a body, so that a client may take
//! 400 for the former: a body that isn't JSON is 422 too.

use axum::response::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use crate::front::TraceId;
use crate::refusal::Refusal;
use crate::surfaces::answer;
use crate::surfaces::time::Time;

#[derive(Serialize)]
struct ErrorEnvelope<'a> {
    status: &'static str,
    code: u16,
    message: Option<&'static str>,
    #[serde(rename = "traceId")]
    trace_id: &'a str,
    timestamp: Time,
    error_message: String,
    error_code: &'static str,
}

/// The answer to what can't be done.
pub(crate) fn render(refusal: &Refusal, trace: &TraceId, now: Timestamp) -> Response {
    let (status, error_code) = classify(refusal);
    let envelope = ErrorEnvelope {
        status: "error",
        code: status.as_u16(),
        message: None,
        trace_id: trace.as_str(),
        timestamp: now.into(),
        error_message: message(refusal),
        error_code,
    };
    answer::json(status, &envelope)
}

fn message(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotFound { what, .. } => format!("{what} not found"),
        Refusal::Invalid(_) => format!("Validation failed: {}", refusal.message()),
        Refusal::Forbidden { permission } => {
            format!("Workspace access denied: this needs the permission `{permission}`")
        }
        other => other.message(),
    }
}

fn classify(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::Unauthenticated(_) | Refusal::WrongPassword => {
            (StatusCode::UNAUTHORIZED, "TOKEN_INVALID")
        }
        Refusal::NotAMember { .. } => (StatusCode::FORBIDDEN, "FORBIDDEN"),
        Refusal::Forbidden { .. } => (StatusCode::FORBIDDEN, "INSUFFICIENT_PERMISSIONS"),
        Refusal::NotFound { .. } | Refusal::NoSuchPath => {
            (StatusCode::NOT_FOUND, "RESOURCE_NOT_FOUND")
        }
        Refusal::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
        Refusal::NameTaken { .. } => (StatusCode::BAD_REQUEST, "RESOURCE_ALREADY_EXISTS"),
        Refusal::Conflict { .. } => (StatusCode::CONFLICT, "CONFLICT"),
        Refusal::Malformed(_) | Refusal::Invalid(_) | Refusal::NotIssued { .. } => {
            (StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_ERROR")
        }
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
        Refusal::TooSlow => (StatusCode::REQUEST_TIMEOUT, "REQUEST_TIMEOUT"),
        Refusal::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE"),
        Refusal::TooManyRequests { .. } => (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED"),
        Refusal::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "SERVICE_UNAVAILABLE"),
        Refusal::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR"),
    }
}
