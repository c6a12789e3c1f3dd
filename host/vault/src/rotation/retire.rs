//! Ending earlier versions at the provider, when their time is over.
//!
//! It is no part of a rotation: a version's row says when ending it is next tried, so that neither a new rotation nor an
//! emergency waits for a provider that doesn't answer. What holds one back is said in `store::retirements`.

use std::sync::Arc;
use std::time::Duration;

use claviger_runtime::outcome::{CallError, CallOutcome};
use claviger_runtime::plugin::{Capability, Plugin};
use claviger_runtime::subject::CallContext;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::audit::{Applied, Author, Change, NewEntry, Refusal, action};
use crate::credentials::version::{OpenVersion, VersionState};
use crate::credentials::{Credential, CredentialRef};
use crate::error::VaultError;
use crate::ids::{CredentialId, RotationId, WorkspaceId};
use crate::jobs::{Begun, Turn};
use crate::request::RequestInfo;
use crate::store::claims::Claims;
use crate::store::retirements::{self as rows, EndedRow};
use crate::store::rotations::DueRow;
use crate::store::{StoreError, Transaction};
use crate::vault::Vault;

/// What it waits after each attempt that failed; after one more it is given up.
const BACKOFF: [Duration; 6] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(8),
    Duration::from_hours(24),
];
/// Versions of one plugin that are looked at in one go.
const OF_EACH: i64 = 8;
/// How much longer a claim holds than a call may take.
const MARGIN_MS: i64 = 60_000;

/// A version that is being ended.
struct Ending {
    credential: Arc<Credential>,
    version: OpenVersion,
    fence: i64,
    /// Attempts before this one.
    attempts: i64,
}

/// What came of an attempt.
enum Came {
    Ended,
    /// It is to be tried again.
    Failed {
        reason: String,
        retry_after: Duration,
    },
    /// Trying again makes no difference.
    Never {
        reason: String,
    },
}

impl Vault {
    /// Begins ending the versions whose time is over.
    pub(crate) async fn begin_due_retirements(&self) -> Result<Begun, VaultError> {
        let now = self.now().as_millisecond();
        let claims = self.claims().await?;
        let due = rows::due(&self.inner.database, &claims, now, OF_EACH).await?;
        Ok(due
            .into_iter()
            .filter_map(|row| {
                let lane = row.plugin.as_deref().unwrap_or_default();
                let job = format!("{} {}", row.credential, row.job);
                let turn = self.inner.lanes.enter(lane, &job)?;
                let vault = self.clone();
                self.inner
                    .underway
                    .spawn(async move { vault.retire_due(turn, row).await })
            })
            .collect())
    }

    async fn retire_due(&self, _turn: Turn, row: DueRow) {
        if let Err(error) = self.retire(&row).await {
            tracing::warn!(credential = %row.credential, version = %row.job, %error, "a version that is to be ended isn't");
        }
    }

    async fn retire(&self, due: &DueRow) -> Result<(), VaultError> {
        let damaged = |why: &dyn std::fmt::Display| StoreError::damaged("version", why);
        let workspace: WorkspaceId = due.workspace.parse().map_err(|why| damaged(&why))?;
        let id: CredentialId = due.credential.parse().map_err(|why| damaged(&why))?;
        let number: u32 = due.job.parse().map_err(|why| damaged(&why))?;
        let reference = CredentialRef::Id(id);
        let credential = self.read_through(workspace, &reference).await?.credential;
        let Some(version) = self.open_version(&credential, number).await? else {
            return Ok(());
        };
        let plugin = self.plugin_with(Capability::Rotation, &credential, &version.payload);
        let is_away = version.payload.plugin.is_some()
            && self.plugin_of(&credential, &version.payload).is_err();
        // What is in use isn't ended, whichever version has it.
        let current = self.open_version(&credential, credential.version).await?;
        let is_current = current.is_some_and(|current| {
            self.is_same_secret(&credential, &current.payload, &version.payload)
        });
        let wall = plugin
            .as_ref()
            .map_or(Duration::ZERO, |plugin| plugin.limits().wall);
        let Some(ending) = self.claim_version(credential, version, wall).await? else {
            return Ok(());
        };
        let (credential, attempts, fence) = (
            Arc::clone(&ending.credential),
            ending.attempts,
            ending.fence,
        );
        let came = match plugin {
            _ if is_current => Came::Ended,
            Ok(plugin) => self.end_version(ending, &plugin).await?,
            // It may come again.
            Err(reason) if is_away => Came::Failed {
                reason,
                retry_after: Duration::ZERO,
            },
            Err(reason) => Came::Never { reason },
        };
        self.write_ended(&credential, number, fence, attempts, came)
            .await
    }

    /// Writes the intent and claims the version; none where something holds it back by now.
    async fn claim_version(
        &self,
        credential: Arc<Credential>,
        version: OpenVersion,
        wall: Duration,
    ) -> Result<Option<Ending>, VaultError> {
        let claims = self.claims().await?;
        let wall = i64::try_from(wall.as_millis()).unwrap_or(i64::MAX);
        let claim = Claim {
            credential: credential.id,
            version: i64::from(version.version),
            until: claims.now.saturating_add(wall).saturating_add(MARGIN_MS),
            claims,
        };
        let entry = entry(
            &credential,
            version.version,
            action::CREDENTIAL_VERSION_RETIRE_INTENT,
        );
        let claimed = self.inner.audit.commit(entry, Some(Box::new(claim)));
        if claimed.await?.applied != Applied::Done {
            return Ok(None);
        }
        let (id, number) = (credential.id.to_string(), i64::from(version.version));
        let row = rows::claimed(&self.inner.database, &id, number, &self.inner.host).await?;
        Ok(row.map(|row| Ending {
            credential,
            version,
            fence: row.fence,
            attempts: row.retire_attempts,
        }))
    }

