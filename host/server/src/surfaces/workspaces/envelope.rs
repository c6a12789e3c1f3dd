//! `workspaces`' envelope around everything it answers.

use axum::extract::FromRequestParts;
use axum::response::Response;
use claviger_vault::RequestInfo;
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;

use crate::app::App;
use crate::refusal::Refusal;
use crate::surfaces::answer;
use crate::surfaces::time::Time;

/// What a successful answer is wrapped in.
#[derive(Serialize)]
struct Envelope<'a, T> {
    status: &'static str,
    code: u16,
    message: Option<&'a str>,
    #[serde(rename = "traceId")]
    trace_id: &'a str,
    timestamp: Time,
    data: &'a T,
}

/// Writes envelopes for one request.
pub(super) struct Reply {
    trace_id: String,
    timestamp: Time,
}

impl Reply {
    /// `data` alone, as answers to a question are.
    pub(super) fn data(&self, data: &impl Serialize) -> Response {
        answer::json(StatusCode::OK, &self.envelope(None, data))
    }

    /// `data` with a message, as answers to a change are.
    pub(super) fn done(&self, message: &str, data: &impl Serialize) -> Response {
        answer::json(StatusCode::OK, &self.envelope(Some(message), data))
    }

    /// `data` with secrets of so many bytes in it.
    pub(super) fn secret(&self, data: &impl Serialize, length: usize) -> Response {
        answer::json_with_secret(StatusCode::OK, &self.envelope(None, data), length)
    }

    fn envelope<'a, T>(&'a self, message: Option<&'a str>, data: &'a T) -> Envelope<'a, T> {
        let (trace_id, timestamp) = (self.trace_id.as_str(), self.timestamp);
        Envelope {
            status: "success",
            code: 200,
            message,
            trace_id,
            timestamp,
            data,
        }
    }
}

impl FromRequestParts<App> for Reply {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let info = parts
            .extensions
            .get::<RequestInfo>()
            .ok_or_else(|| Refusal::Internal("no trace id".into()))?;
        Ok(Self {
            trace_id: info.trace_id.clone(),
            timestamp: app.now().into(),
        })
    }
}
