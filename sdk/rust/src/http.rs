//! The way out to the provider: only to origins that the manifest asks for and the operator granted, without redirects.
//!
//! Put a stand-in where the manifest says that its secret goes: a header, a query parameter, a form field, a string in a
//! JSON body, the password of Basic authentication, or a whole segment of the path. Anywhere else the host refuses to send
//! the request, with the failure `denied`.

mod encoding;
mod request;
mod response;
mod retry_after;

pub use crate::bindings::imports::claviger::provider::http::{CaptureSource, Signature};
pub use encoding::{base64, base64url, percent};
pub use request::Request;
pub use response::Response;

/// A `GET` request.
pub fn get(url: impl Into<String>) -> Request {
    Request::new("GET", url)
}

/// A `POST` request.
pub fn post(url: impl Into<String>) -> Request {
    Request::new("POST", url)
}

/// A `PUT` request.
pub fn put(url: impl Into<String>) -> Request {
    Request::new("PUT", url)
}

/// A `PATCH` request.
pub fn patch(url: impl Into<String>) -> Request {
    Request::new("PATCH", url)
}

/// A `DELETE` request.
pub fn delete(url: impl Into<String>) -> Request {
    Request::new("DELETE", url)
}
