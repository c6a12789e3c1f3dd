//! Going back to an earlier version, where that still works or can be made to.

use std::sync::Arc;

use claviger_runtime::plugin::Capability;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::ask::{Certainty, Ready, told};
use super::begin::{Order, Plan, Starter, check_standing};
use super::journal::NO_OVERLAP;
use super::run::{Run, Told};
use super::verify::Proof;
use super::{RollbackRequest, Rotated, RotationCause, RotationMode, RotationPhase};
use crate::audit::{Applied, Change, action};
use crate::credentials::reveal::changing;
use crate::credentials::{Credential, CredentialRef, VersionState};
use crate::error::{InternalError, Problem, VaultError};
use crate::health::{Finding, Health};
use crate::identity::Actor;
use crate::ids::{CredentialId, RotationId, WorkspaceId};
use crate::permission::{Permit, credential};
use crate::store::{StoreError, Transaction, credentials as rows, retirements};
use crate::vault::Vault;

/// States of versions that can be gone back to.
const STATES: [VersionState; 4] = [
    VersionState::Previous,
    VersionState::Retiring,
    VersionState::RetireFailed,
    VersionState::Retired,
];

impl Vault {
    /// Makes an earlier version of a credential's secret the current one again. It is tested at the provider first, and
    /// made to work again where its plugin can; a conflict where it doesn't.
    pub async fn rollback_credential(
        &self,
        permit: &Permit<credential::Rollback>,
        reference: &CredentialRef,
        request: RollbackRequest,
    ) -> Result<Rotated, VaultError> {
        let workspace = permit.workspace();
        if let Some(id) = request.id
            && let Some(rotated) = self.rotated_before(workspace, reference, id).await?
        {
            return Ok(rotated);
        }
        let actor = Arc::new(Actor::clone(permit.actor()));
        let (vault, reference) = (self.clone(), reference.clone());
        let work = async move {
            let starter = Starter::User(actor);
            vault
                .roll_back(workspace, starter, &reference, request)
                .await
        };
        // None: the vault is closing.
        let task = self.inner.underway.spawn(work);
        task.ok_or(VaultError::Unavailable)?
            .await
            .map_err(InternalError::new)?
    }

    async fn roll_back(
        &self,
        workspace: WorkspaceId,
        starter: Starter,
        reference: &CredentialRef,
        request: RollbackRequest,
    ) -> Result<Rotated, VaultError> {
        let credential = self.read_through(workspace, reference).await?.credential;
        check_standing(&credential)?;
        let (version, state) = self.target(&credential, request.version).await?;
        let order = Order {
            id: request.id.unwrap_or_else(RotationId::random),
            starter,
            cause: RotationCause::Manual,
            reason: None,
            connection: request.connection,
            action: action::CREDENTIAL_ROLLBACK_INTENT,
        };
        let plan = Plan {
            mode: RotationMode::Rollback,
            phase: RotationPhase::Verifying,
            from: credential.version,
            to: version,
            new: None,
            external_id: None,
            overlap: NO_OVERLAP,
            target: Some(state.as_str()),
        };
        let run = self.write_intent(&order, &credential, &plan).await?;
        self.run(run.ok_or_else(changing)?).await
    }

    /// The version that is gone back to, and its state.
    async fn target(
        &self,
        credential: &Credential,
        wanted: Option<u32>,
    ) -> Result<(u32, VersionState), VaultError> {
        let versions = rows::versions(&self.inner.database, &credential.id.to_string()).await?;
        let versions = versions.into_iter().filter_map(|row| {
            let state = VersionState::parse(&row.state)?;
            Some((u32::try_from(row.version).ok()?, state))
        });
        let versions: Vec<_> = versions.collect();
        let open = |state: &VersionState| STATES.contains(state);
        let Some(wanted) = wanted else {
            // One that works before one that would have to be made to.
            let latest = versions.iter().filter(|(_, state)| open(state));
            let latest =
                latest.max_by_key(|(version, state)| (*state == VersionState::Previous, *version));
            return latest.copied().ok_or_else(|| VaultError::Conflict {
                message: "Credential has no earlier version to go back to".to_owned(),
                retry_after_ms: None,
            });
        };
        let found = versions.iter().find(|(version, _)| *version == wanted);
        match found {
            Some((_, VersionState::Current)) => Err(VaultError::Conflict {
                message: format!("Version {wanted} is the current one"),
                retry_after_ms: None,
            }),
            Some(found) if open(&found.1) => Ok(*found),
            _ => {
                let numbers: Vec<_> = versions.iter().map(|found| found.0.to_string()).collect();
                let message = format!(
                    "is no version of this credential; its versions are {}",
                    numbers.join(", ")
                );
                Err(VaultError::Invalid(vec![Problem::new("version", message)]))
            }
        }
    }

