//! What the phases have in common: calling the plugin, and judging what came of it.

use std::sync::Arc;

use claviger_runtime::outcome::{CallError, CallOutcome, Evidence};
use claviger_runtime::plugin::{Capability, Plugin};
use claviger_runtime::subject::CallContext;

use super::run::{Run, Told};
use crate::credentials::Credential;
use crate::credentials::version::OpenVersion;
use crate::error::{InternalError, VaultError};
use crate::vault::Vault;

/// What is certain of a call that has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Certainty {
    /// Nothing was sent.
    NothingSent,
    /// The provider didn't do it, as far as the plugin can tell; it may have done a part.
    Refused,
    /// It may have been done.
    Unknown,
}

impl Certainty {
    pub(super) fn of(error: &CallError, evidence: &Evidence) -> Self {
        if evidence.requests == 0 {
            return Self::NothingSent;
        }
        match error {
            CallError::Failure(failure) if failure.code != "unknown-outcome" => Self::Refused,
            CallError::Unsupported { .. } | CallError::Resting { .. } | CallError::Busy => {
                Self::NothingSent
            }
            CallError::Failure(_)
            | CallError::Trap { .. }
            | CallError::TimedOut { .. }
            | CallError::OutOfCpu { .. }
            | CallError::OutOfMemory { .. }
            | CallError::InvalidResult { .. } => Self::Unknown,
        }
    }
}

/// A call's error, for whoever waits.
pub(super) fn told(what: &str, error: &CallError) -> Told {
    let message = format!("{what}: {error}");
    match error {
        CallError::Failure(failure) => Told {
            code: failure.code.clone(),
            message,
            retry_after_ms: failure.retry_after_ms.map(u64::from),
        },
        CallError::Unsupported { .. } => Told::new("unsupported", message),
        CallError::Resting { retry_after } => Told {
            retry_after_ms: u64::try_from(retry_after.as_millis()).ok(),
            ..Told::new("unreachable", message)
        },
        CallError::Busy | CallError::TimedOut { .. } => Told::new("unreachable", message),
        CallError::Trap { .. }
        | CallError::OutOfCpu { .. }
        | CallError::OutOfMemory { .. }
        | CallError::InvalidResult { .. } => Told::new("unknown-outcome", message),
    }
}

/// A version of a rotation's credential with the plugin for it, ready to be worked with.
pub(super) struct Ready {
    pub(super) credential: Arc<Credential>,
    pub(super) plugin: Arc<Plugin>,
    pub(super) context: CallContext,
    pub(super) version: OpenVersion,
}

impl Vault {
    /// A version that has to be there.
    pub(super) async fn version_of(
        &self,
        credential: &Credential,
        version: u32,
    ) -> Result<OpenVersion, VaultError> {
        let open = self.open_version(credential, version).await?;
        open.ok_or_else(|| InternalError::new("a version that a rotation is about is gone").into())
    }

    /// What a call on a version takes, or why there can't be one.
    pub(super) async fn make_ready(
        &self,
        run: &Run,
        capability: Capability,
        version: u32,
    ) -> Result<Result<Ready, String>, VaultError> {
        let journal = &run.journal;
        let credential = self.rotated_credential(journal).await?;
        let version = self.version_of(&credential, version).await?;
        let plugin = match self.plugin_with(capability, &credential, &version.payload) {
            Ok(plugin) => plugin,
            Err(reason) => return Ok(Err(reason)),
        };
        let asked = journal.connection.as_deref();
        let connection = self
            .connection(&plugin, capability, &credential, &version.payload, asked)
            .await?;
        let connection = match connection {
            Ok(connection) => connection.map(|connection| connection.subject),
            Err(reason) => return Ok(Err(reason)),
        };
        // For providers that keep no name of what they make: what is older than this wasn't made by this rotation.
        let started_at = journal.started_at.as_millisecond().to_string();
        let context = CallContext {
            idempotency_key: journal.id.to_string(),
            connection,
            options: vec![("started-at-ms".to_owned(), started_at)],
        };
        self.hold(run, plugin.limits().wall).await?;
        Ok(Ok(Ready {
            credential,
            plugin,
            context,
            version,
        }))
    }

    /// Writes down what a plugin wanted and may not do.
    pub(super) async fn denials<T>(
        &self,
        run: &Run,
        credential: &Credential,
        plugin: &Plugin,
        outcome: &CallOutcome<T>,
    ) -> Result<(), VaultError> {
        self.record_denials_in(run.request(), credential, plugin, &outcome.evidence)
            .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use claviger_runtime::outcome::Failure;

    use super::*;

    #[test]
    fn what_is_not_certain_is_not_taken_for_done_or_undone() {
        let failure = |code: &str| {
            CallError::Failure(Failure {
                code: code.to_owned(),
                message: String::new(),
                retry_after_ms: None,
                details: Vec::new(),
            })
        };
        let trap = CallError::Trap {
            message: String::new(),
        };
        let late = CallError::TimedOut {
            limit: Duration::from_secs(1),
        };
        let invalid = CallError::InvalidResult {
            what: String::new(),
        };
        let sent = |requests| Evidence {
            requests,
            ..Evidence::default()
        };
        for error in [&failure("unknown-outcome"), &trap, &late, &invalid] {
            assert_eq!(Certainty::of(error, &sent(1)), Certainty::Unknown);
            assert_eq!(Certainty::of(error, &sent(0)), Certainty::NothingSent);
        }
        for code in ["rejected", "unreachable", "rate-limited", "whatever"] {
            assert_eq!(
                Certainty::of(&failure(code), &sent(2)),
                Certainty::Refused,
                "{code}"
            );
        }
        assert_eq!(
            Certainty::of(&CallError::Busy, &sent(0)),
            Certainty::NothingSent
        );
    }
}
