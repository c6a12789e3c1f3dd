//! Putting a credential to use in a place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use claviger_runtime::ask;
use claviger_runtime::outcome::{CallOutcome, Receipt};
use claviger_runtime::plugin::{Capability, Plugin};
use claviger_runtime::subject::{CallContext, Subject};
use jiff::Timestamp;

use super::change::{Answered, Became, Intent, Outcome};
use super::failure::Failed;
use super::{CURRENT, STALE, pairs, read_pairs, retry};
use crate::audit::{self, NewEntry, Refusal, action};
use crate::credentials::CredentialRef;
use crate::credentials::connection::Connection;
use crate::credentials::model::Credential;
use crate::error::{InternalError, Problem, VaultError};
use crate::identity::Actor;
use crate::ids::{ApplicationId, WorkspaceId};
use crate::permission::{Permit, credential};
use crate::rotation::rotating;
use crate::store::StoreError;
use crate::store::places::{self as rows, ApplicationRow, PlaceRow};
use crate::vault::Vault;

/// The longest name of a place or of whoever asked for it, in characters.
const LONGEST_NAME: usize = 200;
/// The most parameters, and the longest value of one, in characters.
const MOST_PARAMETERS: usize = 32;
const LONGEST_PARAMETER: usize = 1000;
/// How often it is begun anew where others were faster.
const ATTEMPTS: usize = 5;
/// When to try again what somebody else is at.
const SOON_MS: u64 = 5000;
/// What a place says of itself until it is known what became of it.
const UNDER_WAY: &str =
    "it isn't known whether it was put there: that is being done, or was broken off";

/// Where a credential is to be put to use.
#[derive(Debug, Clone, Default)]
pub struct Apply {
    /// The id of the application that this makes, where it has to be known before; none draws one. Where the target has the
    /// credential already, that one's stays.
    pub id: Option<ApplicationId>,
    /// Whether the same request came before: then a place that has the credential already is left as it is.
    pub is_repeat: bool,
    /// The plugin that does it; none: the only one that can, or else `n8n`.
    pub target: Option<String>,
    /// The name of the connection that opens the target; none: the only one there is.
    pub connection: Option<String>,
    /// An n8n workflow's id, for one.
    pub container: String,
    /// An n8n node's name, for one.
    pub slot: String,
    /// Open-ended parameters of the place.
    pub parameters: Vec<(String, String)>,
    /// Who it is for; none: whoever asks.
    pub requested_by: Option<String>,
}

/// A credential that was put to use.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The credential.
    pub credential: Arc<Credential>,
    /// Where.
    pub container: String,
    /// Where in it.
    pub slot: String,
    /// When.
    pub applied_at: Timestamp,
}

impl Vault {
    /// Puts a credential to use in a place of a target. Where the target has it already, the place gets what is there.
    pub async fn apply_credential(
        &self,
        permit: &Permit<credential::Apply>,
        reference: &CredentialRef,
        apply: Apply,
    ) -> Result<Applied, VaultError> {
        apply.check()?;
        let (vault, reference) = (self.clone(), reference.clone());
        let (workspace, actor) = (permit.workspace(), Arc::clone(permit.actor()));
        // In a task of its own: whoever asked may go, and what was begun is still recorded.
        let work = async move { vault.apply_now(&actor, workspace, &reference, &apply).await };
        // None: the vault is closing.
        let task = self.inner.underway.spawn(work);
        task.ok_or(VaultError::Unavailable)?
            .await
            .map_err(InternalError::new)?
    }

