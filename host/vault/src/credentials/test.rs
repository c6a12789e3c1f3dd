//! Asking the provider whether a credential works.
//!
//! What is about to be done is in the log before the plugin is called, and what came of it after. Both are written, and
//! the health with them, even when whoever asked has gone.

use std::sync::Arc;
use std::time::Duration;

use claviger_runtime::outcome::{CallOutcome, Evidence, Report};
use claviger_runtime::plugin::{Capability, Plugin};
use claviger_runtime::subject::{CallContext, Subject};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use serde_json::Value;

use super::cache::{self, Cached, CredentialCache};
use super::connection::Connection;
use super::input::CredentialRef;
use super::model::Credential;
use super::sealed::Payload;
use crate::audit::{Applied, Author, Change, NewEntry, action};
use crate::error::{InternalError, Problem, VaultError};
use crate::health::{Finding, Health};
use crate::identity::Actor;
use crate::ids::{CredentialId, WorkspaceId};
use crate::permission::{Permit, credential};
use crate::request::RequestInfo;
use crate::store::credentials::{self as rows, HealthRow};
use crate::store::{StoreError, Transaction, listen};
use crate::vault::Vault;

/// Tests that run at a time, when all of a workspace's credentials are tested.
const AT_A_TIME: usize = 16;
/// Ids that are read at a time.
const STEP: i64 = 500;
/// Denials of one call that get an entry each; a plugin can't crowd the log out.
const MOST_DENIALS: usize = 32;

/// What came of a test.
#[derive(Debug, Clone)]
pub struct TestResult {
    /// The credential, as it was tested.
    pub credential: Arc<Credential>,
    /// What this test found. Unknown leaves what was known before.
    pub health: Health,
    /// Why, where there is something to say.
    pub reason: Option<String>,
    /// How long the provider and its plugin took; 0 where nobody was asked.
    pub response_time_ms: u64,
    /// What the provider said, where the credential works.
    pub report: Option<Report>,
    /// When.
    pub tested_at: Timestamp,
}

/// What came of testing all of a workspace's active credentials.
#[derive(Debug, Clone)]
pub struct TestRun {
    /// How many were tested.
    pub checked: u64,
    /// How many work.
    pub valid: u64,
    /// How many their provider doesn't take.
    pub invalid: u64,
    /// Of how many nobody knows.
    pub unknown: u64,
    /// Those that don't work, or of which nobody knows.
    pub findings: Vec<TestResult>,
    /// When it began.
    pub checked_at: Timestamp,
    /// How long it took.
    pub duration: Duration,
}

/// What came of one credential, where many are tested.
enum Tested {
    Found(Box<TestResult>),
    /// Its row is damaged.
    Unreadable,
    /// It was deleted meanwhile.
    Gone,
}

impl Vault {
    /// Asks the provider whether a credential works, active or not; where its plugin needs a connection, through the one of
    /// that name, if one is named.
    pub async fn test_credential(
        &self,
        permit: &Permit<credential::Test>,
        reference: &CredentialRef,
        connection: Option<&str>,
    ) -> Result<TestResult, VaultError> {
        self.test(
            permit.workspace(),
            Arc::new(Actor::clone(permit.actor())),
            reference,
            connection,
        )
        .await
    }

    /// Tests all active credentials of a workspace, some at a time.
    pub async fn test_all(&self, permit: &Permit<credential::Test>) -> Result<TestRun, VaultError> {
        let workspace = permit.workspace();
        let actor = Arc::new(Actor::clone(permit.actor()));
        let checked_at = self.now();
        let begun = tokio::time::Instant::now();
        let (mut valid, mut unreadable) = (0, 0);
        let (mut findings, mut last) = (Vec::new(), String::new());
        loop {
            let step =
                rows::active_after(&self.inner.database, &workspace.to_string(), &last, STEP)
                    .await?;
            let Some((end,)) = step.last() else { break };
            last.clone_from(end);
            let mut tests = stream::iter(step)
                .map(|(id,)| {
                    let (vault, actor) = (self.clone(), Arc::clone(&actor));
                    async move { vault.test_one_of_all(workspace, actor, &id).await }
                })
                .buffer_unordered(AT_A_TIME);
            while let Some(tested) = tests.next().await {
                match tested? {
                    Tested::Found(result) if result.health == Health::Valid => valid += 1,
                    Tested::Found(result) => findings.push(*result),
                    Tested::Unreadable => unreadable += 1,
                    Tested::Gone => {}
                }
            }
        }
        let count = |health| {
            findings
                .iter()
                .filter(|found: &&TestResult| found.health == health)
                .count() as u64
        };
        let (invalid, unknown) = (count(Health::Invalid), count(Health::Unknown) + unreadable);
        Ok(TestRun {
            checked: valid + invalid + unknown,
            valid,
            invalid,
            unknown,
            findings,
            checked_at,
            duration: begun.elapsed(),
        })
    }

