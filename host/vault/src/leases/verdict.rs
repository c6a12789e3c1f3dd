//! What it means that a provider's plugin didn't do what it was asked for.

use claviger_runtime::outcome::{CallError, Evidence};

use crate::error::VaultError;

/// Whether the provider may have done it all the same. A plugin says so itself; of one that didn't come to its end, or that
/// answered what it may not, nobody knows, unless it never sent anything.
pub(super) fn may_have_happened(error: &CallError, evidence: &Evidence) -> bool {
    match error {
        CallError::Failure(failure) => failure.code == "unknown-outcome",
        CallError::Unsupported { .. } | CallError::Resting { .. } | CallError::Busy => false,
        CallError::Trap { .. }
        | CallError::TimedOut { .. }
        | CallError::OutOfCpu { .. }
        | CallError::OutOfMemory { .. }
        | CallError::InvalidResult { .. } => evidence.requests > 0,
    }
}

/// Whether the provider says that there is nothing to end.
pub(super) fn is_gone(error: &CallError) -> bool {
    matches!(error, CallError::Failure(failure) if failure.code == "not-found")
}

/// Whether the provider doesn't take the root credential.
pub(super) fn is_rejected(error: &CallError) -> bool {
    matches!(error, CallError::Failure(failure) if failure.code == "rejected")
}

/// When the provider wants to be asked again, in milliseconds from now.
pub(super) fn retry_after_ms(error: &CallError) -> Option<u64> {
    match error {
        CallError::Failure(failure) => failure.retry_after_ms.map(u64::from),
        CallError::Resting { retry_after } => u64::try_from(retry_after.as_millis()).ok(),
        _ => None,
    }
}

/// What a caller is told.
pub(super) fn told(error: &CallError, may_have_happened: bool) -> VaultError {
    let (code, message) = match error {
        CallError::Failure(failure) => (failure.code.clone(), failure.message.clone()),
        CallError::Unsupported { .. } => ("unsupported".to_owned(), error.to_string()),
        _ if may_have_happened => ("unknown-outcome".to_owned(), error.to_string()),
        _ => ("unreachable".to_owned(), error.to_string()),
    };
    VaultError::Provider {
        code,
        message,
        retry_after_ms: retry_after_ms(error),
    }
}
