//! Where credentials are in use: put there by a plugin, in a target that a connection opens.
//!
//! - `apply`: putting a credential to use in a place; `forget`: taking a place off the record
//! - `refresh`: giving the target a new secret; `retry`: again and again where that failed
//! - `target`: which plugin, through which connection; `change`: what is written of it, each with its entry
//! - `failure`: what it says that a call failed
//! - [`sync`]: what n8n has of its own, and where
//!
//! An *application* is a credential as one target keeps it, and has one place or more. It is written before the plugin is
//! called, and its id is what names at the target are derived from: whatever happens then, it is on record where the
//! secret may be. Whoever works on an application has claimed it.

use claviger_runtime::ask;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;

use crate::credentials::model::Credential;
use crate::error::{InternalError, VaultError};
use crate::store::StoreError;
use crate::store::places::{self as rows, PlaceRow, UsedRow};
use crate::vault::Vault;

mod apply;
mod change;
mod failure;
mod forget;
mod refresh;
mod retry;
pub mod sync;
mod target;

pub use apply::{Applied, Apply};
pub use sync::{Renamed, Synced};

/// Applications of one credential that are refreshed at a time.
const AT_A_TIME: usize = 4;

/// What became of a place that was to get a new secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refreshed {
    /// An n8n workflow's id, for one.
    pub container: String,
    /// An n8n node's name, for one.
    pub slot: String,
    /// Why it still has an older secret; none where it has the new one.
    pub stale: Option<String>,
}

/// A place where a credential is in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The plugin that put it there: `n8n`.
    pub target: String,
    /// The name of the connection that opens the target.
    pub connection: String,
    /// An n8n workflow's id, for one.
    pub container: String,
    /// An n8n node's name, for one.
    pub slot: String,
    /// Whether it has the credential's current secret, as far as is known.
    pub is_current: bool,
    /// Why it hasn't.
    pub error: Option<String>,
    /// When it was put there; none while nobody knows whether it was.
    pub applied_at: Option<Timestamp>,
    /// Who it was put there for; none where it was found there.
    pub requested_by: Option<String>,
}

impl Vault {
    /// Gives every place of a credential the secret of `version`, and tells what became of each. A place that couldn't be
    /// given it is stale, and is tried again until it has the credential's current one.
    pub(crate) async fn refresh_places(
        &self,
        credential: &Credential,
        version: u32,
    ) -> Result<Vec<Refreshed>, VaultError> {
        let id = credential.id.to_string();
        let applications = rows::applications(&self.inner.database, &id).await?;
        let refreshing = stream::iter(applications).map(|application| {
            let (vault, credential) = (self.clone(), credential.clone());
            async move {
                vault
                    .refresh_application(
                        &credential,
                        version,
                        application,
                        refresh::Cause::Rotation,
                    )
                    .await
            }
        });
        // All of them, whatever becomes of one: what is begun at a target is recorded.
        let done: Vec<_> = refreshing.buffer_unordered(AT_A_TIME).collect().await;
        let mut refreshed = Vec::new();
        for of_one in done {
            refreshed.extend(of_one?);
        }
        Ok(refreshed)
    }

    /// Where a credential is in use.
    pub(crate) async fn places_of(
        &self,
        credential: &Credential,
    ) -> Result<Vec<Place>, VaultError> {
        let used = rows::used(&self.inner.database, &credential.id.to_string()).await?;
        Ok(used.into_iter().map(Place::from).collect())
    }
}

/// Places that are named where there are many.
const MOST_NAMED: usize = 5;

impl Vault {
    /// Why a credential can't be deleted that is in use.
    pub(crate) async fn in_use(&self, credential: &Credential) -> Result<VaultError, VaultError> {
        let places = self.places_of(credential).await?;
        let message = if places.is_empty() {
            let id = credential.id.to_string();
            let through = rows::through(&self.inner.database, &id).await?;
            format!(
                "Credential opens the target in which {through} others are in use; they could not be replaced there any more"
            )
        } else {
            format!(
                "Credential is in use in {} places: {}; take it out of use there and off the record first, or deactivate it",
                places.len(),
                Place::list(&places)
            )
        };
        Ok(VaultError::Conflict {
            message,
            retry_after_ms: None,
        })
    }
}

impl Place {
    /// The first of some places, for a message.
    #[must_use]
    pub fn list(places: &[Self]) -> String {
        let named = places.iter().take(MOST_NAMED);
        let mut named: Vec<_> = named
            .map(|place| format!("{}/{}", place.container, place.slot))
            .collect();
        if places.len() > MOST_NAMED {
            named.push(format!("and {} more", places.len() - MOST_NAMED));
        }
        named.join(", ")
    }
}

impl From<UsedRow> for Place {
    fn from(row: UsedRow) -> Self {
        let UsedRow {
            plugin,
            connection,
            place,
        } = row;
        let applied_at = Some(place.applied_at).filter(|at| *at > 0);
        Self {
            target: plugin,
            connection,
            is_current: place.state == CURRENT,
            container: place.container,
            slot: place.slot,
            error: place.error,
            applied_at: applied_at.and_then(|at| Timestamp::from_millisecond(at).ok()),
            requested_by: place.requested_by,
        }
    }
}

/// The states of a place, as they are kept.
const CURRENT: &str = "current";
const STALE: &str = "stale";

/// A place as a call gets it.
fn told(row: &PlaceRow) -> Result<ask::Place, StoreError> {
    Ok(ask::Place {
        container: row.container.clone(),
        slot: row.slot.clone(),
        parameters: read_pairs(&row.parameters)?,
    })
}

/// Pairs as they are kept.
fn pairs(pairs: &[(String, String)]) -> Result<String, VaultError> {
    Ok(serde_json::to_string(pairs).map_err(InternalError::new)?)
}

fn read_pairs(text: &str) -> Result<Vec<(String, String)>, StoreError> {
    serde_json::from_str(text).map_err(|why| StoreError::damaged("list of pairs", why))
}
