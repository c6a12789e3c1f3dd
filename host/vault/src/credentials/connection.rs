//! The credential through which the provider of another is reached.
//!
//! Its secret goes where the plugin at hand sends it, so it has to be one that was stored for that very plugin: else a file
//! that was dropped into the plugin directory could declare that it connects through what belongs to another.

use std::collections::BTreeSet;

use claviger_runtime::plugin::{Capability, Plugin};
use claviger_runtime::subject::Subject;

use super::cache::Cached;
use super::input::CredentialRef;
use super::model::Credential;
use super::origins::to_approve;
use super::sealed::Payload;
use crate::error::VaultError;
use crate::ids::WorkspaceId;
use crate::store::{StoreError, credentials as rows, origins};
use crate::vault::Vault;

/// How many of a workspace's credentials are named where one of them is to be chosen.
const MOST_NAMED: usize = 5;

/// A connection, as a call gets it.
pub(crate) struct Connection {
    pub(crate) name: String,
    pub(crate) subject: Subject,
}

/// A connection, or the reason why there is none: a text for a person who can do something about it.
pub(crate) type Found<T> = Result<Result<T, String>, VaultError>;

impl Vault {
    /// The connection that a capability of `plugin` needs to work with a credential; none where it needs none. It is the
    /// one that is `asked` for by name, else the one that the credential was stored with, else the only one there is.
    pub(crate) async fn connection(
        &self,
        plugin: &Plugin,
        capability: Capability,
        credential: &Credential,
        payload: &Payload,
        asked: Option<&str>,
    ) -> Found<Option<Connection>> {
        let needed = plugin.manifest().connection_for(capability);
        let Some(needed) = needed.filter(|kind| *kind != payload.kind) else {
            return Ok(Ok(None));
        };
        // What it was stored with opens its own provider, and no other.
        let own = payload.plugin.as_deref() == Some(plugin.name());
        let stored = payload.connection.as_deref().filter(|_| own);
        let connection = self.connection_of(plugin, needed, credential.workspace, asked.or(stored));
        Ok(connection.await?.map(Some))
    }

    /// The credential of kind `needed` through which `plugin` works in a workspace: the one that is named, else the only
    /// one there is.
    pub(crate) async fn connection_of(
        &self,
        plugin: &Plugin,
        needed: &str,
        workspace: WorkspaceId,
        named: Option<&str>,
    ) -> Found<Connection> {
        let found = match named {
            Some(name) => self.connection_named(workspace, name).await?,
            None => self.only_connection(workspace, plugin, needed).await?,
        };
        let cached = match found {
            Ok(cached) => cached,
            Err(reason) => return Ok(Err(reason)),
        };
        let connection = self.unseal(&cached).await?;
        let refused = self.refused(plugin, needed, &cached, &connection).await?;
        Ok(match refused {
            Some(reason) => Err(reason),
            None => Ok(Connection {
                name: cached.credential.name.to_string(),
                subject: super::test::subject(&cached.credential, connection),
            }),
        })
    }

    async fn connection_named(&self, workspace: WorkspaceId, name: &str) -> Found<Cached> {
        let reference = CredentialRef::Name(name.to_owned());
        match self.look_up(workspace, &reference).await {
            Ok(cached) => Ok(Ok(cached)),
            Err(VaultError::NotFound) => Ok(Err(format!(
                "the connection `{name}` is no credential of this workspace; name another one as `connection`"
            ))),
            Err(error) => Err(error),
        }
    }

    /// The workspace's only active credential of that kind that was stored for the plugin.
    async fn only_connection(
        &self,
        workspace: WorkspaceId,
        plugin: &Plugin,
        kind: &str,
    ) -> Found<Cached> {
        let name = plugin.name();
        let limit = i64::try_from(MOST_NAMED + 1).unwrap_or(i64::MAX);
        let candidates = rows::candidates(
            &self.inner.database,
            &workspace.to_string(),
            kind,
            name,
            limit,
        )
        .await?;
        let needs =
            format!("the plugin `{name}` needs a connection, a credential of type `{kind}`");
        let [(id, _)] = &candidates[..] else {
            if candidates.is_empty() {
                return Ok(Err(format!("{needs}, and this workspace has none")));
            }
            let named = candidates.iter().take(MOST_NAMED);
            let named: Vec<_> = named.map(|(_, name)| format!("`{name}`")).collect();
            let more = if candidates.len() > MOST_NAMED {
                " and more"
            } else {
                ""
            };
            return Ok(Err(format!(
                "{needs}, and this workspace has several: {}{more}; name one of them as `connection`",
                named.join(", ")
            )));
        };
        let id = id
            .parse()
            .map_err(|why| StoreError::damaged("credential's id", why))?;
        match self.look_up(workspace, &CredentialRef::Id(id)).await {
            Ok(cached) => Ok(Ok(cached)),
            // It was deleted meanwhile.
            Err(VaultError::NotFound) => Ok(Err(format!("{needs}, and this workspace has none"))),
            Err(error) => Err(error),
        }
    }

    /// Why a credential can't be a connection of `plugin`, if it can't.
    async fn refused(
        &self,
        plugin: &Plugin,
        needed: &str,
        cached: &Cached,
        payload: &Payload,
    ) -> Result<Option<String>, VaultError> {
        let (name, connection) = (plugin.name(), cached.credential.name.as_str());
        if payload.kind != needed {
            return Ok(Some(format!(
                "the connection `{connection}` is of type `{}`, and the plugin `{name}` needs one of type `{needed}`",
                payload.kind
            )));
        }
        if payload.plugin.as_deref() != Some(name) {
            return Ok(Some(format!(
                "the connection `{connection}` wasn't stored for the plugin `{name}`, which needs one of its own"
            )));
        }
        if !cached.credential.active {
            return Ok(Some(format!("the connection `{connection}` isn't active")));
        }
        let Some(kind) = plugin.manifest().kind(needed) else {
            return Ok(Some(format!(
                "the plugin `{name}` doesn't say where the secrets of `{needed}` go"
            )));
        };
        let mut leads_to = to_approve(kind, &payload.origins);
        if leads_to.is_empty() {
            return Ok(None);
        }
        let workspace = cached.credential.workspace;
        let approved = origins::approved_for(&self.inner.database, workspace, name).await?;
        let approved: BTreeSet<_> = approved.into_iter().map(|row| row.0).collect();
        leads_to.retain(|origin| !approved.contains(&origin.to_string()));
        Ok(leads_to.first().map(|origin| {
            format!(
                "the connection `{connection}` leads to {origin}, which nobody has approved for the plugin `{name}` in \
                 this workspace; a member with `workspace:manage` can approve it"
            )
        }))
    }
}
