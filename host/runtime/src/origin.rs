//! An origin is a scheme, a host and a port (RFC 6454). Secrets are bound to origins, so they are parsed once, exactly.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

use crate::manifest::position::field_in_braces;

/// A scheme, a host and a port: `https://api.openai.com`, `http://127.0.0.1:9000`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// The schemes that the way out speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Plain HTTP; only where the operator wrote the origin out.
    Http,
    /// HTTP over TLS.
    Https,
}

/// Why a text is no origin.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[error(
    "`{text}` is not an origin: {reason}; write scheme, host and where needed port, as `https://api.example.com`"
)]
pub struct OriginError {
    text: String,
    reason: &'static str,
}

impl Origin {
    /// The origin of an absolute `http` or `https` URL.
    #[must_use]
    pub fn of(url: &Url) -> Option<Self> {
        let scheme = match url.scheme() {
            "https" => Scheme::Https,
            "http" => Scheme::Http,
            _ => return None,
        };
        let host = match url.host()? {
            Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => format!("[{address}]"),
        };
        if host.is_empty() {
            return None;
        }
        Some(Self {
            scheme,
            host,
            port: url.port_or_known_default()?,
        })
    }

    /// `http` or `https`.
    #[must_use]
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host in lower case; an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, the scheme's own where none was written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |reason| OriginError {
            text: text.to_owned(),
            reason,
        };
        let url = Url::parse(text).map_err(|_| refuse("it does not parse as a URL"))?;
        if url.path() != "/" && !url.path().is_empty()
            || url.query().is_some()
            || url.fragment().is_some()
        {
            return Err(refuse("it has a path, a query or a fragment"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it has a user name or a password"));
        }
        let origin =
            Self::of(&url).ok_or_else(|| refuse("its scheme is neither https nor http"))?;
        if origin.host.contains('*') {
            return Err(refuse("a wildcard is no host"));
        }
        Ok(origin)
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, default) = match self.scheme {
            Scheme::Http => ("http", 80),
            Scheme::Https => ("https", 443),
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == default {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

/// What a manifest or an operator writes where origins are meant: one, every sub-domain of one, or what a text field of
/// the credential says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum OriginPattern {
    /// Exactly this origin.
    Exact(Origin),
    /// `https://*.example.com`: every host that ends in `.example.com`, not `example.com` itself.
    SubDomains(Origin),
    /// `{base_url}`: the origin in the credential's text field of that name.
    Field(String),
}

impl OriginPattern {
    /// Whether `origin` is meant. `field` gives the text fields of the credential at hand.
    pub fn matches<'f>(
        &self,
        origin: &Origin,
        field: impl FnOnce(&str) -> Option<&'f str>,
    ) -> bool {
        match self {
            Self::Exact(exact) => exact == origin,
            Self::SubDomains(parent) => {
                parent.scheme == origin.scheme
                    && parent.port == origin.port
                    && origin
                        .host
                        .strip_suffix(parent.host.as_str())
                        .is_some_and(|left| left.len() > 1 && left.ends_with('.'))
            }
            Self::Field(name) => field(name)
                .and_then(|text| Url::parse(text).ok())
                .and_then(|url| Origin::of(&url))
                .is_some_and(|named| named == *origin),
        }
    }
}

impl FromStr for OriginPattern {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.starts_with('{') && text.ends_with('}') {
            return match field_in_braces(text) {
                Some(name) => Ok(Self::Field(name.to_owned())),
                None => Err(OriginError {
                    text: text.to_owned(),
                    reason: "between the braces stands no field name",
                }),
            };
        }
        match text.split_once("://*.") {
            Some((scheme, parent)) if parent.contains('.') => Ok(Self::SubDomains(
                format!("{scheme}://{parent}").parse::<Origin>()?,
            )),
            Some(_) => Err(OriginError {
                text: text.to_owned(),
                reason: "a wildcard needs a domain of two labels or more",
            }),
            None => Ok(Self::Exact(text.parse()?)),
        }
    }
}

impl TryFrom<String> for OriginPattern {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<OriginPattern> for String {
    fn from(pattern: OriginPattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(origin) => origin.fmt(f),
            Self::SubDomains(parent) => {
                let text = parent.to_string();
                let (scheme, rest) = text.split_once("://").unwrap_or(("https", &text));
                write!(f, "{scheme}://*.{rest}")
            }
            Self::Field(name) => write!(f, "{{{name}}}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Origin {
        text.parse().expect("an origin")
    }

    fn meant(pattern: &str, text: &str) -> bool {
        pattern
            .parse::<OriginPattern>()
            .expect("a pattern")
            .matches(&origin(text), |_| None)
    }

    #[test]
    fn default_ports_and_case_do_not_matter() {
        assert_eq!(
            origin("https://API.example.com:443"),
            origin("https://api.example.com")
        );
        assert_ne!(
            origin("https://api.example.com:8443"),
            origin("https://api.example.com")
        );
        assert_ne!(
            origin("http://api.example.com"),
            origin("https://api.example.com")
        );
    }

    #[test]
    fn paths_and_user_names_are_refused() {
        for text in [
            "https://a.example/x",
            "https://u@a.example",
            "https://a.example?q",
            "ftp://a.example",
            "a.example",
            "https://*.a.example",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_wildcard_means_sub_domains_only() {
        assert!(meant("https://*.example.com", "https://a.example.com"));
        assert!(meant("https://*.example.com", "https://a.b.example.com"));
        assert!(!meant("https://*.example.com", "https://example.com"));
        assert!(!meant("https://*.example.com", "https://evilexample.com"));
        assert!(!meant("https://*.example.com", "http://a.example.com"));
        assert!("https://*.com".parse::<OriginPattern>().is_err());
    }

    #[test]
    fn a_template_takes_the_field() {
        let pattern: OriginPattern = "{base_url}".parse().expect("a pattern");
        let field = |name: &str| (name == "base_url").then_some("https://n8n.example/base");
        assert!(pattern.matches(&origin("https://n8n.example"), field));
        assert!(!pattern.matches(&origin("https://other.example"), field));
    }
}
