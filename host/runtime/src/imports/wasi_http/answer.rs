//! An answer as the guest's client gets it, and a most of what the host holds of answers that the guest hasn't read.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::{Error, WasiBody};

use super::boxed;
use crate::egress::InboundResponse;

/// What a guest may leave unread of its answers, in KiB. A guest that reads each answer has one at a time.
const MOST_KIB: u32 = 16 << 10;

/// Headers that only the host gives.
const CAPTURED: HeaderName = HeaderName::from_static("claviger-captured");
const NOT_CAPTURED: HeaderName = HeaderName::from_static("claviger-not-captured");

/// Counts what the host holds of one call's answers.
#[derive(Clone)]
pub(super) struct Unread(Arc<Semaphore>);

impl Default for Unread {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST_KIB as usize)))
    }
}

/// A body that counts until it was read or dropped.
struct Held {
    body: Vec<u8>,
    _counted: OwnedSemaphorePermit,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Unread {
    /// The answer, where there is room for it.
    pub(super) fn response(&self, answer: InboundResponse) -> Result<Response<WasiBody>, Error> {
        let headers = headers(&answer);
        let size = answer.body.len();
        let counted = u32::try_from(size.div_ceil(1024))
            .ok()
            .and_then(|kib| self.0.clone().try_acquire_many_owned(kib).ok());
        let counted = counted.ok_or_else(|| {
            Error::HttpResponseBodySize(Some(u64::try_from(size).unwrap_or(u64::MAX)))
        })?;
        let body = Bytes::from_owner(Held {
            body: answer.body,
            _counted: counted,
        });
        let mut response = Response::new(boxed(body));
        *response.status_mut() =
            StatusCode::from_u16(answer.status).map_err(|_| Error::HttpProtocolError)?;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

fn headers(answer: &InboundResponse) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(answer.headers.len() + answer.captured.len());
    let parsed = answer.headers.iter().filter_map(|(name, value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        Some((name, HeaderValue::from_str(value).ok()?))
    });
    for (name, value) in parsed.filter(|(name, _)| *name != CAPTURED && *name != NOT_CAPTURED) {
        headers.append(name, value);
    }
    let captured = answer
        .captured
        .iter()
        .map(|(name, it)| (CAPTURED, name, it));
    let details = answer
        .details
        .iter()
        .filter_map(|(key, reason)| Some((NOT_CAPTURED, key.strip_prefix("capture:")?, reason)));
    let own = captured
        .map(|(header, name, it)| (header, name.as_str(), it))
        .chain(details);
    for (header, name, what) in own {
        // A capture whose name can't be in a header is found by its stand-in alone.
        if let Ok(value) = HeaderValue::from_str(&format!("{name}={what}")) {
            headers.append(header, value);
        }
    }
    headers
}
