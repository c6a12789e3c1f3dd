//! Reading the log.

use jiff::Timestamp;

use super::entry::AuditEntry;
use crate::error::VaultError;
use crate::permission::{Permit, audit};
use crate::store::StoreError;
use crate::store::audit::{AuditQuery, AuditRow, page};
use crate::vault::Vault;

/// The most entries of one page.
const LONGEST_PAGE: u32 = 1000;
/// Entries of a page where nothing is said.
const PAGE: u32 = 100;

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// About the credential of this name.
    pub credential_name: Option<String>,
    /// Of any of these actions; of whichever, where there are none.
    pub actions: Vec<String>,
    /// Of an action that begins with one of these; with none of them, of any.
    pub families: &'static [&'static str],
    /// Done to this.
    pub target: Option<String>,
    /// By somebody of this name.
    pub actor: Option<String>,
    /// Not older.
    pub since: Option<Timestamp>,
    /// Not newer.
    pub until: Option<Timestamp>,
    /// With a smaller number: the last of the page before.
    pub before: Option<u64>,
    /// At most so many: 100 where nothing is said, 1000 at most.
    pub limit: Option<u32>,
}

/// A page of the log.
#[derive(Debug, Clone)]
pub struct AuditPage {
    /// The newest first.
    pub entries: Vec<AuditEntry>,
    /// How many there are in all.
    pub total: u64,
}

impl Vault {
    /// A workspace's part of the log.
    pub async fn audit_log(
        &self,
        permit: &Permit<audit::Read>,
        filter: &AuditFilter,
    ) -> Result<AuditPage, VaultError> {
        let query = AuditQuery {
            workspace: permit.workspace().to_string(),
            credential_name: filter.credential_name.clone(),
            actions: filter.actions.clone(),
            families: filter.families,
            target: filter.target.clone(),
            actor: filter.actor.clone(),
            since: filter.since.map(Timestamp::as_millisecond),
            until: filter.until.map(Timestamp::as_millisecond),
            before: filter
                .before
                .map(|number| i64::try_from(number).unwrap_or(i64::MAX)),
        };
        let limit = filter.limit.unwrap_or(PAGE).min(LONGEST_PAGE);
        let (rows, total) = page(&self.inner.database, &query, i64::from(limit)).await?;
        let entries = rows
            .into_iter()
            .map(AuditEntry::try_from)
            .collect::<Result<_, _>>()?;
        Ok(AuditPage {
            entries,
            total: u64::try_from(total).unwrap_or_default(),
        })
    }
}

impl TryFrom<AuditRow> for AuditEntry {
    type Error = StoreError;

    fn try_from(row: AuditRow) -> Result<Self, StoreError> {
        let damaged = |why: &dyn std::fmt::Display| StoreError::damaged("audit entry", why);
        Ok(Self {
            number: u64::try_from(row.number).map_err(|why| damaged(&why))?,
            at: Timestamp::from_millisecond(row.at).map_err(|why| damaged(&why))?,
            workspace: row
                .workspace
                .map(|id| id.parse())
                .transpose()
                .map_err(|why| damaged(&why))?,
            actor_kind: row.actor_kind,
            actor: row.actor,
            action: row.action,
            credential: row
                .credential
                .map(|id| id.parse())
                .transpose()
                .map_err(|why| damaged(&why))?,
            credential_name: row.credential_name,
            target: row.target,
            success: row.success != 0,
            trace_id: row.trace_id,
            address: row
                .address
                .map(|text| text.parse())
                .transpose()
                .map_err(|why| damaged(&why))?,
            detail: serde_json::from_str(&row.detail).map_err(|why| damaged(&why))?,
        })
    }
}
