//! Where a workspace lets connections lead.
//!
//! An origin that a manifest writes out is granted with the plugin. One that is filled in from a credential's own field
//! (`{base_url}`) is whatever its owner wrote there, so a connection is used only where it leads to an origin that somebody
//! with `workspace:manage` has approved for that plugin: by storing the connection themselves, or by saying so.

use claviger_runtime::manifest::Kind;
use claviger_runtime::origin::{Origin, OriginPattern};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::error::{Problem, VaultError};
use crate::ids::{UserId, WorkspaceId};
use crate::permission::{Permit, workspace};
use crate::store::origins::{self as rows, OriginRow};
use crate::store::{StoreError, Transaction};
use crate::vault::Vault;

/// An origin that is approved in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedOrigin {
    /// The plugin that it is approved for.
    pub plugin: String,
    /// The origin.
    pub origin: Origin,
    /// The name of who approved it.
    pub approved_by: String,
    /// When.
    pub approved_at: Timestamp,
}

/// Those of a credential's origins that take an approval: all that its kind doesn't write out.
pub(super) fn to_approve(kind: &Kind, origins: &[Origin]) -> Vec<Origin> {
    let written_out = |origin: &&Origin| {
        let mut places = kind
            .fields
            .iter()
            .flat_map(|field| field.places.iter().chain(&field.signature_places));
        places.any(|place| matches!(&place.origin, OriginPattern::Exact(exact) if exact == *origin))
    };
    origins
        .iter()
        .filter(|origin| !written_out(origin))
        .cloned()
        .collect()
}

impl Vault {
    /// The origins that are approved in a workspace.
    pub async fn approved_origins(
        &self,
        permit: &Permit<workspace::Manage>,
    ) -> Result<Vec<ApprovedOrigin>, VaultError> {
        let rows = rows::approved(&self.inner.database, permit.workspace()).await?;
        Ok(rows
            .into_iter()
            .map(ApprovedOrigin::try_from)
            .collect::<Result<_, _>>()?)
    }

    /// Lets connections of a plugin lead to an origin. Approving what is approved changes nothing.
    pub async fn approve_origin(
        &self,
        permit: &Permit<workspace::Manage>,
        plugin: &str,
        origin: &str,
    ) -> Result<ApprovedOrigin, VaultError> {
        let mut problems = Vec::new();
        if self.inner.catalogue.load().by_name(plugin).is_none() {
            problems.push(Problem::new(
                "plugin",
                "is the name of no plugin that is here",
            ));
        }
        let parsed = origin.parse::<Origin>();
        if parsed.is_err() {
            let rule = "is no origin; write scheme, host and where needed port, as `https://n8n.example.com`";
            problems.push(Problem::new("origin", rule));
        }
        let (Ok(origin), []) = (parsed, &problems[..]) else {
            return Err(VaultError::Invalid(problems));
        };
        let now = self.now();
        let change = Alteration {
            workspace: permit.workspace(),
            plugin: plugin.to_owned(),
            origin: origin.to_string(),
            approval: Some((permit.actor().user, now.as_millisecond())),
        };
        let entry = NewEntry::by(permit.actor(), action::ORIGIN_APPROVE);
        // Refused: somebody approved it before.
        if self.alter(entry, change).await? == Applied::Done {
            return Ok(ApprovedOrigin {
                plugin: plugin.to_owned(),
                origin,
                approved_by: permit.actor().username.to_string(),
                approved_at: now,
            });
        }
        let approved = self.approved_origins(permit).await?;
        let found = approved
            .into_iter()
            .find(|known| known.plugin == plugin && known.origin == origin);
        found.ok_or_else(super::reveal::changing)
    }

    /// Ends the approval of an origin: connections that lead there are refused from now on. [`VaultError::NotFound`] where
    /// there is none.
    pub async fn withdraw_origin(
        &self,
        permit: &Permit<workspace::Manage>,
        plugin: &str,
        origin: &str,
    ) -> Result<(), VaultError> {
        // What is no origin is approved nowhere.
        let origin: Origin = origin.parse().map_err(|_| VaultError::NotFound)?;
        let change = Alteration {
            workspace: permit.workspace(),
            plugin: plugin.to_owned(),
            origin: origin.to_string(),
            approval: None,
        };
        let entry = NewEntry::by(permit.actor(), action::ORIGIN_WITHDRAW);
        match self.alter(entry, change).await? {
            Applied::Done => Ok(()),
            Applied::Refused(_) => Err(VaultError::NotFound),
        }
    }

    async fn alter(&self, entry: NewEntry, change: Alteration) -> Result<Applied, VaultError> {
        let entry = entry
            .within(change.workspace)
            .target(change.origin.as_str())
            .detail("plugin", change.plugin.as_str());
        let committed = self
            .inner
            .audit
            .commit(entry, Some(Box::new(change)))
            .await?;
        Ok(committed.applied)
    }
}

/// An approval made or, without one, ended. Refused as taken where it is there already, and as gone where it isn't.
struct Alteration {
    workspace: WorkspaceId,
    plugin: String,
    origin: String,
    /// By whom and when.
    approval: Option<(UserId, i64)>,
}

impl Change for Alteration {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let (workspace, plugin, origin) = (self.workspace, &self.plugin, &self.origin);
            let (done, refusal) = match self.approval {
                Some((by, at)) => (
                    rows::approve(transaction, workspace, plugin, origin, by, at).await?,
                    Refusal::NameTaken,
                ),
                None => (
                    rows::withdraw(transaction, workspace, plugin, origin).await?,
                    Refusal::Gone,
                ),
            };
            Ok(if done {
                Applied::Done
            } else {
                Applied::Refused(refusal)
            })
        }
        .boxed()
    }
}

impl TryFrom<OriginRow> for ApprovedOrigin {
    type Error = StoreError;

    fn try_from(row: OriginRow) -> Result<Self, StoreError> {
        let damaged = |why: String| StoreError::damaged("approved origin", why);
        Ok(Self {
            plugin: row.plugin,
            origin: row
                .origin
                .parse()
                .map_err(|why| damaged(format!("{why}")))?,
            approved_by: row.approved_by,
            approved_at: Timestamp::from_millisecond(row.approved_at)
                .map_err(|why| damaged(why.to_string()))?,
        })
    }
}