    async fn end_version(&self, ending: Ending, plugin: &Arc<Plugin>) -> Result<Came, VaultError> {
        let Ending {
            credential,
            version,
            ..
        } = ending;
        let (id, number) = (credential.id.to_string(), i64::from(version.version));
        let replaced = rows::replaced_by(&self.inner.database, &id, number).await?;
        let (key, asked) = replaced.unwrap_or((RotationId::random().to_string(), None));
        let connection = self
            .connection(
                plugin,
                Capability::Rotation,
                &credential,
                &version.payload,
                asked.as_deref(),
            )
            .await?;
        let connection = match connection {
            Ok(connection) => connection,
            // It may be active again.
            Err(reason) => {
                return Ok(Came::Failed {
                    reason,
                    retry_after: Duration::ZERO,
                });
            }
        };
        let context = CallContext {
            idempotency_key: key,
            connection: connection.map(|connection| connection.subject),
            ..CallContext::default()
        };
        let outcome = plugin.retire(context, version.subject(&credential)).await;
        self.record_denials_in(
            &RequestInfo::default(),
            &credential,
            plugin,
            &outcome.evidence,
        )
        .await?;
        Ok(came(outcome))
    }

    async fn write_ended(
        &self,
        credential: &Credential,
        version: u32,
        fence: i64,
        attempts: i64,
        came: Came,
    ) -> Result<(), VaultError> {
        let now = self.now().as_millisecond();
        let mut row = EndedRow {
            credential: credential.id.to_string(),
            version: i64::from(version),
            fence,
            state: VersionState::Retired.as_str(),
            attempts: attempts + 1,
            error: None,
            retire_at: None,
            retired_at: None,
        };
        let failed = |reason: &str| {
            let action = action::CREDENTIAL_VERSION_RETIRE_FAILED;
            entry(credential, version, action)
                .detail("reason", reason)
                .detail("attempts", attempts + 1)
                .failed()
        };
        let again = usize::try_from(attempts)
            .ok()
            .and_then(|index| BACKOFF.get(index));
        let entry = match (came, again) {
            (Came::Ended, _) => {
                row.retired_at = Some(now);
                entry(credential, version, action::CREDENTIAL_VERSION_RETIRE)
            }
            (
                Came::Failed {
                    reason,
                    retry_after,
                },
                Some(wait),
            ) => {
                let wait = (*wait).max(retry_after);
                let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
                row.state = VersionState::Retiring.as_str();
                row.retire_at = Some(now.saturating_add(wait_ms));
                let entry = failed(&reason).detail("retry_in_s", wait.as_secs());
                row.error = Some(reason);
                entry
            }
            (Came::Failed { reason, .. } | Came::Never { reason }, _) => {
                row.state = VersionState::RetireFailed.as_str();
                let entry = failed(&reason).detail("alert", true);
                row.error = Some(reason);
                entry
            }
        };
        let ended = Ended { row };
        self.inner
            .audit
            .commit(entry, Some(Box::new(ended)))
            .await?;
        Ok(())
    }
}

fn came(outcome: CallOutcome<()>) -> Came {
    let error = match outcome.result {
        Ok(()) => return Came::Ended,
        Err(error) => error,
    };
    let reason = error.to_string();
    match &error {
        CallError::Failure(failure) if failure.code == "not-found" => Came::Ended,
        CallError::Failure(failure)
            if ["unsupported", "invalid-input"].contains(&failure.code.as_str()) =>
        {
            Came::Never { reason }
        }
        CallError::Failure(failure) => Came::Failed {
            reason,
            retry_after: Duration::from_millis(failure.retry_after_ms.unwrap_or_default().into()),
        },
        CallError::Unsupported { .. } => Came::Never { reason },
        _ => Came::Failed {
            reason,
            retry_after: Duration::ZERO,
        },
    }
}

fn entry(credential: &Credential, version: u32, action: &'static str) -> NewEntry {
    NewEntry::new(Author::System, action)
        .within(credential.workspace)
        .about(credential.id, credential.name.as_str())
        .detail("version", version)
}

/// A claim on a version that is to be ended.
struct Claim {
    credential: CredentialId,
    version: i64,
    claims: Claims,
    until: i64,
}

impl Change for Claim {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let id = self.credential.to_string();
            let claimed = rows::claim(transaction, &id, self.version, &self.claims, self.until);
            Ok(if claimed.await? {
                Applied::Done
            } else {
                Applied::Refused(Refusal::Stale)
            })
        }
        .boxed()
    }
}

/// What became of a version, under the fence of its claim.
struct Ended {
    row: EndedRow,
}

impl Change for Ended {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            // The entry is written all the same: it happened at the provider.
            rows::set_ended(transaction, &self.row).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }
}
