//! What a guest asks to send, and that request parsed, once, into what will be checked and sent.

use std::time::Duration;

use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, header};
use url::Url;

use super::failure::SendFailure;
use crate::manifest::CaptureSource;
use crate::origin::Origin;

/// The longest URL, in bytes.
const LONGEST_URL: usize = 16 * 1024;

/// The most headers that a guest may set.
const MOST_HEADERS: usize = 64;

/// The most bytes in a guest's headers together.
const LONGEST_HEADERS: usize = 32 * 1024;

/// The longest method, in bytes.
const LONGEST_METHOD: usize = 32;

/// The longest name of a capture, in bytes.
const LONGEST_NAME: usize = 128;

/// The most captures of one request.
const MOST_CAPTURES: usize = 8;

/// A request as the guest makes it: `http.request` of the WIT package.
#[derive(Debug, Clone, Default)]
pub struct OutboundRequest {
    /// In upper case.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// In the guest's order; names in any case.
    pub headers: Vec<(String, String)>,
    /// The body, where there is one.
    pub body: Option<Vec<u8>>,
    /// What the guest is willing to wait, where that is less than what it may.
    pub timeout: Option<Duration>,
    /// What to take out of the answer.
    pub captures: Vec<Capture>,
    /// A signature over the request as it leaves.
    pub signature: Option<Signature>,
    /// Open-ended options. This version knows none.
    pub options: Vec<(String, String)>,
}

/// A new secret to take out of the answer: `http.capture`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capture {
    /// As the manifest calls it.
    pub name: String,
    /// As the manifest says it.
    pub source: WantedSource,
}

/// Where a guest says that a new secret is, as text: it has to be what the manifest says, so only the manifest's own
/// expression is ever compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WantedSource {
    /// A JSON pointer into the body.
    JsonPointer(String),
    /// A regular expression over the body.
    Pattern(String),
    /// The name of a response header, in lower case.
    Header(String),
    /// Wherever the manifest says that it is.
    Declared,
}

impl WantedSource {
    /// Whether the manifest says the same.
    pub(crate) fn is(&self, declared: &CaptureSource) -> bool {
        match (self, declared) {
            (Self::Declared, _) => true,
            (Self::JsonPointer(wanted), CaptureSource::JsonPointer(declared))
            | (Self::Header(wanted), CaptureSource::Header(declared)) => wanted == declared,
            (Self::Pattern(wanted), CaptureSource::Pattern(declared)) => {
                wanted == declared.as_str()
            }
            _ => false,
        }
    }
}

/// A signature over the request as it leaves: `http.signature`.
#[derive(Debug, Clone)]
pub struct Signature {
    /// Such as `aws-sigv4`.
    pub scheme: String,
    /// The stand-in of the key.
    pub secret: String,
    /// What the scheme needs.
    pub parameters: Vec<(String, String)>,
}

/// A guest's request, parsed. Stand-ins are still in it.
pub(crate) struct Parsed {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) origin: Origin,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
}

impl OutboundRequest {
    /// The origin that the guest names, for a denial's target.
    pub(crate) fn target(&self) -> String {
        let short = Some(&*self.url).filter(|url| url.len() <= LONGEST_URL);
        let url = short.and_then(|url| Url::parse(url).ok());
        let origin = url.and_then(|url| Origin::of(&url));
        origin.map_or_else(
            || "a URL that isn't one".to_owned(),
            |origin| origin.to_string(),
        )
    }

    /// Parses it.
    pub(crate) fn parse(&mut self) -> Result<Parsed, SendFailure> {
        if !self.options.is_empty() {
            return Err(SendFailure::unsupported(
                "this host knows no request options; leave them out",
            ));
        }
        let url = parse_url(&self.url)?;
        let origin = Origin::of(&url)
            .ok_or_else(|| SendFailure::invalid("the URL has to begin with https:// or http://"))?;
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| parse_header(name, value))
            .collect::<Result<_, _>>()?;
        let method = parse_method(&self.method)?;
        Ok(Parsed {
            method,
            url,
            origin,
            headers,
            body: self.body.take().unwrap_or_default(),
        })
    }

    /// Refuses what is too long, before anything else looks at it. `longest_body` is in bytes.
    pub(crate) fn check_sizes(&self, longest_body: usize) -> Result<(), SendFailure> {
        let headers = self
            .headers
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        let names = self.captures.iter().map(|capture| capture.name.len());
        let name = names.max().unwrap_or_default();
        for (what, found, most) in [
            ("bytes in the URL", self.url.len(), LONGEST_URL),
            ("headers", self.headers.len(), MOST_HEADERS),
            ("bytes in the headers", headers, LONGEST_HEADERS),
            (
                "bytes in the body",
                self.body.as_ref().map_or(0, Vec::len),
                longest_body,
            ),
            ("captures", self.captures.len(), MOST_CAPTURES),
            ("bytes in the method", self.method.len(), LONGEST_METHOD),
            ("bytes in a capture's name", name, LONGEST_NAME),
        ] {
            if found > most {
                return Err(SendFailure::invalid(format!(
                    "{found} {what}; at most {most} are sent"
                )));
            }
        }
        Ok(())
    }
}

