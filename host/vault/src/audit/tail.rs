//! The end of the log, for the operator at the command line.

use super::entry::AuditEntry;
use crate::error::VaultError;
use crate::store::audit as rows;
use crate::vault::Vault;

impl Vault {
    /// The newest entries of the whole log, whatever their workspace, the oldest of them first. It takes no permit: who
    /// opens a vault of their own has the database and its key.
    pub async fn audit_tail(&self, count: u32) -> Result<Vec<AuditEntry>, VaultError> {
        let (end, _) = rows::head(&self.inner.database).await?;
        let count = i64::from(count);
        let entries = rows::after(&self.inner.database, end.saturating_sub(count), count).await?;
        Ok(entries
            .into_iter()
            .map(AuditEntry::try_from)
            .collect::<Result<_, _>>()?)
    }
}
