//! The beginning: all that can be checked here, and the journal's first line.

use std::sync::Arc;

use claviger_runtime::manifest::Overlap;
use claviger_runtime::plugin::{Capability, Plugin};

use super::generate::generate;
use super::journal::{BOTH_WORK, Begin, Journal, NO_OVERLAP, REPLACES};
use super::run::Run;
use super::{RotateRequest, Rotated, RotationCause, RotationMode, RotationPhase, rotating};
use crate::audit::{Applied, Author, NewEntry, Refusal, action};
use crate::credentials::resolve::{New, replace};
use crate::credentials::reveal::changing;
use crate::credentials::sealed::Payload;
use crate::credentials::{Credential, CredentialRef};
use crate::error::{InternalError, Problem, VaultError};
use crate::identity::Actor;
use crate::ids::{RotationId, WorkspaceId};
use crate::permission::{Permit, credential};
use crate::store::claims::Claims;
use crate::store::rotations::{self as rows, MadeRow, RotationRow};
use crate::vault::Vault;

/// How often it is begun anew on what others have changed meanwhile.
const ATTEMPTS: usize = 8;
/// How long the first claim holds; it is prolonged before each call.
pub(super) const FIRST_CLAIM_MS: i64 = 120_000;
/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// Who starts a rotation.
#[derive(Clone)]
pub(super) enum Starter {
    User(Arc<Actor>),
    Server,
}

impl Starter {
    /// An entry of what they do, with their leave.
    pub(super) fn entry(&self, action: &'static str) -> NewEntry {
        match self {
            Self::User(actor) => NewEntry::by(actor, action),
            Self::Server => NewEntry::new(Author::System, action),
        }
    }
}

/// What a rotation is going to do.
pub(super) struct Plan {
    pub(super) mode: RotationMode,
    pub(super) phase: RotationPhase,
    pub(super) from: u32,
    pub(super) to: u32,
    /// The new version, where the host has it already.
    pub(super) new: Option<Payload>,
    pub(super) external_id: Option<String>,
    /// What making the new one does to the old one.
    pub(super) overlap: &'static str,
    /// The state of the version that is gone back to.
    pub(super) target: Option<&'static str>,
}

/// What a rotation is begun with, whatever it is going to do.
pub(super) struct Order {
    pub(super) id: RotationId,
    pub(super) starter: Starter,
    pub(super) cause: RotationCause,
    pub(super) reason: Option<String>,
    pub(super) connection: Option<String>,
    /// What the log calls its beginning.
    pub(super) action: &'static str,
}

impl Vault {
    /// Replaces a credential's secret: by one that its provider makes, or that is made here and set there, or that the
    /// caller brings. Answers when the new one is current, or when it is known that it won't be.
    pub async fn rotate_credential(
        &self,
        permit: &Permit<credential::Rotate>,
        reference: &CredentialRef,
        request: RotateRequest,
    ) -> Result<Rotated, VaultError> {
        let workspace = permit.workspace();
        if let Some(id) = request.id
            && let Some(rotated) = self.rotated_before(workspace, reference, id).await?
        {
            return Ok(rotated);
        }
        let starter = Starter::User(Arc::new(Actor::clone(permit.actor())));
        let (vault, reference) = (self.clone(), reference.clone());
        let work = async move {
            let run = vault.begin_rotation(workspace, starter, &reference, request);
            vault.run(run.await?).await
        };
        // None: the vault is closing.
        let task = self.inner.underway.spawn(work);
        task.ok_or(VaultError::Unavailable)?
            .await
            .map_err(InternalError::new)?
    }

    /// Checks all of it, and writes the intent.
    pub(super) async fn begin_rotation(
        &self,
        workspace: WorkspaceId,
        starter: Starter,
        reference: &CredentialRef,
        request: RotateRequest,
    ) -> Result<Run, VaultError> {
        check_reason(request.reason.as_deref())?;
        let order = Order {
            id: request.id.unwrap_or_else(RotationId::random),
            starter,
            cause: request.cause,
            reason: request.reason.clone(),
            connection: request.connection.clone(),
            action: action::CREDENTIAL_ROTATE_INTENT,
        };
        for _ in 0..ATTEMPTS {
            let cached = self.read_through(workspace, reference).await?;
            let credential = &cached.credential;
            check_standing(credential)?;
            if let (Starter::User(actor), Some(given)) = (&order.starter, &request.given)
                && let Some(id) = &given.provider_credential_id
            {
                self.demand_renaming(credential, actor.user, id).await?;
            }
            let payload = self.unseal(&cached).await?;
            let plan = self.plan(credential, payload, &request).await?;
            if let Some(run) = self.write_intent(&order, credential, &plan).await? {
                return Ok(run);
            }
        }
        Err(changing())
    }

