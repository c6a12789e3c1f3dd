//! A token's end before its time, as a change of the database and of what is remembered.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::memory::Memory;
use super::token::TokenId;
use crate::audit::{Applied, Change, Refusal};
use crate::store::{StoreError, Transaction, identity as rows};

/// See the [module](self). Refused as stale where the token was revoked before.
pub(super) struct Revocation {
    token: TokenId,
    expires_at: Timestamp,
    now: Timestamp,
    memory: Arc<Memory>,
    /// Whether the row was written: where the database is out of reach from the start, the token stays good.
    applied: bool,
}

impl Revocation {
    pub(super) fn new(
        token: TokenId,
        expires_at: Timestamp,
        now: Timestamp,
        memory: Arc<Memory>,
    ) -> Self {
        Self {
            token,
            expires_at,
            now,
            memory,
            applied: false,
        }
    }
}

impl Change for Revocation {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            self.applied = true;
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

    fn settled(&mut self) {
        if self.applied {
            self.memory.revoke(self.token, self.expires_at, self.now);
        }
    }
}