    /// Tests the version that is gone back to, and has it made to work again where it doesn't. Where that is in vain the
    /// rotation ends, and with it this.
    pub(super) async fn prove_target(&self, run: &mut Run) -> Result<(), VaultError> {
        let version = run.journal.to;
        let first = self.found(run, version).await?;
        let proof = match first {
            Proof::Found(finding) if finding.health == Health::Invalid => {
                self.restore(run, finding).await?
            }
            other => other,
        };
        let finding = match proof {
            Proof::NobodyToAsk if self.may_be_dead(run).await? => {
                let message = format!(
                    "nobody can tell whether version {version} still works; version {} stays the current one; bring the \
                     `value` that works instead",
                    run.journal.from
                );
                return self.fail(run, Told::new("rejected", message)).await;
            }
            Proof::NobodyToAsk => Finding {
                health: Health::Unknown,
                reason: None,
            },
            Proof::Found(finding) if finding.health == Health::Valid => finding,
            Proof::Found(finding) | Proof::Away(finding) => {
                let reason = finding.reason.unwrap_or_default();
                let (code, what) = match finding.health {
                    Health::Invalid => ("rejected", "no longer works"),
                    Health::Valid | Health::Unknown => ("unreachable", "couldn't be tested"),
                };
                let message = format!(
                    "version {version} {what}: {reason}; version {} stays the current one",
                    run.journal.from
                );
                return self.fail(run, Told::new(code, message)).await;
            }
        };
        let entry = run
            .entry(action::CREDENTIAL_ROTATE_VERIFIED)
            .detail("health", finding.health.as_str());
        run.verified = Some(finding);
        self.advance(run, RotationPhase::Pushing, entry, None).await
    }

    /// Whether the version that is gone back to has been ended, or another was set in its place.
    async fn may_be_dead(&self, run: &Run) -> Result<bool, VaultError> {
        let credential = self.rotated_credential(&run.journal).await?;
        let version = self.version_of(&credential, run.journal.to).await?;
        let plugin = self.plugin_of(&credential, &version.payload);
        let is_set =
            plugin.is_ok_and(|plugin| plugin.capabilities().contains(&Capability::Assignment));
        let (id, number) = (credential.id.to_string(), i64::from(run.journal.to));
        let row = rows::version(&self.inner.database, &id, number).await?;
        let is_retired = row.is_some_and(|row| row.state == VersionState::Retired.as_str());
        Ok(is_set || is_retired)
    }

    /// Has the provider make a version work again that doesn't; where it can't, what was found before.
    async fn restore(&self, run: &Run, found: Finding) -> Result<Proof, VaultError> {
        let version = run.journal.to;
        let ready = self.make_ready(run, Capability::Restoration, version);
        let Ok(ready) = ready.await? else {
            return Ok(Proof::Found(found));
        };
        let Ready {
            credential,
            plugin,
            context,
            version: open,
        } = ready;
        // On record before the provider is asked: what works again and doesn't come into use is ended once more.
        let number = i64::from(version);
        let row = rows::version(&self.inner.database, &credential.id.to_string(), number).await?;
        let was_ended = row.is_some_and(|row| row.state == VersionState::Retired.as_str());
        let wakes = |works: bool| Reawakened {
            credential: credential.id,
            version: number,
            works,
            at: self.now().as_millisecond(),
        };
        if was_ended {
            let entry = run.entry(action::CREDENTIAL_VERSION_RESTORE_INTENT);
            let committed = self.inner.audit.commit(entry, Some(Box::new(wakes(true))));
            committed.await?;
        }
        let outcome = plugin.restore(context, open.subject(&credential)).await;
        self.denials(run, &credential, &plugin, &outcome).await?;
        if let Err(error) = &outcome.result
            && was_ended
            && !matches!(Certainty::of(error, &outcome.evidence), Certainty::Unknown)
        {
            let entry = run
                .entry(action::CREDENTIAL_VERSION_RESTORE_FAILED)
                .failed();
            let committed = self.inner.audit.commit(entry, Some(Box::new(wakes(false))));
            committed.await?;
        }
        match outcome.result {
            Ok(()) => self.prove(run, version).await,
            Err(error) => {
                let first = found.reason.unwrap_or_default();
                let told = told("it couldn't be made to work again", &error);
                Ok(Proof::Found(Finding {
                    health: Health::Invalid,
                    reason: Some(format!("{first}; {}", told.message)),
                }))
            }
        }
    }
}

/// An ended version that may work again, or of which the provider says that it doesn't.
struct Reawakened {
    credential: CredentialId,
    version: i64,
    works: bool,
    at: i64,
}

impl Change for Reawakened {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let id = self.credential.to_string();
            if self.works {
                retirements::reawaken(transaction, &id, self.version, self.at).await?;
            } else {
                retirements::lay_down(transaction, &id, self.version, self.at).await?;
            }
            Ok(Applied::Done)
        }
        .boxed()
    }
}
