//! Where in a request a secret stands.

use std::fmt;
use std::str::FromStr;

use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::egress::request::is_hosts_own;

/// A position in a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Position {
    /// `header:<name>`: in the value of the header, in lower case.
    Header(String),
    /// `header:{<field>}`: in the value of the header that the credential's own text field names, such as `x-api-key`.
    HeaderOf(String),
    /// `query:<name>`: the value of a query parameter.
    Query(String),
    /// `form:<name>`: the value of a field of a URL-encoded form.
    Form(String),
    /// `json:<pointer>`: a string in a JSON body; `*` stands for any one segment.
    Json(String),
    /// `basic:password`: the password of Basic authentication (RFC 7617).
    BasicPassword,
    /// `path`: one whole segment of the path.
    Path,
}

/// Why a text is no position.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error(
    "`{0}` is not a position; use `header:<name>`, `header:{{<field>}}`, `query:<name>`, `form:<name>`, `json:/<pointer>`, `basic:password` or `path`"
)]
pub struct PositionError(String);

impl FromStr for Position {
    type Err = PositionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || PositionError(text.to_owned());
        let named = |name: &str| {
            if name.is_empty() {
                Err(refuse())
            } else {
                Ok(name.to_owned())
            }
        };
        match text.split_once(':') {
            None if text == "path" => Ok(Self::Path),
            Some(("basic", "password")) => Ok(Self::BasicPassword),
            Some(("header", name)) => match field_in_braces(name) {
                Some(field) => Ok(Self::HeaderOf(field.to_owned())),
                None if name.bytes().all(is_token) => {
                    named(&name.to_ascii_lowercase()).map(Self::Header)
                }
                None => Err(refuse()),
            },
            Some(("query", name)) => named(name).map(Self::Query),
            Some(("form", name)) => named(name).map(Self::Form),
            Some(("json", pointer)) if pointer.starts_with('/') => {
                Ok(Self::Json(pointer.to_owned()))
            }
            _ => Err(refuse()),
        }
    }
}

/// The name of a field that a template names: `{base_url}`.
pub(crate) fn field_in_braces(text: &str) -> Option<&str> {
    let name = text.strip_prefix('{')?.strip_suffix('}')?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (!name.is_empty() && name.bytes().all(plain)).then_some(name)
}

/// Whether a secret may go into a header of that name: one that HTTP knows the form of, and that neither the host sets by
/// itself nor tells how the body is to be read.
#[must_use]
pub fn takes_secrets(header: &str) -> bool {
    const OF_THE_BODY: [HeaderName; 2] = [CONTENT_TYPE, CONTENT_ENCODING];
    HeaderName::from_bytes(header.as_bytes())
        .is_ok_and(|name| !is_hosts_own(&name) && !OF_THE_BODY.contains(&name))
}

/// What a header's name is made of (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

impl TryFrom<String> for Position {
    type Error = PositionError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Position> for String {
    fn from(position: Position) -> Self {
        position.to_string()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => write!(f, "header:{name}"),
            Self::HeaderOf(field) => write!(f, "header:{{{field}}}"),
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Form(name) => write!(f, "form:{name}"),
            Self::Json(pointer) => write!(f, "json:{pointer}"),
            Self::BasicPassword => f.write_str("basic:password"),
            Self::Path => f.write_str("path"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_position_is_written_as_it_is_read() {
        for text in [
            "header:x-api-key",
            "header:{header}",
            "query:key",
            "form:token",
            "json:/auth/*",
            "basic:password",
            "path",
        ] {
            let position: Position = text.parse().expect(text);
            assert_eq!(position.to_string(), text);
        }
        for text in [
            "header:",
            "header:{}",
            "header:{Name}",
            "header:{name",
            "header:x-{name}",
            "header:a b",
        ] {
            assert!(text.parse::<Position>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_secret_goes_into_a_header_that_frames_the_message() {
        for name in ["authorization", "X-API-Key", "cookie", "api_key"] {
            assert!(takes_secrets(name), "{name}");
        }
        for name in [
            "",
            "a b",
            "x:y",
            "host",
            "Content-Length",
            "content-type",
            "transfer-encoding",
            "Connection",
            "proxy-authorization",
            "x-original-url",
            "ä",
        ] {
            assert!(!takes_secrets(name), "{name}");
        }
    }
}
