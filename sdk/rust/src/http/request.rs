//! A request, built up and sent.

use serde::Serialize;

use super::encoding::{base64, percent};
use super::{CaptureSource, Response, Signature};
use crate::bindings::imports::claviger::provider::http as host;
use crate::{Attribute, Failure};

/// A request that isn't sent yet.
#[must_use = "a request does nothing until `send`"]
pub struct Request {
    inner: host::Request,
    /// The first thing that went wrong while it was built; `send` reports it.
    broken: Option<Failure>,
}

impl Request {
    /// A request of any method to an absolute URL.
    pub fn new(method: &str, url: impl Into<String>) -> Self {
        let inner = host::Request {
            method: method.to_owned(),
            url: url.into(),
            headers: Vec::new(),
            body: None,
            timeout_ms: None,
            captures: Vec::new(),
            signature: None,
            options: Vec::new(),
        };
        Self {
            inner,
            broken: None,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.inner.headers.push(Attribute {
            key: name.to_owned(),
            value: value.into(),
        });
        self
    }

    /// `Authorization: Bearer …`
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// `Authorization: Basic …` (RFC 7617). The password may be a stand-in.
    pub fn basic(self, user: &str, password: &str) -> Self {
        self.header(
            "authorization",
            format!("Basic {}", base64(format!("{user}:{password}").as_bytes())),
        )
    }

    /// Adds a query parameter, percent-encoded.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let separator = if self.inner.url.contains('?') {
            '&'
        } else {
            '?'
        };
        self.inner.url.push(separator);
        self.inner.url.push_str(&pair(name, value));
        self
    }

    /// The body, as `application/x-www-form-urlencoded`.
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let form: Vec<String> = fields
            .iter()
            .map(|(name, value)| pair(name, value))
            .collect();
        self.header("content-type", "application/x-www-form-urlencoded")
            .body(form.join("&"))
    }

    /// The body, as JSON.
    pub fn json(mut self, value: &impl Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => self.header("content-type", "application/json").body(body),
            Err(error) => {
                self.broken.get_or_insert(Failure::invalid_input(format!(
                    "the body can't be written as JSON: {error}"
                )));
                self
            }
        }
    }

    /// The body as it is; say with a header of what content type it is.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.inner.body = Some(body.into());
        self
    }

    /// The longest that it may take, in milliseconds, if that is less than what is left of the call.
    pub fn timeout_ms(mut self, timeout: u32) -> Self {
        self.inner.timeout_ms = Some(timeout);
        self
    }

    /// Has the host take a new secret out of the answer; [`Response::captured`] has its stand-in. The manifest declares
    /// captures.
    pub fn capture(mut self, name: &str, source: CaptureSource) -> Self {
        self.inner.captures.push(host::Capture {
            name: name.to_owned(),
            source,
        });
        self
    }

    /// Has the host sign the request as it leaves.
    pub fn signed(mut self, signature: Signature) -> Self {
        self.inner.signature = Some(signature);
        self
    }

    /// Sends it. An answer of any status is `Ok`; no answer is a failure that the host made, to be passed on with `?`.
    pub fn send(self) -> Result<Response, Failure> {
        match self.broken {
            Some(failure) => Err(failure),
            None => host::send(&self.inner).map(Response),
        }
    }
}

fn pair(name: &str, value: &str) -> String {
    format!("{}={}", percent(name), percent(value))
}
