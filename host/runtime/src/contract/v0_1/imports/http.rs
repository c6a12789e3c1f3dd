//! `http.send`: the typed way out.

use std::time::Duration;

use super::super::bindings::claviger::provider::http::{self, Host};
use super::super::bindings::claviger::provider::types::Failure;
use super::super::types::{attributes, pairs};
use crate::call::CallState;
use crate::egress::{
    Capture, InboundResponse, OutboundRequest, SendFailure, Signature, WantedSource,
};

/// The most captures of one request.
const CAPTURES: usize = 8;

impl Host for CallState {
    async fn send(&mut self, request: http::Request) -> Result<http::Response, Failure> {
        let deadline = self.deadline;
        let _wait = self.waiting.begin();
        let answer = self.session()?.send(request.try_into()?, deadline).await?;
        Ok(answer.into())
    }
}

impl TryFrom<http::Request> for OutboundRequest {
    type Error = SendFailure;

    fn try_from(request: http::Request) -> Result<Self, Self::Error> {
        if request.captures.len() > CAPTURES {
            return Err(SendFailure::invalid(format!(
                "a request has at most {CAPTURES} captures"
            )));
        }
        Ok(Self {
            method: request.method,
            url: request.url,
            headers: pairs(request.headers),
            body: request.body,
            timeout: request
                .timeout_ms
                .map(|ms| Duration::from_millis(ms.into())),
            captures: request.captures.into_iter().map(Capture::from).collect(),
            signature: request.signature.map(|signature| Signature {
                scheme: signature.scheme,
                secret: signature.secret,
                parameters: pairs(signature.parameters),
            }),
            options: pairs(request.options),
        })
    }
}

impl From<http::Capture> for Capture {
    fn from(capture: http::Capture) -> Self {
        let source = match capture.source {
            http::CaptureSource::JsonPointer(pointer) => WantedSource::JsonPointer(pointer),
            http::CaptureSource::Header(name) => WantedSource::Header(name),
            http::CaptureSource::Pattern(pattern) => WantedSource::Pattern(pattern),
        };
        Self {
            name: capture.name,
            source,
        }
    }
}

impl From<InboundResponse> for http::Response {
    fn from(response: InboundResponse) -> Self {
        Self {
            status: response.status,
            headers: attributes(response.headers),
            body: response.body,
            captured: attributes(response.captured),
            details: attributes(response.details),
        }
    }
}
