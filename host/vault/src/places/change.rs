//! What is written of an application, each time in the transaction of the entry that tells of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::STALE;
use crate::audit::{Applied, Change, Refusal};
use crate::store::places::{self as rows, ApplicationRow, Claim, PlaceRow};
use crate::store::{StoreError, Transaction};

/// An application claimed, and made where there is none, with the place that it is to get. Refused as stale where the
/// credential isn't as it was any more, and as gone where the application isn't.
pub(super) struct Intent {
    pub(super) application: ApplicationRow,
    pub(super) is_new: bool,
    pub(super) claim: Claim,
    /// The version that the credential has to have, be active, and not rotate.
    pub(super) settled: Option<i64>,
    pub(super) place: Option<PlaceRow>,
    /// Set where the place is a new one.
    pub(super) place_is_new: Arc<AtomicBool>,
}

impl Change for Intent {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let row = &self.application;
            if let Some(version) = self.settled
                && !rows::settled(transaction, &row.credential, version).await?
            {
                return Ok(Applied::Refused(Refusal::Stale));
            }
            let claimed = if self.is_new {
                rows::insert(transaction, row, &self.claim).await?
            } else {
                rows::claim(transaction, row, &self.claim).await?
            };
            if !claimed {
                return Ok(Applied::Refused(Refusal::Gone));
            }
            if let Some(place) = &self.place {
                let is_new = rows::plan_place(transaction, &row.id, place, self.claim.now).await?;
                self.place_is_new.store(is_new, Ordering::Relaxed);
            }
            Ok(Applied::Done)
        }
        .boxed()
    }
}

/// What became of a place.
pub(super) enum Became {
    /// The credential is there, or may be: it is on record, even where it was taken off meanwhile.
    Put(PlaceRow),
    /// It was there before, and stands as the row says, if it is still on record.
    Known(PlaceRow),
    /// It never got to be one.
    Nothing(PlaceRow),
}

/// What the target answered, and the version that it was given.
pub(super) struct Answered {
    pub(super) external_id: Option<String>,
    pub(super) details: String,
    pub(super) version: i64,
}

/// What came of the calls of an application, and the end of its claim. Nothing is written where somebody else has claimed
/// it since: they find out for themselves.
pub(super) struct Outcome {
    pub(super) application: String,
    /// Of the claim.
    pub(super) fence: i64,
    pub(super) answered: Option<Answered>,
    pub(super) places: Vec<Became>,
    /// The credential, and the version that it has to have and not rotate for a place to be current.
    pub(super) settled: Option<(String, i64)>,
    pub(super) attempts: i64,
    /// When it is next tried, where a place is stale.
    pub(super) next_at: i64,
    pub(super) now: i64,
}

/// Why a place is stale where the credential changed while it was put there.
const OVERTAKEN: &str = "the secret was replaced meanwhile";

impl Outcome {
    async fn write(&self, transaction: &mut Transaction) -> Result<(), StoreError> {
        let id = &self.application;
        if let Some(answered) = &self.answered {
            let external_id = answered.external_id.as_deref();
            let details = &answered.details;
            rows::set_receipt(
                transaction,
                id,
                external_id,
                details,
                answered.version,
                self.now,
            )
            .await?;
        }
        let is_current = match &self.settled {
            Some((credential, version)) => rows::settled(transaction, credential, *version).await?,
            None => true,
        };
        let as_is = |row: &PlaceRow| {
            let mut row = row.clone();
            if !is_current && row.state != STALE {
                STALE.clone_into(&mut row.state);
                row.error = Some(OVERTAKEN.to_owned());
            }
            row
        };
        for place in &self.places {
            match place {
                Became::Put(row) => {
                    rows::put_place(transaction, id, &as_is(row), self.now).await?;
                }
                Became::Known(row) => {
                    rows::set_state(transaction, id, &as_is(row), self.now).await?;
                }
                Became::Nothing(row) => {
                    rows::remove_place(transaction, id, &row.container, &row.slot).await?;
                }
            }
        }
        rows::release(transaction, id, self.fence, self.attempts, self.next_at).await
    }
}

impl Change for Outcome {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if rows::holds(transaction, &self.application, self.fence).await? {
                self.write(transaction).await?;
            }
            Ok(Applied::Done)
        }
        .boxed()
    }
}

/// All places of an application stale, where it can't be worked on now.
pub(super) struct Unready {
    pub(super) application: String,
    pub(super) reason: String,
    pub(super) next_at: i64,
    pub(super) now: i64,
}

impl Change for Unready {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            let (id, reason) = (&self.application, &self.reason);
            rows::set_all_stale(transaction, id, reason, self.next_at, self.now).await?;
            Ok(Applied::Done)
        }
        .boxed()
    }
}