    async fn test(
        &self,
        workspace: WorkspaceId,
        actor: Arc<Actor>,
        reference: &CredentialRef,
        connection: Option<&str>,
    ) -> Result<TestResult, VaultError> {
        let cached = self.look_up(workspace, reference).await?;
        let connection = connection.map(str::to_owned);
        self.test_in_task(actor, cached, connection).await
    }

    /// One of many: what is wrong with it alone doesn't keep the others from being tested.
    async fn test_one_of_all(
        &self,
        workspace: WorkspaceId,
        actor: Arc<Actor>,
        id: &str,
    ) -> Result<Tested, VaultError> {
        let looked_up = match id.parse() {
            Ok(id) => self.look_up(workspace, &CredentialRef::Id(id)).await,
            Err(why) => Err(StoreError::damaged("credential's id", why).into()),
        };
        let cached = match looked_up {
            Ok(cached) => cached,
            // It was deleted meanwhile.
            Err(VaultError::NotFound) => return Ok(Tested::Gone),
            Err(VaultError::Internal(error)) => {
                tracing::error!(credential = id, error = %error.cause(), "a credential can't be read");
                return Ok(Tested::Unreadable);
            }
            Err(error) => return Err(error),
        };
        let credential = Arc::clone(&cached.credential);
        match self.test_in_task(actor, cached, None).await {
            Err(VaultError::Internal(error)) => {
                tracing::error!(credential = id, error = %error.cause(), "a credential can't be tested");
                let finding = Finding {
                    health: Health::Unknown,
                    reason: Some("it could not be tested; the server's log says why".to_owned()),
                };
                let found = result(credential, finding, None, self.now());
                Ok(Tested::Found(Box::new(found)))
            }
            tested => tested.map(|result| Tested::Found(Box::new(result))),
        }
    }

    /// In a task of its own: whoever asked may go, and what was begun is still recorded.
    async fn test_in_task(
        &self,
        actor: Arc<Actor>,
        cached: Cached,
        connection: Option<String>,
    ) -> Result<TestResult, VaultError> {
        let vault = self.clone();
        let work = async move {
            vault
                .test_cached(&actor, cached, connection.as_deref())
                .await
        };
        // None: the vault is closing.
        let task = self.inner.underway.spawn(work);
        task.ok_or(VaultError::Unavailable)?
            .await
            .map_err(InternalError::new)?
    }

    async fn test_cached(
        &self,
        actor: &Actor,
        cached: Cached,
        asked: Option<&str>,
    ) -> Result<TestResult, VaultError> {
        let payload = self.unseal(&cached).await?;
        let credential = cached.credential;
        let entry = |action| {
            NewEntry::by(actor, action)
                .within(credential.workspace)
                .about(credential.id, credential.name.as_str())
                .detail("version", credential.version)
        };
        let (finding, outcome) = match self.ready(&credential, &payload, asked).await? {
            Err(reason) => (
                Finding {
                    health: Health::Unknown,
                    reason: Some(reason),
                },
                None,
            ),
            Ok((plugin, connection)) => {
                let mut intent = entry(action::CREDENTIAL_TEST_INTENT).target(plugin.name());
                if let Some(connection) = &connection {
                    intent = intent.detail("connection", connection.name.as_str());
                }
                self.inner.audit.commit(intent, None).await?;
                let context = CallContext {
                    idempotency_key: CredentialId::random().to_string(),
                    connection: connection.map(|connection| connection.subject),
                    ..CallContext::default()
                };
                let outcome = plugin
                    .validate(context, subject(&credential, payload))
                    .await;
                self.record_denials(actor, &credential, &plugin, &outcome.evidence)
                    .await?;
                (Finding::of(&outcome), Some(outcome))
            }
        };
        let tested_at = self.now();
        // What happened at the provider is recorded whatever has become of the actor's leave.
        let mut entry = entry(action::CREDENTIAL_TEST)
            .regardless()
            .detail("health", finding.health.as_str());
        if let Some(reason) = &finding.reason {
            entry = entry.detail("reason", reason.as_str());
        }
        entry.success = finding.health == Health::Valid;
        // Where nobody was asked, nothing is known of it that wasn't before.
        let change = outcome
            .is_some()
            .then(|| HealthChange::of(self, &credential, &finding, tested_at));
        self.inner.audit.commit(entry, change).await?;
        Ok(result(credential, finding, outcome, tested_at))
    }

