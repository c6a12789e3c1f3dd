//! `undoing`: the provider is brought back to where it was, however long that takes.

use std::time::Duration;

use claviger_runtime::outcome::CallError;
use claviger_runtime::plugin::Capability;

use super::ask::{Ready, told};
use super::journal::Journal;
use super::run::{Run, Told};
use super::verify::Proof;
use super::{RotationMode, RotationPhase};
use crate::audit::action;
use crate::error::VaultError;
use crate::health::Health;
use crate::vault::Vault;

/// What it waits after each attempt. Undoing is given up after one more; what can't be given up waits as long as the last of
/// these each time.
pub(super) const BACKOFF: [Duration; 6] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(24),
];

impl Vault {
    /// From now on what it did is undone.
    pub(super) async fn begin_undoing(&self, run: &mut Run, why: Told) -> Result<(), VaultError> {
        let entry = run
            .entry(action::CREDENTIAL_ROTATE_UNDO)
            .detail("reason", why.message.as_str())
            .failed();
        run.why = Some(why);
        self.advance(run, RotationPhase::Undoing, entry, None).await
    }

    pub(super) async fn undo(&self, run: &mut Run) -> Result<(), VaultError> {
        let undone = match run.journal.mode {
            RotationMode::Assignment => self.assign_back(run).await?,
            _ => self.abandon(run).await?,
        };
        let why = why(run);
        let attempts = usize::try_from(run.journal.attempts).unwrap_or(usize::MAX);
        match undone {
            Ok(()) => self.fail(run, why).await,
            Err(reason) if attempts >= BACKOFF.len() => {
                let message = left_behind(&run.journal, &format!("{}; {reason}", why.message));
                self.leave(run, Told { message, ..why }).await
            }
            Err(reason) => {
                let message = format!(
                    "{}; what it may have left at the provider isn't undone yet, and is tried again: {reason}",
                    why.message
                );
                self.try_later(run, Told { message, ..why }).await
            }
        }
    }

    /// Goes on with the same phase later; always an error, for whoever waits.
    pub(super) async fn try_later(&self, run: &Run, told: Told) -> Result<(), VaultError> {
        let attempts = usize::try_from(run.journal.attempts).unwrap_or(usize::MAX);
        let wait = BACKOFF[attempts.min(BACKOFF.len() - 1)];
        let wait = wait.max(Duration::from_millis(
            told.retry_after_ms.unwrap_or_default(),
        ));
        let entry = run
            .entry(action::CREDENTIAL_ROTATE_UNDO)
            .detail("reason", told.message.as_str())
            .detail("retry_in_s", wait.as_secs())
            .failed();
        self.postpone(run, entry, wait).await?;
        Err(told.into())
    }

    /// Has what the rotation made at the provider removed, whether or not it made anything.
    async fn abandon(&self, run: &Run) -> Result<Result<(), String>, VaultError> {
        let ready = self
            .make_ready(run, Capability::Recovery, run.journal.from)
            .await?;
        let Ready {
            credential,
            plugin,
            context,
            version,
        } = match ready {
            Ok(ready) => ready,
            Err(reason) => return Ok(Err(reason)),
        };
        let outcome = plugin.abandon(context, version.subject(&credential)).await;
        self.denials(run, &credential, &plugin, &outcome).await?;
        Ok(match outcome.result {
            Ok(()) => Ok(()),
            Err(CallError::Failure(failure))
                if ["not-found", "unsupported"].contains(&failure.code.as_str()) =>
            {
                Ok(())
            }
            Err(error) => Err(told("undoing it failed", &error).message),
        })
    }

    /// Sets the secret back to the current one, from whichever of the two works.
    async fn assign_back(&self, run: &Run) -> Result<Result<(), String>, VaultError> {
        let mut reason = String::new();
        for working in [run.journal.to, run.journal.from] {
            let ready = self
                .make_ready(run, Capability::Assignment, working)
                .await?;
            let ready = match ready {
                Ok(ready) => ready,
                Err(reason) => return Ok(Err(reason)),
            };
            let old = self.version_of(&ready.credential, run.journal.from).await?;
            let old = old.subject(&ready.credential);
            let working = ready.version.subject(&ready.credential);
            let outcome = ready.plugin.assign(ready.context, working, old).await;
            self.denials(run, &ready.credential, &ready.plugin, &outcome)
                .await?;
            match outcome.result {
                Ok(()) => return Ok(Ok(())),
                Err(error) => reason = told("setting it back failed", &error).message,
            }
        }
        let proof = self.found(run, run.journal.from).await?;
        Ok(match proof {
            Proof::Found(found) if found.health == Health::Valid => Ok(()),
            _ => Err(reason),
        })
    }
}

/// What is told of a rotation that isn't undone any more.
pub(super) fn left_behind(journal: &Journal, why: &str) -> String {
    let id = journal.id;
    match journal.mode {
        RotationMode::Assignment => format!(
            "undoing it was given up: {why}; the provider may have the secret of version {} or that of version {}, and \
             both are kept; see which one works, and roll back to it or bring another `value` (rotation {id})",
            journal.from, journal.to
        ),
        _ => format!(
            "undoing it was given up: {why}; the provider may still have a secret that this rotation made and that \
             nobody uses: look there for `{id}` in a name and remove it; the current one is as it was"
        ),
    }
}

/// Why it is being undone; of one that was taken up again, what its row says.
fn why(run: &Run) -> Told {
    run.why.clone().unwrap_or_else(|| {
        let message = run.journal.error.clone();
        Told::new("unknown-outcome", message.unwrap_or_default())
    })
}
