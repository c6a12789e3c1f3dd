//! What a test's outcome says of a credential.
//!
//! Only a provider's authoritative answer makes a credential invalid, and only where this very secret was put on the
//! wire: a plugin that says `rejected` without having asked says nothing. A plugin that may be shown secrets can be the
//! provider's only voice (`env` compares a variable with its secret, here on the server): its `rejected` counts where it was
//! shown this very secret in that call. A timeout, a rate limit or a fault on the way leaves what was last known.

use claviger_runtime::outcome::{CallError, CallOutcome, Evidence, Failure, Report};

/// What is known of a credential at its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Health {
    /// The provider takes it.
    Valid,
    /// The provider says that it isn't valid.
    Invalid,
    /// Nobody knows.
    #[default]
    Unknown,
}

impl Health {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Valid, Self::Invalid, Self::Unknown];

    /// Its word: `valid`, `invalid`, `unknown`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
        }
    }

    /// The health of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.as_str() == word)
    }
}

/// What one test says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What this test found. [`Health::Unknown`] leaves what was known before.
    pub health: Health,
    /// Why, for a person.
    pub reason: Option<String>,
}

impl Finding {
    /// What an outcome says.
    #[must_use]
    pub fn of(outcome: &CallOutcome<Report>) -> Self {
        match &outcome.result {
            Ok(_) => Self {
                health: Health::Valid,
                reason: None,
            },
            Err(CallError::Failure(failure)) => Self::of_failure(failure, &outcome.evidence),
            Err(error) => Self {
                health: Health::Unknown,
                reason: Some(error.to_string()),
            },
        }
    }

    fn of_failure(failure: &Failure, evidence: &Evidence) -> Self {
        let was_looked_at = evidence.subject_sent || evidence.subject_revealed;
        match failure.code.as_str() {
            "rejected" if was_looked_at => Self {
                health: Health::Invalid,
                reason: Some(failure.message.clone()),
            },
            "rejected" => Self {
                health: Health::Unknown,
                reason: Some(format!(
                    "the plugin says that it is rejected, but sent it to nobody: {}",
                    failure.message
                )),
            },
            "restricted" => Self {
                health: Health::Valid,
                reason: Some(failure.message.clone()),
            },
            code => Self {
                health: Health::Unknown,
                reason: Some(format!("{code}: {}", failure.message)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn found(result: Result<Report, CallError>, subject_sent: bool) -> Health {
        let evidence = Evidence {
            subject_sent,
            ..Evidence::default()
        };
        Finding::of(&CallOutcome { result, evidence }).health
    }

    fn failure(code: &str) -> Result<Report, CallError> {
        Err(CallError::Failure(Failure {
            code: code.to_owned(),
            message: "says so".to_owned(),
            retry_after_ms: None,
            details: Vec::new(),
        }))
    }

    #[test]
    fn who_was_shown_this_very_secret_may_reject_it() {
        for (subject_revealed, reveals, health) in
            [(true, 1, Health::Invalid), (false, 1, Health::Unknown)]
        {
            let evidence = Evidence {
                subject_revealed,
                reveals,
                ..Evidence::default()
            };
            let result = failure("rejected");
            assert_eq!(
                Finding::of(&CallOutcome { result, evidence }).health,
                health
            );
        }
    }

    #[test]
    fn only_an_answer_of_the_provider_makes_a_credential_invalid() {
        assert_eq!(found(Ok(Report::default()), true), Health::Valid);
        assert_eq!(found(failure("rejected"), true), Health::Invalid);
        assert_eq!(found(failure("rejected"), false), Health::Unknown);
        assert_eq!(found(failure("restricted"), true), Health::Valid);
        for code in [
            "rate-limited",
            "unreachable",
            "denied",
            "not-found",
            "unknown-outcome",
            "what?",
        ] {
            assert_eq!(found(failure(code), true), Health::Unknown, "{code}");
        }
        assert_eq!(
            found(
                Err(CallError::Trap {
                    message: "unreachable".to_owned()
                }),
                true
            ),
            Health::Unknown
        );
        assert_eq!(
            found(
                Err(CallError::TimedOut {
                    limit: Duration::from_secs(10)
                }),
                true
            ),
            Health::Unknown
        );
        assert_eq!(found(Err(CallError::Busy), false), Health::Unknown);
    }
}
