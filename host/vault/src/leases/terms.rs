//! What a lease is asked for, within the limits of its backend.

use super::action;
use super::error::LeaseError;
use super::input::NewLease;
use super::model::LeaseState;
use super::ttl::Ttl;
use crate::audit::NewEntry;
use crate::backends::Backend;
use crate::backends::root::Root;
use crate::backends::scope::{self, MOST};
use crate::error::{InternalError, Problem, VaultError};
use crate::identity::Actor;
use crate::ids::{LeaseId, WorkspaceId};
use crate::store::leases::LeaseRow;
use crate::vault::Vault;

/// The longest metadata, in bytes of JSON: each entry about the lease has it.
const LONGEST_METADATA: usize = 4096;

/// What is asked of the provider.
pub(super) struct Terms {
    pub(super) backend: Backend,
    pub(super) ttl: Ttl,
    pub(super) scopes: Vec<String>,
    metadata: String,
}

impl Vault {
    /// The terms of a request. One that goes beyond its backend's limits is in the log.
    pub(super) async fn terms(
        &self,
        workspace: WorkspaceId,
        actor: &Actor,
        new: &NewLease,
    ) -> Result<Terms, LeaseError> {
        let metadata = check(new)?;
        let found = self.find_backend(workspace, &new.backend).await?;
        let backend = found.ok_or_else(|| LeaseError::NoSuchBackend {
            id: new.backend.clone(),
        })?;
        let ttl = new.ttl.unwrap_or(backend.default_ttl);
        match limits(&backend, ttl, &new.scopes) {
            Ok(()) => Ok(Terms {
                ttl,
                scopes: new.scopes.clone(),
                metadata,
                backend,
            }),
            Err(error) => {
                let entry = NewEntry::by(actor, action::ISSUE)
                    .regardless()
                    .within(workspace)
                    .target(backend.id.as_str())
                    .detail("reason", error.to_string())
                    .failed();
                self.inner.identity.record_denial(entry);
                Err(error)
            }
        }
    }
}

/// Whether a request can be one at all; its metadata, as it is kept.
fn check(new: &NewLease) -> Result<String, VaultError> {
    let mut problems = Vec::new();
    if new.scopes.len() > MOST {
        problems.push(Problem::new("scopes", format!("must be at most {MOST}")));
    }
    if let Some(why) = new
        .scopes
        .iter()
        .find_map(|scope| scope::check(scope).err())
    {
        problems.push(Problem::new("scopes", why.to_string()));
    }
    let metadata = serde_json::to_string(&new.metadata).map_err(InternalError::new)?;
    if metadata.len() > LONGEST_METADATA {
        let rule = format!("must be at most {LONGEST_METADATA} bytes of JSON");
        problems.push(Problem::new("metadata", rule));
    }
    if problems.is_empty() {
        Ok(metadata)
    } else {
        Err(VaultError::Invalid(problems))
    }
}

fn limits(backend: &Backend, ttl: Ttl, scopes: &[String]) -> Result<(), LeaseError> {
    if ttl > backend.max_ttl {
        return Err(LeaseError::TtlExceeded {
            backend: backend.id.to_string(),
            asked: ttl,
            max: backend.max_ttl,
        });
    }
    let patterns = backend.allowed_scopes.iter().flatten();
    let allowed = patterns
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    let (id, forbidden) = (&backend.id, backend.forbidden(scopes));
    let message = match forbidden {
        Some(scope) => {
            format!("The backend `{id}` doesn't allow the scope `{scope}`; it allows {allowed}")
        }
        None if scopes.is_empty() && backend.wants_scopes() => {
            format!("Name the scopes that are needed: the backend `{id}` allows {allowed}")
        }
        None => return Ok(()),
    };
    Err(LeaseError::ScopeNotAllowed { message })
}

impl Terms {
    /// The row that is there before the provider is asked.
    pub(super) fn row(
        &self,
        id: LeaseId,
        actor: &Actor,
        root: &Root,
        now: i64,
    ) -> Result<LeaseRow, VaultError> {
        let json = |list: &[String]| serde_json::to_string(list).map_err(InternalError::new);
        // A provider may give more than it was asked for, an hour at the least for many, and its time begins with its answer.
        let longest = self.ttl.max(self.backend.max_ttl).max(Ttl::HOUR);
        Ok(LeaseRow {
            id: id.to_string(),
            workspace: self.backend.workspace.to_string(),
            backend: self.backend.id.to_string(),
            provider: self.backend.provider.clone(),
            root: root.credential.id.to_string(),
            root_version: root.subject.version.into(),
            holder: actor.user.to_string(),
            holder_name: actor.username.to_string(),
            scopes: json(&self.scopes)?,
            metadata: self.metadata.clone(),
            parameters: serde_json::to_string(&self.backend.parameters)
                .map_err(InternalError::new)?,
            ttl_s: self.ttl.seconds().into(),
            state: LeaseState::Issuing.as_str().to_owned(),
            outcome: None,
            data_key: None,
            sealed: None,
            created_at: now,
            expires_at: now + self.ttl.milliseconds(),
            ends_at: now + root.claim() + longest.milliseconds(),
            ended_at: None,
            attempts: 0,
            // Once its claim has ended, somebody looks at it.
            next_at: Some(now),
            error: None,
            fence: 1,
        })
    }
}
