//! Leases whose own end at the provider has come: nobody is asked for anything.

use futures_util::stream::{self, StreamExt as _};

use super::action;
use super::journal::Asker;
use super::model::LeaseState;
use crate::error::VaultError;
use crate::store::leases::{self as rows, LeaseRow};
use crate::vault::Vault;

/// Leases that are read at a time.
const PAGE: i64 = 500;
/// How many of them are written at a time: they go into one group of the log.
const AT_A_TIME: usize = 100;
/// How often one job reads: what is left then waits for the next look.
const PAGES: usize = 20;

impl Vault {
    /// Writes all that has ended by itself.
    pub(super) async fn expire_leases(&self) -> Result<(), VaultError> {
        for _ in 0..PAGES {
            let look = self.look().await?;
            let page = rows::over(&self.inner.database, &look, PAGE).await?;
            let is_last = page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX);
            let mut written = stream::iter(page)
                .map(|row| self.expire(row))
                .buffer_unordered(AT_A_TIME);
            while let Some(written) = written.next().await {
                written?;
            }
            if is_last {
                break;
            }
        }
        Ok(())
    }

    async fn expire(&self, row: LeaseRow) -> Result<(), VaultError> {
        let entry = Asker::Nobody.entry(action::EXPIRE, &row)?;
        let entry = entry.detail("was", row.state.as_str());
        self.end_row(entry, row, LeaseState::Expired).await?;
        Ok(())
    }
}
