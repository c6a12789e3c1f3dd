//! An answer.

use serde::de::DeserializeOwned;

use super::retry_after;
use crate::bindings::imports::claviger::provider::http as host;
use crate::{Context, Failure};

/// What the provider answered, scrubbed of this call's secrets.
pub struct Response(pub(super) host::Response);

impl Response {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status
    }

    /// The first header of that name; the name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0
            .headers
            .iter()
            .find(|header| header.key == name)
            .map(|header| header.value.as_str())
    }

    /// All headers, names in lower case.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .headers
            .iter()
            .map(|header| (header.key.as_str(), header.value.as_str()))
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.0.body
    }

    /// The body as JSON of the shape asked for. Anything else is a provider that nobody understands: `unreachable`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.0.body).map_err(|_| {
            Failure::unreachable(format!(
                "HTTP {}: the body is not the JSON expected",
                self.0.status
            ))
        })
    }

    /// The stand-in of a captured secret; not having matched it is a failure, as nothing else has the secret.
    pub fn captured(&self, name: &str) -> Result<&str, Failure> {
        let captured = self.0.captured.iter().find(|capture| capture.key == name);
        captured
            .map(|capture| capture.value.as_str())
            .ok_or_else(|| {
                Failure::unknown_outcome(format!(
                    "HTTP {}: the answer has no `{name}` to capture",
                    self.0.status
                ))
            })
    }

    /// `Retry-After` in milliseconds: seconds or a date (RFC 9110, 10.2.3).
    #[must_use]
    pub fn retry_after_ms(&self, context: &Context) -> Option<u32> {
        retry_after::parse(self.header("retry-after")?, context.now_ms)
    }

    /// What an answer means that the plugin has no meaning of its own for: 429 is `rate-limited`, all else is a provider
    /// that nobody understands. Neither says anything of the credential.
    #[must_use]
    pub fn unexpected(&self, context: &Context) -> Failure {
        match self.0.status {
            429 => {
                Failure::rate_limited("HTTP 429: too many requests", self.retry_after_ms(context))
            }
            status @ 500.. => Failure {
                retry_after_ms: self.retry_after_ms(context),
                ..Failure::unreachable(format!("HTTP {status}: the provider is in trouble"))
            },
            status => Failure::unreachable(format!(
                "HTTP {status} is not an answer that was expected here"
            )),
        }
    }

    /// The same where the request was to make or change something. Unless the provider refused it (4xx), it may have been
    /// done: `unknown-outcome`.
    #[must_use]
    pub fn unexpected_change(&self, context: &Context) -> Failure {
        match self.0.status {
            400..=499 => self.unexpected(context),
            status => Failure {
                retry_after_ms: self.retry_after_ms(context),
                ..Failure::unknown_outcome(format!(
                    "HTTP {status}: nobody knows whether the provider did what it was asked for"
                ))
            },
        }
    }
}
