//! Which requests a route is for.

use serde::Deserialize;

/// A request method: upper-case letters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Method(String);

/// A path, of which a segment `*` is any one segment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct PathPattern(String);

impl Method {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl PathPattern {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a path, as it was sent and without its query, is meant.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let (mut wanted, mut sent) = (self.0.split('/'), path.split('/'));
        loop {
            match (wanted.next(), sent.next()) {
                (None, None) => return true,
                (Some("*"), Some(segment)) if !segment.is_empty() => {}
                (Some(wanted), Some(segment)) if wanted == segment => {}
                _ => return false,
            }
        }
    }
}

impl TryFrom<String> for Method {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(Self(text))
        } else {
            Err(format!("`{text}` is not a method; write `GET` or `POST`"))
        }
    }
}

impl TryFrom<String> for PathPattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.starts_with('/') && !text.contains(['?', '#', ' ']) {
            Ok(Self(text))
        } else {
            Err(format!(
                "`{text}` is not a path; write it from its first slash and without a query, as `/v1/keys/*`"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_segment() {
        let pattern = PathPattern::try_from("/v1/keys/*".to_owned()).expect("a path");
        assert!(pattern.matches("/v1/keys/7"));
        for path in ["/v1/keys", "/v1/keys/", "/v1/keys/7/8", "/v2/keys/7"] {
            assert!(!pattern.matches(path), "{path}");
        }
    }
}