    /// What is to be done, or why it can't be.
    async fn plan(
        &self,
        credential: &Credential,
        current: Payload,
        request: &RotateRequest,
    ) -> Result<Plan, VaultError> {
        let plugin = match (&current.plugin, self.plugin_of(credential, &current)) {
            (None, _) => None,
            (Some(_), Ok(plugin)) => Some(plugin),
            (Some(_), Err(reason)) => return Err(unavailable(reason)),
        };
        let (mode, capability) = mode(plugin.as_deref(), &current, request)?;
        if let Some(plugin) = &plugin {
            for capability in capability.into_iter().chain([Capability::Validation]) {
                if plugin.capabilities().contains(&capability) {
                    let asked = request.connection.as_deref();
                    let found = self.connection(plugin, capability, credential, &current, asked);
                    found.await?.map_err(|reason| no_connection(&reason))?;
                }
            }
        }
        let last = rows::last_version(&self.inner.database, &credential.id.to_string()).await?;
        let new = self.new_fields(plugin.as_deref(), &current, mode, request)?;
        let replaces = plugin
            .as_ref()
            .is_some_and(|plugin| plugin.manifest().overlap == Some(Overlap::Replaces));
        let given = request.given.as_ref();
        let phase = match mode {
            RotationMode::Rotation | RotationMode::Assignment => RotationPhase::Creating,
            _ => RotationPhase::Verifying,
        };
        Ok(Plan {
            mode,
            phase,
            from: credential.version,
            to: u32::try_from(last + 1).map_err(InternalError::new)?,
            external_id: given.and_then(|given| given.provider_credential_id.clone()),
            new: new.map(|fields| Payload {
                fields,
                // What the host sets belongs to what was there; what a caller brings is another thing.
                handle: current.handle.filter(|_| mode == RotationMode::Assignment),
                expires_at_ms: None,
                ..current
            }),
            overlap: match mode {
                RotationMode::Rotation if replaces => REPLACES,
                RotationMode::Rotation => BOTH_WORK,
                _ => NO_OVERLAP,
            },
            target: None,
        })
    }

    fn new_fields(
        &self,
        plugin: Option<&Plugin>,
        current: &Payload,
        mode: RotationMode,
        request: &RotateRequest,
    ) -> Result<Option<Vec<claviger_runtime::subject::Field>>, VaultError> {
        let catalogue = self.inner.catalogue.load();
        let generated;
        let new = match (mode, &request.given) {
            (RotationMode::Given, Some(given)) => New {
                value: given.value.as_ref(),
                fields: &given.fields,
            },
            (RotationMode::Assignment | RotationMode::Generated, _) => {
                let kind = plugin.and_then(|plugin| plugin.manifest().kind(&current.kind));
                let rule = match kind {
                    None => None,
                    Some(kind) => Some(kind.main_field().ok_or_else(|| {
                        let several = "can't be made: this type has several secret fields; bring them in `fields`";
                        VaultError::Invalid(vec![Problem::new("value", several)])
                    })?),
                };
                generated = generate(request.generate.as_ref(), rule)?;
                New {
                    value: Some(&generated),
                    fields: &[],
                }
            }
            _ => return Ok(None),
        };
        replace(&catalogue, plugin, current, new).map(Some)
    }

    /// Writes the first line of the journal; none where the credential has changed meanwhile.
    pub(super) async fn write_intent(
        &self,
        order: &Order,
        credential: &Arc<Credential>,
        plan: &Plan,
    ) -> Result<Option<Run>, VaultError> {
        let now = self.now();
        let at = now.as_millisecond();
        let claims = Claims::now(&self.inner.database, &self.inner.host, at).await?;
        let made = match &plan.new {
            Some(payload) => Some(MadeRow {
                credential: credential.id.to_string(),
                version: i64::from(plan.to),
                sealed: self.seal_version(credential, plan.to, payload).await?,
                external_id: plan.external_id.clone(),
                at,
            }),
            None => None,
        };
        let row = row(order, credential, plan, at);
        let journal = Journal::try_from(&row)?;
        let base = order
            .starter
            .entry(order.action)
            .within(credential.workspace)
            .about(credential.id, credential.name.as_str());
        let mut intent = journal.told(base.clone());
        if let Some(reason) = &order.reason {
            intent = intent.detail("reason", reason.as_str());
        }
        if let Some(connection) = &order.connection {
            intent = intent.detail("connection", connection.as_str());
        }
        let begin = Begin {
            row,
            claimed_until: claims.now + FIRST_CLAIM_MS,
            claims,
            made,
            target: plan.target,
            place: (credential.workspace, credential.id),
            inner: Arc::clone(&self.inner),
        };
        let written = self.inner.audit.commit(intent, Some(Box::new(begin)));
        match written.await?.applied {
            Applied::Done => Ok(Some(Run::new(journal, base.regardless(), false))),
            Applied::Refused(Refusal::Gone) => Err(VaultError::NotFound),
            Applied::Refused(Refusal::Rotating) => Err(rotating()),
            Applied::Refused(_) => Ok(None),
        }
    }
}