impl Parsed {
    /// The one value of a header; nothing where there is none or where there are several.
    pub(crate) fn only(&self, name: &HeaderName) -> Option<&HeaderValue> {
        let mut values = self
            .headers
            .iter()
            .filter(|(found, _)| found == name)
            .map(|(_, value)| value);
        values.next().filter(|_| values.next().is_none())
    }

    /// Whether asking a second time is the same as asking once.
    pub(crate) fn is_idempotent(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }
}

/// Whether a header is the host's own to set or leave out, whatever the guest says: framing, hop-by-hop (RFC 9110,
/// section 7.6.1), what would let an echo come back in pieces or encoded, what speaks to a proxy, and what some servers
/// read in place of the method or the path, which declared places are about.
pub(crate) fn is_hosts_own(name: &HeaderName) -> bool {
    const OVERRIDES: [&str; 5] = [
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
        "x-original-url",
        "x-rewrite-url",
    ];
    const OWN: [HeaderName; 11] = [
        header::HOST,
        header::CONTENT_LENGTH,
        header::TRANSFER_ENCODING,
        header::TE,
        header::TRAILER,
        header::CONNECTION,
        header::UPGRADE,
        header::EXPECT,
        header::RANGE,
        header::IF_RANGE,
        header::ACCEPT_ENCODING,
    ];
    let text = name.as_str();
    OWN.contains(name)
        || text.starts_with("proxy-")
        || text == "keep-alive"
        || OVERRIDES.contains(&text)
}

/// The headers that every request bears.
pub(crate) fn own_headers(headers: &mut HeaderMap) {
    headers.insert(
        header::ACCEPT_ENCODING,
        HeaderValue::from_static("identity"),
    );
    // Some providers refuse a request that doesn't say who it is from.
    headers
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(concat!(
            "claviger/",
            env!("CARGO_PKG_VERSION")
        )));
}

/// Parses a URL. A path with `.` or `..` is refused: it would be folded into another one, and what a plugin took for an id
/// would decide which.
fn parse_url(text: &str) -> Result<Url, SendFailure> {
    // These are left out where a URL is parsed.
    let path = text.replace(['\t', '\n', '\r'], "");
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_dots = |segment: &str| {
        let plain = segment
            .trim_matches(|it: char| it <= ' ')
            .to_ascii_lowercase();
        matches!(plain.replace("%2e", ".").as_str(), "." | "..")
    };
    if path.split(['/', '\\']).any(is_dots) {
        return Err(SendFailure::denied(
            "the URL's path has a segment `.` or `..`, which would lead elsewhere",
        ));
    }
    Url::parse(text)
        .map_err(|error| SendFailure::invalid(format!("the URL doesn't parse: {error}")))
}

fn parse_method(text: &str) -> Result<Method, SendFailure> {
    let refused = || {
        SendFailure::invalid(
            "the method has to be of upper-case letters, and neither CONNECT nor TRACE",
        )
    };
    let plain = !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    if !plain || matches!(text, "CONNECT" | "TRACE") {
        return Err(refused());
    }
    Method::from_bytes(text.as_bytes()).map_err(|_| refused())
}

fn parse_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), SendFailure> {
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        SendFailure::invalid("a header's name has characters that HTTP doesn't allow")
    })?;
    let value = HeaderValue::from_str(value).or_else(|_| HeaderValue::from_bytes(value.as_bytes()));
    let value = value.map_err(|_| {
        SendFailure::invalid("the value of a header has characters that HTTP doesn't allow")
    })?;
    Ok((parsed, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_leads_where_it_says() {
        for path in [
            "/v1/keys/..",
            "/v1/keys/.",
            "/v1/../keys",
            "/v1/keys/%2e%2E",
            "/v1/keys/.%2e?a=b",
            "/v1/keys/%2E#a",
            "/v1/keys\\..",
            "/v1/keys\\%2e.\\a",
            "/v1/keys/.\t.",
            "/v1/keys/.. ",
        ] {
            let refused = parse_url(&format!("https://a.example{path}"));
            assert!(refused.is_err(), "{path:?}");
        }
        for path in [
            "/v1/keys/...",
            "/v1/.keys/a..b",
            "/v1/keys?of=/../a",
            "",
            "/",
        ] {
            let parsed = parse_url(&format!("https://a.example{path}"));
            assert!(parsed.is_ok(), "{path:?}");
        }
    }
}
