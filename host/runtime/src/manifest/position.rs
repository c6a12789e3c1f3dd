//! Where in a request a secret stands.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A position in a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Position {
    /// `header:<name>`: in the value of the header, in lower case.
    Header(String),
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
    "`{0}` is not a position; use `header:<name>`, `query:<name>`, `form:<name>`, `json:/<pointer>`, `basic:password` or `path`"
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
            Some(("header", name)) => {
                let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
                if name.bytes().all(token) {
                    named(&name.to_ascii_lowercase()).map(Self::Header)
                } else {
                    Err(refuse())
                }
            }
            Some(("query", name)) => named(name).map(Self::Query),
            Some(("form", name)) => named(name).map(Self::Form),
            Some(("json", pointer)) if pointer.starts_with('/') => {
                Ok(Self::Json(pointer.to_owned()))
            }
            _ => Err(refuse()),
        }
    }
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
            Self::Query(name) => write!(f, "query:{name}"),
            Self::Form(name) => write!(f, "form:{name}"),
            Self::Json(pointer) => write!(f, "json:{pointer}"),
            Self::BasicPassword => f.write_str("basic:password"),
            Self::Path => f.write_str("path"),
        }
    }
}
