//! What it says of a target that a call failed: that nothing has happened there, or that something may have.

use claviger_runtime::outcome::{CallError, Evidence};

use crate::error::VaultError;

/// Failures after which nothing has happened at the target; any other may hide that something has.
const SURE: [&str; 9] = [
    "rejected",
    "restricted",
    "rate-limited",
    "unreachable",
    "not-found",
    "conflict",
    "invalid-input",
    "unsupported",
    "denied",
];

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failed {
    code: String,
    /// Why, for a person.
    pub(super) reason: String,
    pub(super) retry_after_ms: Option<i64>,
}

impl Failed {
    pub(super) fn of(error: &CallError, evidence: &Evidence) -> Self {
        let (code, reason, retry_after_ms) = match error {
            CallError::Failure(failure) => (
                failure.code.as_str(),
                failure.message.clone(),
                failure.retry_after_ms.map(i64::from),
            ),
            CallError::Resting { retry_after } => (
                "unreachable",
                error.to_string(),
                i64::try_from(retry_after.as_millis()).ok(),
            ),
            CallError::Busy => ("unreachable", error.to_string(), None),
            CallError::Unsupported { .. } => ("unsupported", error.to_string(), None),
            _ => ("failed", error.to_string(), None),
        };
        let is_sure = SURE.contains(&code) || evidence.requests == 0;
        Self {
            code: if is_sure { code } else { "unknown-outcome" }.to_owned(),
            reason,
            retry_after_ms,
        }
    }

    /// Of a call that changes nothing at the target, whatever came of it.
    pub(super) fn of_reading(error: &CallError) -> Self {
        Self::of(error, &Evidence::default())
    }

    /// Whether nothing has happened at the target.
    pub(super) fn is_sure(&self) -> bool {
        self.code != "unknown-outcome"
    }
}

impl From<Failed> for VaultError {
    fn from(failed: Failed) -> Self {
        let message = if failed.is_sure() {
            failed.reason
        } else {
            format!(
                "it isn't known whether the credential was put there; the place is kept and tried again: {}",
                failed.reason
            )
        };
        Self::Provider {
            code: failed.code,
            message,
            retry_after_ms: failed
                .retry_after_ms
                .and_then(|after| u64::try_from(after).ok()),
        }
    }
}

#[cfg(test)]
mod tests {
    use claviger_runtime::outcome::Failure;

    use super::*;

    fn is_sure(error: &CallError, requests: u32) -> bool {
        let evidence = Evidence {
            requests,
            ..Evidence::default()
        };
        Failed::of(error, &evidence).is_sure()
    }

    #[test]
    fn only_what_surely_did_not_happen_is_taken_for_undone() {
        let failure = |code: &str| {
            CallError::Failure(Failure {
                code: code.to_owned(),
                message: "says so".to_owned(),
                retry_after_ms: None,
                details: Vec::new(),
            })
        };
        assert!(is_sure(&failure("not-found"), 3));
        assert!(!is_sure(&failure("unknown-outcome"), 1));
        assert!(!is_sure(&failure("a code of its own"), 1));
        let trap = CallError::Trap {
            message: "unreachable".to_owned(),
        };
        assert!(!is_sure(&trap, 1));
        assert!(is_sure(&trap, 0), "nothing was ever sent");
        assert!(is_sure(&CallError::Busy, 0));
    }
}
