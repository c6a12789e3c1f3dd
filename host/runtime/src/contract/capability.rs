//! The functions of each capability, in the host's own words.

use super::said::{Issued, Replacement};
use super::told::{Context, Credential};
use super::{Answering, Guest};
use crate::ask::{IssueRequest, Place};
use crate::outcome::{Page, Receipt, Report, Revocation};

/// `validation`.
pub(crate) trait Validation: Send + Sync {
    /// Whether the credential works.
    fn validate<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        credential: Credential,
    ) -> Answering<'a, Report>;
}

/// `rotation`.
pub(crate) trait Rotation: Send + Sync {
    /// Makes a new secret.
    fn create<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        current: Credential,
    ) -> Answering<'a, Replacement>;

    /// Ends an old one.
    fn retire<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        old: Credential,
    ) -> Answering<'a, ()>;
}

/// `assignment`.
pub(crate) trait Assignment: Send + Sync {
    /// Sets the secret to the proposed one.
    fn assign<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        current: Credential,
        proposed: Credential,
    ) -> Answering<'a, ()>;
}

/// `restoration`.
pub(crate) trait Restoration: Send + Sync {
    /// Makes an old version work again.
    fn restore<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        old: Credential,
    ) -> Answering<'a, ()>;
}

/// `recovery`.
pub(crate) trait Recovery: Send + Sync {
    /// Undoes what an operation left behind.
    fn abandon<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        subject: Credential,
    ) -> Answering<'a, ()>;
}

/// `application`.
pub(crate) trait Application: Send + Sync {
    /// Puts the credential to use in a place.
    fn apply<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        credential: Credential,
        place: Place,
    ) -> Answering<'a, Receipt>;

    /// Gives the target the current secret.
    fn refresh<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        credential: Credential,
        receipt: Receipt,
        places: Vec<Place>,
    ) -> Answering<'a, Receipt>;
}

/// `issuance`.
pub(crate) trait Issuance: Send + Sync {
    /// Makes a short-lived credential.
    fn issue<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        root: Credential,
        request: IssueRequest,
    ) -> Answering<'a, Issued>;

    /// Ends one.
    fn revoke<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        root: Credential,
        issued: Issued,
    ) -> Answering<'a, Revocation>;
}

/// `inventory`.
pub(crate) trait Inventory: Send + Sync {
    /// A page of what the provider holds.
    fn enumerate<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        cursor: Option<String>,
    ) -> Answering<'a, Page>;
}
