//! What is known of a lease.

use std::fmt;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::ttl::Ttl;
use crate::ids::{CredentialId, LeaseId, UserId, WorkspaceId};
use crate::store::StoreError;
use crate::store::leases::{LeaseRow, NEVER};

/// A lease.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Its id.
    pub id: LeaseId,
    /// The workspace that it is in.
    pub workspace: WorkspaceId,
    /// The id of the backend that issued it.
    pub backend: String,
    /// The plugin that issued it.
    pub provider: String,
    /// The credential that it was issued from.
    pub root: CredentialId,
    /// In which of its versions.
    pub root_version: u32,
    /// Who holds it.
    pub holder: UserId,
    /// Their name when it was issued.
    pub holder_name: String,
    /// What it is good for.
    pub scopes: Vec<String>,
    /// What its holder said of it.
    pub metadata: Map<String, Value>,
    /// How long it was asked for.
    pub ttl: Ttl,
    /// Where it stands.
    pub state: LeaseState,
    /// What happened to it at the provider; none while nothing has.
    pub at_provider: Option<AtProvider>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its holder's time is over.
    pub expires_at: Timestamp,
    /// When it stops working at the provider at the latest; none where it never does by itself.
    pub ends_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How often the provider was asked in vain to end it.
    pub attempts: u32,
    /// When something is next done about it.
    pub next_at: Option<Timestamp>,
    /// Why it stands where it does, where that isn't as it should be.
    pub error: Option<String>,
}

/// Where a lease stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeaseState {
    /// The provider is being asked for it, or its answer was lost.
    Issuing,
    /// It is in use.
    Active,
    /// It is to end, and may still work.
    Revoking,
    /// The provider didn't end it, and isn't asked any more.
    RevokeFailed,
    /// Nobody knows whether it was issued, and nobody holds it: it may work until its longest life is over.
    Orphaned,
    /// It was ended before its time.
    Revoked,
    /// Its time is over.
    Expired,
    /// It was never issued.
    Failed,
}

impl LeaseState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Issuing,
        Self::Active,
        Self::Revoking,
        Self::RevokeFailed,
        Self::Orphaned,
        Self::Revoked,
        Self::Expired,
        Self::Failed,
    ];

    /// Its word: `issuing`, `revoke_failed`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issuing => "issuing",
            Self::Active => "active",
            Self::Revoking => "revoking",
            Self::RevokeFailed => "revoke_failed",
            Self::Orphaned => "orphaned",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Failed => "failed",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether it may still work at its provider.
    #[must_use]
    pub const fn is_live(self) -> bool {
        matches!(
            self,
            Self::Issuing | Self::Active | Self::Revoking | Self::RevokeFailed | Self::Orphaned
        )
    }
}

/// What happened to a lease at its provider when it was to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AtProvider {
    /// The provider ended it.
    Revoked,
    /// It didn't work any more.
    AlreadyGone,
    /// The provider can't end it early: it works until it expires.
    UntilExpiry,
    /// The provider hasn't ended it yet; it is asked again.
    Pending,
    /// An operator gave it up: nobody asked the provider, or it didn't agree.
    Forced,
}

impl AtProvider {
    const ALL: [Self; 5] = [
        Self::Revoked,
        Self::AlreadyGone,
        Self::UntilExpiry,
        Self::Pending,
        Self::Forced,
    ];

    /// Its word: `revoked`, `already_gone`, …
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::AlreadyGone => "already_gone",
            Self::UntilExpiry => "until_expiry",
            Self::Pending => "pending",
            Self::Forced => "forced",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == word)
    }
}

fn damaged(why: impl fmt::Display) -> StoreError {
    StoreError::damaged("lease", why)
}

impl TryFrom<&LeaseRow> for Lease {
    type Error = StoreError;

    fn try_from(row: &LeaseRow) -> Result<Self, StoreError> {
        let time = |at: i64| Timestamp::from_millisecond(at).map_err(damaged);
        let seconds = u32::try_from(row.ttl_s).map_err(damaged)?;
        let outcome = row.outcome.as_deref();
        Ok(Self {
            id: row.id.parse().map_err(damaged)?,
            workspace: row.workspace.parse().map_err(damaged)?,
            backend: row.backend.clone(),
            provider: row.provider.clone(),
            root: row.root.parse().map_err(damaged)?,
            root_version: u32::try_from(row.root_version).map_err(damaged)?,
            holder: row.holder.parse().map_err(damaged)?,
            holder_name: row.holder_name.clone(),
            scopes: serde_json::from_str(&row.scopes).map_err(damaged)?,
            metadata: serde_json::from_str(&row.metadata).map_err(damaged)?,
            ttl: Ttl::of_seconds(seconds).map_err(damaged)?,
            state: LeaseState::parse(&row.state)
                .ok_or_else(|| damaged("its state is no word for one"))?,
            at_provider: outcome
                .map(|word| {
                    AtProvider::parse(word).ok_or_else(|| damaged("its outcome is no word for one"))
                })
                .transpose()?,
            created_at: time(row.created_at)?,
            expires_at: time(row.expires_at)?,
            ends_at: Some(row.ends_at)
                .filter(|at| *at != NEVER)
                .map(time)
                .transpose()?,
            ended_at: row.ended_at.map(time).transpose()?,
            attempts: u32::try_from(row.attempts).map_err(damaged)?,
            next_at: row.next_at.map(time).transpose()?,
            error: row.error.clone(),
        })
    }
}
