//! A request as it arrived.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use claviger_runtime::Origin;
use claviger_runtime::manifest::Position;
use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use url::form_urlencoded;

/// The longest head and the longest body that are read, in bytes. The way out sends no longer ones.
const LONGEST_HEAD: usize = 256 << 10;
const LONGEST_BODY: usize = 4 << 20;

/// A request as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Where it was meant to go.
    pub origin: Origin,
    /// `GET`
    pub method: String,
    /// As sent, without the query.
    pub path: String,
    /// As sent.
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Recorded {
    /// Whether it may change something at the provider.
    pub(crate) fn is_change(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS")
    }

    /// Whether the text is in the request, at any position that a manifest can name, or in its body as it is.
    pub(crate) fn holds(&self, text: &str) -> bool {
        let decoded =
            |encoded: &[u8]| form_urlencoded::parse(encoded).any(|(_, value)| value.contains(text));
        let body = String::from_utf8_lossy(&self.body);
        let as_json = Value::from(text).to_string();
        self.headers.iter().any(|(_, value)| value.contains(text))
            || self
                .at(&Position::BasicPassword)
                .iter()
                .any(|password| password == text)
            || self
                .at(&Position::Path)
                .iter()
                .any(|segment| segment == text)
            || decoded(self.query.as_bytes())
            || decoded(&self.body)
            || body.contains(text)
            || body.contains(as_json.trim_matches('"'))
    }

    /// `POST https://api.acme.example/v1/keys`
    pub(crate) fn line(&self) -> String {
        format!("{} {}{}", self.method, self.origin, self.path)
    }

    /// The texts that stand at a position.
    pub(crate) fn at(&self, position: &Position) -> Vec<Cow<'_, str>> {
        match position {
            Position::Header(name) => self.header(name).map(Cow::Borrowed).collect(),
            // A script writes the name that it put into the field.
            Position::HeaderOf(_) => Vec::new(),
            Position::Query(name) => pairs(self.query.as_bytes(), name),
            Position::Form(name) => pairs(&self.body, name),
            Position::Json(pointer) => self.json(pointer).map(Cow::Owned).into_iter().collect(),
            Position::BasicPassword => self.header("authorization").filter_map(password).collect(),
            Position::Path => self.path.split('/').skip(1).map(decoded).collect(),
        }
    }

    fn header<'h, 'n>(&'h self, name: &'n str) -> impl Iterator<Item = &'h str> + use<'h, 'n> {
        let found = self.headers.iter().filter(move |(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn json(&self, pointer: &str) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        match body.pointer(pointer)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

fn pairs<'b>(encoded: &'b [u8], name: &str) -> Vec<Cow<'b, str>> {
    form_urlencoded::parse(encoded)
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value)
        .collect()
}

/// A segment of a path; a `+` in it is one.
fn decoded(segment: &str) -> Cow<'_, str> {
    let plus = segment.replace('+', "%2B");
    form_urlencoded::parse(plus.as_bytes())
        .next()
        .map_or(Cow::Borrowed(""), |(text, _)| Cow::Owned(text.into_owned()))
}

/// The password of Basic authentication (RFC 7617).
fn password(header: &str) -> Option<Cow<'_, str>> {
    let encoded = header.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (_, password) = pair.split_once(':')?;
    Some(Cow::Owned(password.to_owned()))
}

/// Reads a request; none where the client closed, or speaks no HTTP, or goes on without an end.
pub(super) async fn read(stream: &mut TcpStream, origin: Origin) -> Option<Recorded> {
    let mut buffer = Vec::new();
    let head_end = loop {
        if let Some(at) = find(&buffer, b"\r\n\r\n") {
            break at + 4;
        }
        fill(stream, &mut buffer, LONGEST_HEAD).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    // The way out buffers bodies, so it always knows their length.
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(Some(0), |(_, value)| value.parse::<usize>().ok())?;
    while buffer.len() < head_end + length {
        fill(stream, &mut buffer, LONGEST_HEAD + LONGEST_BODY).await?;
    }
    Some(Recorded {
        origin,
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: buffer[head_end..head_end + length].to_vec(),
    })
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>, most: usize) -> Option<()> {
    let mut chunk = [0; 8 << 10];
    let read = stream.read(&mut chunk).await.ok()?;
    buffer.extend_from_slice(&chunk[..read]);
    (read > 0 && buffer.len() <= most).then_some(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut windows = haystack.windows(needle.len());
    windows.position(|window| window == needle)
}
