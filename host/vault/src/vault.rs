//! The vault itself: what all operations share.

use std::sync::Arc;

use arc_swap::ArcSwap;
use claviger_runtime::catalogue::Catalogue;
use claviger_runtime::clock::Clock;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::audit::{AuditError, AuditWriter};
use crate::backends::Configured;
use crate::credentials::cache::CredentialCache;
use crate::credentials::list::CountCache;
use crate::error::{InternalError, VaultError};
use crate::idempotency::Repeats;
use crate::identity::Identity;
use crate::jobs::Lanes;
use crate::plugins::{GrantNews, ToldEvents};
use crate::rotation::RotationOptions;
use crate::seal::keys::Keys;
use crate::store::{Database, StoreError};
use crate::underway::Underway;

/// The vault. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Vault {
    pub(crate) inner: Arc<Inner>,
}

/// What the operations share.
pub(crate) struct Inner {
    pub(crate) database: Database,
    pub(crate) keys: Keys,
    pub(crate) audit: AuditWriter,
    pub(crate) identity: Identity,
    pub(crate) repeats: Repeats,
    pub(crate) credentials: Arc<CredentialCache>,
    pub(crate) counts: CountCache,
    pub(crate) configured_backends: Configured,
    pub(crate) catalogue: Arc<ArcSwap<Catalogue>>,
    pub(crate) grants: GrantNews,
    pub(crate) plugin_events: ToldEvents,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) underway: Underway,
    /// The jobs that this host does now.
    pub(crate) lanes: Lanes,
    /// What this host's claims on rows are marked with.
    pub(crate) host: Arc<str>,
    /// How rotations go.
    pub(crate) rotation: RotationOptions,
    /// That something was deleted.
    pub(crate) deleted: Arc<Notify>,
    pub(crate) shredding: Option<AbortHandle>,
    pub(crate) listener: Option<AbortHandle>,
}

impl Vault {
    /// The time.
    pub(crate) fn now(&self) -> Timestamp {
        let now = i64::try_from(self.inner.clock.now_ms()).unwrap_or(i64::MAX);
        // A clock beyond the year 9999 is as wrong as one at its end.
        Timestamp::from_millisecond(now).unwrap_or(Timestamp::MAX)
    }

    /// Waits for calls to providers that are under way, writes what the audit log still waits for, and closes the
    /// database. Operations after it are refused.
    pub async fn close(self) {
        self.inner.underway.close().await;
        if let Some(listener) = &self.inner.listener {
            listener.abort();
        }
        self.inner.identity.close().await;
        self.inner.audit.close().await;
        if let Some(shredding) = &self.inner.shredding {
            shredding.abort();
        }
        self.inner.database.close().await;
    }
}

impl From<AuditError> for VaultError {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Unavailable(_) | AuditError::Closed => Self::Unavailable,
            AuditError::OutcomeUnknown(_) => Self::OutcomeUnknown,
            AuditError::Lapsed(lapsed) => Self::Lapsed(lapsed),
            AuditError::Failed(error) => Self::Internal(InternalError::new(error)),
        }
    }
}

impl From<StoreError> for VaultError {
    fn from(error: StoreError) -> Self {
        if error.is_outage() {
            tracing::error!(%error, "the database can't be used");
            Self::Unavailable
        } else {
            Self::Internal(InternalError::new(error))
        }
    }
}
