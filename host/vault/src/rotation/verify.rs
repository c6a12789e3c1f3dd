//! `verifying`: whether the new secret works, allowing for the time until all of the provider knows it.

use std::time::Duration;

use claviger_runtime::outcome::CallError;
use claviger_runtime::plugin::Capability;

use super::ask::Ready;
use super::run::{Run, Told};
use super::undo::BACKOFF;
use super::{RotationMode, RotationPhase};
use crate::audit::action;
use crate::error::VaultError;
use crate::health::{Finding, Health};
use crate::vault::Vault;

/// What testing a version says.
pub(super) enum Proof {
    /// The provider, or what was in the way of asking it.
    Found(Finding),
    /// Nobody could be asked now: the plugin, or the connection to the provider, is away.
    Away(Finding),
    /// Nobody can test it.
    NobodyToAsk,
}

impl Vault {
    pub(super) async fn verify(&self, run: &mut Run) -> Result<(), VaultError> {
        let finding = match self.prove(run, run.journal.to).await? {
            Proof::NobodyToAsk => Finding {
                health: Health::Unknown,
                reason: None,
            },
            Proof::Found(finding) if finding.health == Health::Valid => finding,
            // There is no way back: whatever is wrong with it, it is all there is.
            Proof::Found(finding) | Proof::Away(finding) if run.journal.replaces => finding,
            Proof::Away(finding) => return self.not_now(run, finding).await,
            Proof::Found(finding) => return self.not_taken(run, finding).await,
        };
        let mut entry = run
            .entry(action::CREDENTIAL_ROTATE_VERIFIED)
            .detail("health", finding.health.as_str());
        if let Some(reason) = &finding.reason {
            entry = entry.detail("reason", reason.as_str());
        }
        entry.success = finding.health == Health::Valid;
        run.verified = Some(finding);
        self.advance(run, RotationPhase::Pushing, entry, None).await
    }

    async fn not_taken(&self, run: &mut Run, finding: Finding) -> Result<(), VaultError> {
        let reason = finding.reason.unwrap_or_default();
        let (code, what) = match finding.health {
            Health::Invalid => ("rejected", "the provider doesn't take the new secret"),
            Health::Valid | Health::Unknown => ("unreachable", "the new secret couldn't be tested"),
        };
        let told = Told::new(
            code,
            format!("{what}: {reason}; the current one is as it was"),
        );
        match run.journal.mode {
            RotationMode::Rotation | RotationMode::Assignment => {
                self.begin_undoing(run, told).await
            }
            RotationMode::Given | RotationMode::Generated | RotationMode::Rollback => {
                self.fail(run, told).await
            }
        }
    }

    /// As long as nobody can test what was made, it is neither taken nor thrown away. Where the old one works all the same
    /// that has an end: what was made is undone.
    async fn not_now(&self, run: &mut Run, finding: Finding) -> Result<(), VaultError> {
        let attempts = usize::try_from(run.journal.attempts).unwrap_or(usize::MAX);
        match run.journal.mode {
            RotationMode::Rotation if attempts >= BACKOFF.len() => {
                self.not_taken(run, finding).await
            }
            RotationMode::Rotation | RotationMode::Assignment => {
                let reason = finding.reason.unwrap_or_default();
                let message = format!(
                    "the new secret couldn't be tested yet, and is tested again: {reason}; the current one is as it was"
                );
                self.try_later(run, Told::new("unreachable", message)).await
            }
            _ => self.not_taken(run, finding).await,
        }
    }

    /// Tests a version until it works, or for as long as a new one is given.
    pub(super) async fn prove(&self, run: &Run, version: u32) -> Result<Proof, VaultError> {
        let waits = self.inner.rotation.waits;
        let mut waited = Duration::ZERO;
        for attempt in 0.. {
            let proof = self.found(run, version).await?;
            let limit = match &proof {
                Proof::NobodyToAsk => return Ok(proof),
                Proof::Away(_) => waits.unknown,
                Proof::Found(finding) => match finding.health {
                    Health::Valid => return Ok(proof),
                    Health::Invalid => waits.rejected,
                    Health::Unknown => waits.unknown,
                },
            };
            let wait = waits.after(attempt);
            // A wait of nothing would never come to its limit.
            if waited + wait > limit || wait.is_zero() {
                return Ok(proof);
            }
            tokio::time::sleep(wait).await;
            waited += wait;
        }
        Ok(Proof::NobodyToAsk)
    }

    /// Tests a version once.
    pub(super) async fn found(&self, run: &Run, version: u32) -> Result<Proof, VaultError> {
        let credential = self.rotated_credential(&run.journal).await?;
        let open = self.version_of(&credential, version).await?;
        let can_test = match self.plugin_of(&credential, &open.payload) {
            Ok(plugin) => plugin.capabilities().contains(&Capability::Validation),
            // It may come again.
            Err(_) => open.payload.plugin.is_some(),
        };
        if !can_test {
            return Ok(Proof::NobodyToAsk);
        }
        let ready = match self
            .make_ready(run, Capability::Validation, version)
            .await?
        {
            Ok(ready) => ready,
            Err(reason) => {
                return Ok(Proof::Away(Finding {
                    health: Health::Unknown,
                    reason: Some(reason),
                }));
            }
        };
        let Ready {
            credential,
            plugin,
            context,
            version,
        } = ready;
        let outcome = plugin.validate(context, version.subject(&credential)).await;
        self.denials(run, &credential, &plugin, &outcome).await?;
        if let Err(CallError::Failure(failure)) = &outcome.result
            && failure.code == "unsupported"
        {
            return Ok(Proof::NobodyToAsk);
        }
        Ok(Proof::Found(Finding::of(&outcome)))
    }
}