    async fn apply_now(
        &self,
        actor: &Actor,
        workspace: WorkspaceId,
        reference: &CredentialRef,
        apply: &Apply,
    ) -> Result<Applied, VaultError> {
        for _ in 0..ATTEMPTS {
            let credential = self.read_through(workspace, reference).await?.credential;
            let subject = self.appliable(&credential).await?;
            let plugin = self.applying_plugin(apply.target.as_deref())?;
            let asked = apply.connection.as_deref();
            let connection = self
                .target_connection(&plugin, Capability::Application, workspace, asked)
                .await?
                .map_err(|reason| VaultError::Invalid(vec![Problem::new("connection", reason)]))?;
            if apply.is_repeat
                && let Some(applied) = self
                    .applied_before(&credential, plugin.name(), &connection.subject.id, apply)
                    .await?
            {
                return Ok(applied);
            }
            let work = Work {
                actor,
                credential,
                plugin,
                connection: connection.name.clone(),
                apply,
            };
            let Some(begun) = self.begin_applying(&work, &connection).await? else {
                continue;
            };
            return self.put_in_place(&work, begun, connection, subject).await;
        }
        Err(busy())
    }

    /// What came of the same request before; none where the place hasn't got the current secret.
    async fn applied_before(
        &self,
        credential: &Arc<Credential>,
        plugin: &str,
        through: &str,
        apply: &Apply,
    ) -> Result<Option<Applied>, VaultError> {
        let database = &self.inner.database;
        let id = credential.id.to_string();
        let Some(application) = rows::application(database, &id, plugin, through).await? else {
            return Ok(None);
        };
        let places = rows::places(database, &application.id).await?;
        let place = places.into_iter().find(|place| {
            place.container == apply.container && place.slot == apply.slot && place.state != STALE
        });
        let Some(place) = place else {
            return Ok(None);
        };
        Ok(Some(Applied {
            credential: Arc::clone(credential),
            container: place.container,
            slot: place.slot,
            applied_at: Timestamp::from_millisecond(place.applied_at)
                .map_err(InternalError::new)?,
        }))
    }

    /// The credential as a call gets it; an error where nobody could put it to use as it is now.
    async fn appliable(&self, credential: &Credential) -> Result<Subject, VaultError> {
        let name = &credential.name;
        if credential.rotating {
            return Err(rotating());
        }
        if !credential.active {
            return Err(VaultError::Conflict {
                message: format!("the credential `{name}` isn't active; activate it first"),
                retry_after_ms: None,
            });
        }
        let opened = self.open_version(credential, credential.version).await?;
        let opened = opened.ok_or_else(|| StoreError::damaged("version", "it holds nothing"))?;
        let unsupported = |message| VaultError::Provider {
            code: "unsupported".to_owned(),
            message,
            retry_after_ms: None,
        };
        if opened.payload.fields.is_empty() {
            return Err(unsupported(format!(
                "the credential `{name}` has no secret here that could be put to use"
            )));
        }
        if opened.payload.plugin.is_none() {
            return Err(unsupported(format!(
                "no plugin knows the provider and the type `{}` of the credential `{name}`, so nobody can say what its secret \
                 means to a target",
                opened.payload.kind
            )));
        }
        Ok(opened.subject(credential))
    }

    /// Claims the application, with the place on record; none where somebody was faster.
    async fn begin_applying(
        &self,
        work: &Work<'_>,
        connection: &Connection,
    ) -> Result<Option<Begun>, VaultError> {
        let (credential, plugin) = (&work.credential, work.plugin.name());
        let id = credential.id.to_string();
        let through = &connection.subject.id;
        let known = rows::application(&self.inner.database, &id, plugin, through).await?;
        let is_new = known.is_none();
        let drawn = || {
            work.apply
                .id
                .unwrap_or_else(ApplicationId::random)
                .to_string()
        };
        let mut application = known.unwrap_or_else(|| ApplicationRow {
            id: drawn(),
            workspace: credential.workspace.to_string(),
            credential: id,
            plugin: plugin.to_owned(),
            connection: through.clone(),
            external_id: None,
            details: "[]".to_owned(),
            version: i64::from(credential.version),
            attempts: 0,
            fence: 0,
        });
        let place = PlaceRow {
            state: STALE.to_owned(),
            error: Some(UNDER_WAY.to_owned()),
            applied_at: 0,
            ..work.place()?
        };
        let place_is_new = Arc::new(AtomicBool::new(false));
        let intent = Intent {
            application: application.clone(),
            is_new,
            claim: self.claim_for(&work.plugin, 1).await?,
            settled: Some(i64::from(credential.version)),
            place: Some(place),
            place_is_new: Arc::clone(&place_is_new),
        };
        let entry = work.entry(action::CREDENTIAL_APPLY_INTENT);
        let committed = self.inner.audit.commit(entry, Some(Box::new(intent)));
        match committed.await?.applied {
            audit::Applied::Done => {
                application.fence += 1;
                Ok(Some(Begun {
                    application,
                    place_is_new: place_is_new.load(Ordering::Relaxed),
                }))
            }
            // The credential has changed: it is looked at anew.
            audit::Applied::Refused(Refusal::Stale) => Ok(None),
            audit::Applied::Refused(_) => {
                let now = rows::application_by_id(&self.inner.database, &application.id).await?;
                match now {
                    // As it was: somebody is at it.
                    Some(now) if now.fence == application.fence && !is_new => Err(busy()),
                    _ => Ok(None),
                }
            }
        }
    }

