//! A regular expression of bounded cost.

use std::borrow::Cow;
use std::fmt;

use regex::{Regex, RegexBuilder};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// The most that a compiled expression may weigh, in bytes: a plugin's manifest must not cost the host its memory.
const SIZE_LIMIT: usize = 256 * 1024;

/// A regular expression that matches in linear time, compiled once.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern(Regex);

impl Pattern {
    /// Whether the whole of `text` matches.
    #[must_use]
    pub fn matches_whole(&self, text: &str) -> bool {
        self.0
            .find(text)
            .is_some_and(|found| found.start() == 0 && found.end() == text.len())
    }

    /// What the one group matches in `text`, first match only.
    #[must_use]
    pub fn group<'t>(&self, text: &'t str) -> Option<regex::Match<'t>> {
        self.0.captures(text)?.get(1)
    }

    /// How many groups there are.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.0.captures_len() - 1
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for Pattern {
    type Error = regex::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        RegexBuilder::new(&text)
            .size_limit(SIZE_LIMIT)
            .dfa_size_limit(SIZE_LIMIT)
            .build()
            .map(Self)
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
