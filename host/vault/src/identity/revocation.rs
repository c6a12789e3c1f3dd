//! A token's end before its time, as a change of the database.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::token::TokenId;
use crate::audit::{Applied, Change, Refusal};
use crate::store::{StoreError, Transaction, identity as rows};

/// See the [module](self). Refused as stale where the token was revoked before.
pub(super) struct Revocation {
    pub(super) token: TokenId,
    pub(super) expires_at: Timestamp,
    pub(super) now: Timestamp,
}

impl Change for Revocation {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let first =
                rows::revoke_token(transaction, self.token, self.expires_at, self.now).await?;
            Ok(if first {
                Applied::Done
            } else {
                Applied::Refused(Refusal::Stale)
            })
        }
        .boxed()
    }
}
