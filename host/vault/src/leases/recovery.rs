//! Undoing what a provider may have issued without an answer: after a crash, or where it was lost.

use std::sync::Arc;

use claviger_runtime::plugin::Capability;

use super::action;
use super::ending::pause;
use super::journal::{Asker, about};
use super::model::LeaseState;
use super::verdict;
use crate::error::VaultError;
use crate::store::leases::LeaseRow;
use crate::vault::Vault;

impl Vault {
    /// Tries once to undo it.
    pub(super) async fn recover_lease(&self, mut row: LeaseRow) -> Result<(), VaultError> {
        let root = match self.root_of_lease(&row).await? {
            Ok(root) => root,
            Err(reason) => return self.not_recovered(row, reason, None).await,
        };
        if !root.plugin.capabilities().contains(&Capability::Recovery) {
            let reason = row.error.take();
            let reason = reason.unwrap_or_else(|| "the provider's answer was lost".to_owned());
            return self.orphan(row, reason, None).await;
        }
        let intent = Asker::Nobody.entry(action::RECOVER_INTENT, &row)?;
        let intent = about(intent, &root.credential);
        if !self.claim_lease(intent, &mut row, &root).await? {
            return Ok(());
        }
        let credential = Arc::clone(&root.credential);
        let (plugin, context, subject) = root.clone().call(row.id.clone());
        let outcome = plugin.abandon(context, subject).await;
        self.note_denials(Asker::Nobody, &root, &outcome.evidence)
            .await;
        match outcome.result {
            Err(error) if !verdict::is_gone(&error) => {
                let after = verdict::retry_after_ms(&error);
                self.not_recovered(row, error.to_string(), after).await
            }
            _ => {
                let entry = Asker::Nobody.entry(action::RECOVER, &row)?;
                self.end_row(about(entry, &credential), row, LeaseState::Failed)
                    .await?;
                Ok(())
            }
        }
    }

    /// An attempt that failed: it is made again, some times.
    async fn not_recovered(
        &self,
        mut row: LeaseRow,
        reason: String,
        retry_after_ms: Option<u64>,
    ) -> Result<(), VaultError> {
        row.attempts += 1;
        let now = self.now().as_millisecond();
        let again = pause(row.attempts, retry_after_ms).map(|pause| now.saturating_add(pause));
        self.orphan(row, reason, again).await
    }

    /// Lists it as one that nobody holds and that may work until its longest life is over.
    async fn orphan(
        &self,
        mut row: LeaseRow,
        reason: String,
        again: Option<i64>,
    ) -> Result<(), VaultError> {
        LeaseState::Orphaned.as_str().clone_into(&mut row.state);
        row.next_at = Some(again.unwrap_or(row.ends_at).min(row.ends_at));
        let entry = Asker::Nobody.entry(action::RECOVER, &row)?;
        let entry = entry.failed().detail("reason", reason.as_str());
        row.error = Some(reason);
        self.write_lease(entry.detail("state", row.state.as_str()), row)
            .await?;
        Ok(())
    }
}