    /// What a test takes, or why there can't be one. A connection that was asked for and can't be had is the asker's to
    /// change.
    async fn ready(
        &self,
        credential: &Credential,
        payload: &Payload,
        asked: Option<&str>,
    ) -> Result<Result<(Arc<Plugin>, Option<Connection>), String>, VaultError> {
        let plugin = match self.plugin_with(Capability::Validation, credential, payload) {
            Ok(plugin) => plugin,
            Err(reason) => return Ok(Err(reason)),
        };
        let connection = self
            .connection(&plugin, Capability::Validation, credential, payload, asked)
            .await?;
        match connection {
            Ok(connection) => Ok(Ok((plugin, connection))),
            Err(reason) if asked.is_some() => Err(VaultError::Invalid(vec![Problem::new(
                "connection",
                reason,
            )])),
            Err(reason) => Ok(Err(reason)),
        }
    }

    /// One entry for each thing that a plugin wanted and may not do, up to a limit; a last one counts the others. One more
    /// where it was shown secrets themselves.
    pub(crate) async fn record_denials(
        &self,
        actor: &Actor,
        credential: &Credential,
        plugin: &Plugin,
        evidence: &Evidence,
    ) -> Result<(), VaultError> {
        self.record_denials_in(&actor.request, credential, plugin, evidence)
            .await
    }

    /// The same, for a request, or for what the server does by itself.
    pub(crate) async fn record_denials_in(
        &self,
        request: &RequestInfo,
        credential: &Credential,
        plugin: &Plugin,
        evidence: &Evidence,
    ) -> Result<(), VaultError> {
        let by_plugin = |action| {
            let author = Author::Plugin {
                name: plugin.name().into(),
            };
            NewEntry::new(author, action)
                .within(credential.workspace)
                .request(request.clone())
                .about(credential.id, credential.name.as_str())
        };
        let entry = || by_plugin(action::EGRESS_DENIED).failed();
        let told = evidence.denials.iter().take(MOST_DENIALS).map(|denial| {
            entry()
                .target(denial.target.as_str())
                .detail("reason", denial.reason.as_str())
        });
        let left_out = evidence.denials.len().saturating_sub(MOST_DENIALS);
        let last = (left_out > 0).then(|| entry().detail("left_out", left_out));
        let shown = (evidence.reveals > 0)
            .then(|| by_plugin(action::SECRET_SHOWN).detail("times", evidence.reveals));
        // All at once: they go into one group.
        let commits = told
            .chain(last)
            .chain(shown)
            .map(|entry| self.inner.audit.commit(entry, None));
        futures_util::future::try_join_all(commits).await?;
        Ok(())
    }
}

/// The credential as a call gets it.
pub(crate) fn subject(credential: &Credential, payload: Payload) -> Subject {
    let text = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    Subject {
        id: credential.id.to_string(),
        name: credential.name.to_string(),
        kind: payload.kind,
        version: credential.version,
        fields: payload.fields,
        metadata: credential
            .metadata
            .iter()
            .map(|(key, value)| (key.clone(), text(value)))
            .collect(),
        external_id: credential.provider_credential_id.clone(),
        handle: payload.handle,
        expires_at_ms: credential
            .expires_at
            .and_then(|at| u64::try_from(at.as_millisecond()).ok()),
        origins: payload.origins,
    }
}

fn result(
    credential: Arc<Credential>,
    finding: Finding,
    outcome: Option<CallOutcome<Report>>,
    tested_at: Timestamp,
) -> TestResult {
    let took = outcome
        .as_ref()
        .map_or(Duration::ZERO, |outcome| outcome.evidence.duration);
    TestResult {
        credential,
        health: finding.health,
        reason: finding.reason,
        response_time_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        report: outcome.and_then(|outcome| outcome.result.ok()),
        tested_at,
    }
}

/// The health, in the transaction of the outcome's entry. The entry is written whatever has become of the credential.
struct HealthChange {
    row: HealthRow,
    place: (WorkspaceId, CredentialId),
    cache: Arc<CredentialCache>,
}

impl HealthChange {
    fn of(
        vault: &Vault,
        credential: &Credential,
        finding: &Finding,
        at: Timestamp,
    ) -> Box<dyn Change> {
        Box::new(Self {
            row: HealthRow {
                workspace: credential.workspace.to_string(),
                id: credential.id.to_string(),
                version: i64::from(credential.version),
                health: (finding.health != Health::Unknown).then_some(finding.health.as_str()),
                reason: finding.reason.clone(),
                checked_at: at.as_millisecond(),
            },
            place: (credential.workspace, credential.id),
            cache: Arc::clone(&vault.inner.credentials),
        })
    }
}

impl Change for HealthChange {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if rows::set_health(transaction, &self.row).await? {
                listen::tell(transaction, &cache::words(self.place.0, self.place.1)).await?;
            }
            Ok(Applied::Done)
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.cache.forget(self.place.0, self.place.1);
    }
}
