//! Which scopes a backend gives out.

use std::fmt;

use thiserror::Error;

/// The most characters of a scope or of a pattern.
const LONGEST: usize = 200;
/// The most scopes of one lease, and patterns of one backend.
pub(crate) const MOST: usize = 100;

/// A pattern of scopes: `*` stands for anything, all else for itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopePattern(String);

/// Why a text is no scope or no pattern of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a scope is 1 to {LONGEST} characters, without blanks and control characters")]
pub struct ScopeError;

impl ScopePattern {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        check(text).map(|()| Self(text.to_owned()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it stands for every scope there is.
    pub(crate) fn is_everything(&self) -> bool {
        self.0.bytes().all(|byte| byte == b'*')
    }

    /// Whether a scope is one of those it stands for.
    pub(crate) fn matches(&self, scope: &str) -> bool {
        let mut parts = self.0.split('*');
        // A split has a first part.
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = scope.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        // Each of the parts between at its first place: a later one leaves no more room for those after it.
        for part in parts {
            let Some(at) = rest.find(part) else {
                return false;
            };
            rest = &rest[at + part.len()..];
        }
        rest.ends_with(last)
    }
}

impl fmt::Display for ScopePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text can be a scope.
pub(crate) fn check(text: &str) -> Result<(), ScopeError> {
    let fits = !text.is_empty() && text.chars().nth(LONGEST).is_none();
    let is_plain = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    if fits && is_plain {
        Ok(())
    } else {
        Err(ScopeError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asterisk_stands_for_anything() {
        for (pattern, scope, fits) in [
            ("repo:*", "repo:read", true),
            ("repo:*", "repo:", true),
            ("repo:*", "repo", false),
            ("repo:*", "my-repo:read", false),
            ("repo:read", "repo:read", true),
            ("repo:read", "repo:readall", false),
            ("*:read", "repo:read", true),
            ("*:read", "repo:read:all", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("a*b*c", "abc", true),
            ("ab*ba", "aba", false),
            ("*", "whatever", true),
            ("**", "whatever", true),
            ("Repo:*", "repo:read", false),
        ] {
            let parsed = ScopePattern::parse(pattern).unwrap();
            assert_eq!(parsed.matches(scope), fits, "{pattern} {scope}");
        }
        assert!(ScopePattern::parse("*").unwrap().is_everything());
    }

    #[test]
    fn blanks_and_the_like_are_in_none() {
        for text in ["", " ", "a b", "a\n", &"x".repeat(LONGEST + 1)] {
            assert_eq!(check(text), Err(ScopeError), "{text:?}");
        }
        assert!(check(&"ä".repeat(LONGEST)).is_ok());
    }
}