    async fn put_in_place(
        &self,
        work: &Work<'_>,
        begun: Begun,
        connection: Connection,
        subject: Subject,
    ) -> Result<Applied, VaultError> {
        let credential = &work.credential;
        let context = context(credential, &begun.application, connection)?;
        let place = ask::Place {
            container: work.apply.container.clone(),
            slot: work.apply.slot.clone(),
            parameters: work.apply.parameters.clone(),
        };
        let called = work.plugin.apply(context, subject, place).await;
        self.record_denials(work.actor, credential, &work.plugin, &called.evidence)
            .await?;
        let now = self.now();
        let (change, result) = Self::came_of_applying(work, &begun, &called, now)?;
        // What happened at the target is recorded whatever has become of the actor's leave.
        let mut entry = work.entry(action::CREDENTIAL_APPLY).regardless();
        if let Err(failed) = &result {
            entry = entry.failed().detail("reason", failed.reason.as_str());
        }
        self.inner
            .audit
            .commit(entry, Some(Box::new(change)))
            .await?;
        result?;
        Ok(Applied {
            credential: Arc::clone(credential),
            container: work.apply.container.clone(),
            slot: work.apply.slot.clone(),
            applied_at: now,
        })
    }

    fn came_of_applying(
        work: &Work<'_>,
        begun: &Begun,
        called: &CallOutcome<Receipt>,
        now: Timestamp,
    ) -> Result<(Outcome, Result<(), Failed>), VaultError> {
        let kept = &begun.application;
        let version = i64::from(work.credential.version);
        let now = now.as_millisecond();
        let mut change = Outcome {
            application: kept.id.clone(),
            fence: kept.fence,
            answered: None,
            places: Vec::new(),
            settled: Some((kept.credential.clone(), version)),
            attempts: kept.attempts,
            next_at: now,
            now,
        };
        let place = work.place()?;
        let failed = match &called.result {
            Ok(receipt) => {
                // What the target had before has the secret that it had: only a refresh gives it another.
                let behind = kept.external_id.is_some() && kept.version != version;
                let is = PlaceRow {
                    state: if behind { STALE } else { CURRENT }.to_owned(),
                    error: behind.then(|| format!("the target has version {} of it", kept.version)),
                    applied_at: now,
                    ..place
                };
                change.places.push(Became::Put(is));
                change.answered = Some(Answered {
                    external_id: receipt.external_id.clone(),
                    details: pairs(&receipt.details)?,
                    version: if behind { kept.version } else { version },
                });
                return Ok((change, Ok(())));
            }
            Err(error) => Failed::of(error, &called.evidence),
        };
        if !failed.is_sure() {
            change.attempts = kept.attempts + 1;
            let is = PlaceRow {
                state: STALE.to_owned(),
                error: Some(failed.reason.clone()),
                applied_at: 0,
                ..place
            };
            change.places.push(Became::Put(is));
        } else if begun.place_is_new {
            change.places.push(Became::Nothing(place));
        }
        change.next_at = retry::next_at(now, change.attempts.max(1), failed.retry_after_ms);
        Ok((change, Err(failed)))
    }
}

