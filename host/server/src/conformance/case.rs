//! One thing that a plugin is tested for, and what came of it.

use std::time::Duration;

use serde::Serialize;

/// A case that ran, or was skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Case {
    /// `validation.working/api_key`: what `--case` looks in.
    pub name: String,
    /// What a plugin has to do, in a sentence.
    pub about: &'static str,
    pub verdict: Verdict,
    /// What the author should look at, though nothing demands it.
    pub warnings: Vec<String>,
    pub took: Duration,
}

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The plugin does it.
    Passed,
    /// It doesn't, and here is what to change.
    Failed(String),
    /// It couldn't be seen, and here is why.
    Skipped(String),
}

/// A verdict's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mark {
    Passed,
    Failed,
    Skipped,
}

/// How the body of a case ends: with warnings, or before its end.
pub(crate) type Ended = Result<Vec<String>, Stop>;

/// Why a case ended before its end.
pub(crate) enum Stop {
    Failed(String),
    Skipped(String),
}

impl Stop {
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(reason.into())
    }

    pub(crate) fn skipped(reason: impl Into<String>) -> Self {
        Self::Skipped(reason.into())
    }
}

impl Verdict {
    pub(crate) fn mark(&self) -> Mark {
        match self {
            Self::Passed => Mark::Passed,
            Self::Failed(_) => Mark::Failed,
            Self::Skipped(_) => Mark::Skipped,
        }
    }

    /// What to change, or why it couldn't be seen.
    pub(crate) fn reason(&self) -> Option<&str> {
        match self {
            Self::Passed => None,
            Self::Failed(reason) | Self::Skipped(reason) => Some(reason),
        }
    }
}
