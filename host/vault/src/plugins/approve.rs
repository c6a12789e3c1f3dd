//! What an operator says to a file.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::decide::AUTO;
use super::grant::Asking;
use super::news::{GrantNews, WORDS};
use crate::audit::{Applied, Change, NewEntry, Refusal, action};
use crate::error::VaultError;
use crate::permission::{ServerPermit, plugin};
use crate::store::plugins::{self as rows, NewGrant};
use crate::store::{StoreError, Transaction, listen};
use crate::vault::Vault;

/// How an approval is kept.
const APPROVED: &str = "approved";

impl Vault {
    /// Grants a file all that it asks for, and that file alone. Approving what is granted already changes nothing.
    pub async fn approve(
        &self,
        permit: &ServerPermit<plugin::Manage>,
        asking: &Asking<'_>,
    ) -> Result<(), VaultError> {
        let by = Some(permit.actor().user.to_string());
        let approval = Approval {
            row: asking.grant(APPROVED, by, self.now().as_millisecond())?,
            news: self.inner.grants.clone(),
        };
        let entry = asking.told(NewEntry::by(permit.actor(), action::PLUGIN_APPROVED));
        // Refused: it is granted already.
        self.inner
            .audit
            .commit(entry, Some(Box::new(approval)))
            .await?;
        Ok(())
    }

    /// Takes a file's grant back, approved or automatic; it then waits for an approval. Of an automatic one the name loses
    /// its baseline with it: what was withdrawn once isn't granted again to a file with another hash.
    /// [`VaultError::NotFound`] where the file has no grant.
    pub async fn withdraw(
        &self,
        permit: &ServerPermit<plugin::Manage>,
        name: &str,
        hash: &blake3::Hash,
    ) -> Result<(), VaultError> {
        let withdrawal = Withdrawal {
            name: name.to_owned(),
            hash: hash.to_hex().to_string(),
            at: self.now().as_millisecond(),
            news: self.inner.grants.clone(),
        };
        let entry = NewEntry::by(permit.actor(), action::PLUGIN_WITHDRAWN)
            .target(name)
            .detail("hash", withdrawal.hash.as_str());
        match self
            .inner
            .audit
            .commit(entry, Some(Box::new(withdrawal)))
            .await?
            .applied
        {
            Applied::Done => Ok(()),
            Applied::Refused(_) => Err(VaultError::NotFound),
        }
    }
}

/// Refused as taken where the file is granted all of it already.
struct Approval {
    row: NewGrant,
    news: GrantNews,
}

impl Change for Approval {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            rows::insert_name(transaction, &self.row.name, None).await?;
            if !rows::put_grant(transaction, &self.row).await? {
                return Ok(Applied::Refused(Refusal::NameTaken));
            }
            listen::tell(transaction, WORDS).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.news.count();
    }
}

/// Refused as gone where there is no good grant.
struct Withdrawal {
    name: String,
    hash: String,
    at: i64,
    news: GrantNews,
}

impl Change for Withdrawal {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let how = rows::withdraw_grant(transaction, &self.name, &self.hash, self.at).await?;
            let Some(how) = how else {
                return Ok(Applied::Refused(Refusal::Gone));
            };
            if how == AUTO {
                rows::end_baseline(transaction, &self.name).await?;
            }
            listen::tell(transaction, WORDS).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }

    fn settled(&mut self) {
        self.news.count();
    }
}
