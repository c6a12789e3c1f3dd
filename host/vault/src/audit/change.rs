//! A change that goes into the transaction of its entry.

use futures_util::future::BoxFuture;

use crate::store::{StoreError, Transaction};

/// A change of the database, applied in the audit writer's transaction together with its entry.
///
/// Others' changes are in the same transaction, so an expected refusal must not be an error: `ON CONFLICT DO NOTHING`,
/// or an `UPDATE` that finds no row, and then [`Applied::Refused`]. A change may be applied again after a group was
/// undone, so `apply` leaves `self` as it can be applied once more.
pub(crate) trait Change: Send + 'static {
    /// Applies it.
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>>;

    /// Runs after the commit and before anybody is answered, also where it isn't known whether the commit happened:
    /// the place to forget what is cached. It runs even when the caller has gone.
    fn settled(&mut self) {}
}

/// What came of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It is in the transaction, and its entry will be.
    Done,
    /// It isn't, and there is no entry.
    Refused(Refusal),
}

/// Why a change was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The name that it needs is taken.
    NameTaken,
    /// What it is about is not there.
    Gone,
    /// What it is about has changed since it was read.
    Stale,
    /// The credential is in use in places, or they are reached through it.
    InUse,
    /// A rotation of the credential is under way.
    Rotating,
    /// Leases that were issued from the credential may still work.
    Leased,
    /// An earlier secret of the credential is still to be ended at the provider.
    Retiring,
}
