//! A regular expression of bounded cost.

use std::borrow::Cow;
use std::fmt;

use regex::{Regex, RegexBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest expression, in bytes. One `\w` takes kilobytes until it is compiled, which no other limit bounds.
const LONGEST: usize = 512;
/// The most that a compiled expression may weigh, in bytes; `[!-~]{8,1000}` weighs half of it. A plugin's manifest must not cost the host its memory.
const SIZE_LIMIT: usize = 128 * 1024;

/// A regular expression that matches in linear time, compiled once.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    anywhere: Regex,
    /// The same between `\A` and `\z`: the leftmost match of the other may end early where a longer one would fit.
    whole: Regex,
}

/// Why a text is no pattern.
#[derive(Debug, Clone, Error)]
pub enum PatternError {
    /// It is longer than patterns are.
    #[error("a pattern has at most {LONGEST} bytes")]
    TooLong,
    /// It doesn't compile, or to too much.
    #[error(transparent)]
    Syntax(#[from] regex::Error),
}

impl Pattern {
    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn matches_whole(&self, text: &str) -> bool {
        self.whole.is_match(text)
    }

    /// What the one group matches in `text`, first match only.
    #[must_use]
    pub fn group<'t>(&self, text: &'t str) -> Option<regex::Match<'t>> {
        self.anywhere.captures(text)?.get(1)
    }

    /// How many groups there are.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.anywhere.captures_len() - 1
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.anywhere.as_str()
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() > LONGEST {
            return Err(PatternError::TooLong);
        }
        let compiled = |text: &str| {
            RegexBuilder::new(text)
                .size_limit(SIZE_LIMIT)
                .dfa_size_limit(SIZE_LIMIT)
                .build()
        };
        Ok(Self {
            anywhere: compiled(&text)?,
            whole: compiled(&format!(r"\A(?:{text})\z"))?,
        })
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        pattern.as_str().to_owned()
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.as_str())
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> Cow<'static, str> {
        "Pattern".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": "regex" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Result<Pattern, PatternError> {
        Pattern::try_from(text.to_owned())
    }

    #[test]
    fn the_whole_matches_though_a_shorter_alternative_comes_first() {
        let pattern = pattern("sk-[a-z]+|sk-proj-[a-z]+").expect("a pattern");
        assert!(pattern.matches_whole("sk-proj-x"));
        assert!(!pattern.matches_whole("sk-proj-x\n"));
        assert!(!pattern.matches_whole(" sk-x"));
    }

    #[test]
    fn what_would_cost_the_host_its_memory_is_refused() {
        assert!(matches!(
            pattern(&r"\w".repeat(300)),
            Err(PatternError::TooLong)
        ));
        assert!(pattern(r"(\w{1000}){1000}").is_err());
        assert!(pattern("a)|(?:b").is_err());
    }
}