fn row(order: &Order, credential: &Credential, plan: &Plan, at: i64) -> RotationRow {
    let user = match &order.starter {
        Starter::User(actor) => Some(actor),
        Starter::Server => None,
    };
    RotationRow {
        id: order.id.to_string(),
        workspace: credential.workspace.to_string(),
        credential: credential.id.to_string(),
        mode: plan.mode.as_str().to_owned(),
        cause: order.cause.as_str().to_owned(),
        reason: order.reason.clone(),
        overlap: plan.overlap.to_owned(),
        phase: plan.phase.as_str().to_owned(),
        from_version: i64::from(plan.from),
        to_version: i64::from(plan.to),
        connection: order.connection.clone(),
        started_by: user.map(|actor| actor.user.to_string()),
        started_by_name: user.map_or_else(
            || Author::System.name().to_owned(),
            |actor| actor.username.to_string(),
        ),
        attempts: 0,
        next_at: at,
        error: None,
        fence: 1,
        started_at: at,
        finished_at: None,
    }
}

/// That a credential can be rotated at all.
pub(super) fn check_standing(credential: &Credential) -> Result<(), VaultError> {
    if !credential.active {
        return Err(VaultError::Conflict {
            message: "Credential isn't active; activate it first".to_owned(),
            retry_after_ms: None,
        });
    }
    if credential.rotating {
        return Err(rotating());
    }
    Ok(())
}

fn check_reason(reason: Option<&str>) -> Result<(), VaultError> {
    let fits = reason
        .is_none_or(|reason| reason.chars().count() <= LONGEST_REASON && !reason.contains('\0'));
    let problem = || {
        Problem::new(
            "reason",
            "is longer than 500 characters, or has a NUL character",
        )
    };
    fits.then_some(())
        .ok_or_else(|| VaultError::Invalid(vec![problem()]))
}

/// Where the new secret comes from, and what its plugin does for that.
fn mode(
    plugin: Option<&Plugin>,
    current: &Payload,
    request: &RotateRequest,
) -> Result<(RotationMode, Option<Capability>), VaultError> {
    let can = |capability| plugin.is_some_and(|plugin| plugin.capabilities().contains(&capability));
    let problem = |message: &str| VaultError::Invalid(vec![Problem::new("generate", message)]);
    match (&request.given, &request.generate) {
        (Some(_), Some(_)) => Err(problem(
            "makes a value, and one is given, too; leave one out",
        )),
        (Some(_), None) => Ok((RotationMode::Given, None)),
        (None, Some(_)) if can(Capability::Rotation) => Err(problem(
            "isn't needed: the provider makes the new value itself; leave it out",
        )),
        (None, None) if can(Capability::Rotation) => {
            Ok((RotationMode::Rotation, Some(Capability::Rotation)))
        }
        (None, _) if can(Capability::Assignment) => {
            Ok((RotationMode::Assignment, Some(Capability::Assignment)))
        }
        (None, Some(_)) => Ok((RotationMode::Generated, None)),
        (None, None) => Err(unsupported(plugin, current)),
    }
}

fn unsupported(plugin: Option<&Plugin>, current: &Payload) -> VaultError {
    let who = match plugin {
        Some(plugin) => format!("the plugin `{}` can't make a new secret", plugin.name()),
        None => format!(
            "no plugin knows this provider and the type `{}`, so nobody can be asked for a new secret",
            current.kind
        ),
    };
    VaultError::Provider {
        code: "unsupported".to_owned(),
        message: format!(
            "{who}; bring the new `value`, or have one made here with `generate` and set it at the provider yourself"
        ),
        retry_after_ms: None,
    }
}

/// The plugin isn't there now; it may come again.
fn unavailable(reason: String) -> VaultError {
    VaultError::Provider {
        code: "unreachable".to_owned(),
        message: reason,
        retry_after_ms: None,
    }
}

fn no_connection(reason: &str) -> VaultError {
    VaultError::Invalid(vec![Problem::new("connection", reason)])
}