/// What one call is about.
struct Work<'w> {
    actor: &'w Actor,
    credential: Arc<Credential>,
    plugin: Arc<Plugin>,
    /// The connection's name.
    connection: String,
    apply: &'w Apply,
}

/// An application that is claimed.
struct Begun {
    application: ApplicationRow,
    place_is_new: bool,
}

impl Work<'_> {
    fn place(&self) -> Result<PlaceRow, VaultError> {
        let requested_by = self.apply.requested_by.clone();
        Ok(PlaceRow {
            container: self.apply.container.clone(),
            slot: self.apply.slot.clone(),
            parameters: pairs(&self.apply.parameters)?,
            state: CURRENT.to_owned(),
            error: None,
            requested_by: requested_by.or_else(|| Some(self.actor.username.to_string())),
            applied_at: 0,
        })
    }

    fn entry(&self, action: &'static str) -> NewEntry {
        let Apply {
            container, slot, ..
        } = self.apply;
        let mut entry = NewEntry::by(self.actor, action)
            .within(self.credential.workspace)
            .about(self.credential.id, self.credential.name.as_str())
            .target(format!("{container}/{slot}"))
            .detail("plugin", self.plugin.name())
            .detail("connection", self.connection.as_str())
            .detail("version", self.credential.version);
        if let Some(requested_by) = &self.apply.requested_by {
            entry = entry.detail("requested_by", requested_by.as_str());
        }
        entry
    }
}

impl Apply {
    fn check(&self) -> Result<(), VaultError> {
        let mut problems = Vec::new();
        let mut name = |field: &str, text: &str| {
            let length = text.chars().count();
            if length == 0 || length > LONGEST_NAME || text.chars().any(char::is_control) {
                problems.push(Problem::new(
                    field,
                    format!("must be 1 to {LONGEST_NAME} characters without line breaks or other control characters"),
                ));
            }
        };
        name("workflow_id", &self.container);
        name("node_name", &self.slot);
        if let Some(requested_by) = &self.requested_by {
            name("requested_by", requested_by);
        }
        if self.parameters.len() > MOST_PARAMETERS {
            let message = format!("has more than {MOST_PARAMETERS} parameters");
            problems.push(Problem::new("parameters", message));
        }
        let long = |text: &str| text.chars().count() > LONGEST_PARAMETER;
        if self
            .parameters
            .iter()
            .any(|(key, value)| long(key) || long(value))
        {
            let message = format!("has a text of more than {LONGEST_PARAMETER} characters");
            problems.push(Problem::new("parameters", message));
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(VaultError::Invalid(problems))
        }
    }
}

/// What a call of `apply` may rely on. A target that has the credential already is told its own id of it,
/// and what it answered with it, as `receipt:<key>`.
pub(super) fn context(
    credential: &Credential,
    application: &ApplicationRow,
    connection: Connection,
) -> Result<CallContext, VaultError> {
    let provider = credential.plugin.clone();
    let mut options: Vec<_> = provider
        .map(|provider| ("provider".to_owned(), provider))
        .into_iter()
        .collect();
    if let Some(id) = &application.external_id {
        options.push(("external-id".to_owned(), id.clone()));
        let details = read_pairs(&application.details)?;
        let kept = details.into_iter();
        options.extend(kept.map(|(key, value)| (format!("receipt:{key}"), value)));
    }
    Ok(CallContext {
        idempotency_key: application.id.clone(),
        connection: Some(connection.subject),
        options,
    })
}

fn busy() -> VaultError {
    VaultError::Conflict {
        message: "the credential is being put to use in another place of this target".to_owned(),
        retry_after_ms: Some(SOON_MS),
    }
}
