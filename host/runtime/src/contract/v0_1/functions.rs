//! The functions that a plugin of this version exports, called with the host's own types.

use super::bindings::exports::claviger::provider::{
    application, assignment, inventory, issuance, recovery, restoration, rotation, validation,
};
use crate::ask::{IssueRequest, Place};
use crate::contract::capability::{
    Application, Assignment, Inventory, Issuance, Recovery, Restoration, Rotation, Validation,
};
use crate::contract::told::{Context, Credential};
use crate::contract::{Answering, Guest, said};
use crate::outcome::{Page, Receipt, Report, Revocation};

/// Loads the interface, calls the function, and turns what it says into the host's own types.
macro_rules! ask {
    ($interface:ident, $guest:ident, $call:ident($($argument:expr),*)) => {
        Box::pin(async move {
            let functions = $interface.load(&mut *$guest.store, $guest.instance)?;
            let answer = functions.$call($guest.store, $($argument),*).await?;
            Ok(answer.map(Into::into).map_err(Into::into))
        })
    };
}

impl Validation for validation::GuestIndices {
    fn validate<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        credential: Credential,
    ) -> Answering<'a, Report> {
        ask!(
            self,
            guest,
            call_validate(&context.into(), &credential.into())
        )
    }
}

impl Rotation for rotation::GuestIndices {
    fn create<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        current: Credential,
    ) -> Answering<'a, said::Replacement> {
        ask!(self, guest, call_create(&context.into(), &current.into()))
    }

    fn retire<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        old: Credential,
    ) -> Answering<'a, ()> {
        ask!(self, guest, call_retire(&context.into(), &old.into()))
    }
}

impl Assignment for assignment::GuestIndices {
    fn assign<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        current: Credential,
        proposed: Credential,
    ) -> Answering<'a, ()> {
        ask!(
            self,
            guest,
            call_assign(&context.into(), &current.into(), &proposed.into())
        )
    }
}

impl Restoration for restoration::GuestIndices {
    fn restore<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        old: Credential,
    ) -> Answering<'a, ()> {
        ask!(self, guest, call_restore(&context.into(), &old.into()))
    }
}

impl Recovery for recovery::GuestIndices {
    fn abandon<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        subject: Credential,
    ) -> Answering<'a, ()> {
        ask!(self, guest, call_abandon(&context.into(), &subject.into()))
    }
}

impl Application for application::GuestIndices {
    fn apply<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        credential: Credential,
        place: Place,
    ) -> Answering<'a, Receipt> {
        ask!(
            self,
            guest,
            call_apply(&context.into(), &credential.into(), &place.into())
        )
    }

    fn refresh<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        credential: Credential,
        receipt: Receipt,
        places: Vec<Place>,
    ) -> Answering<'a, Receipt> {
        let places: Vec<_> = places.into_iter().map(application::Place::from).collect();
        ask!(
            self,
            guest,
            call_refresh(
                &context.into(),
                &credential.into(),
                &receipt.into(),
                &places
            )
        )
    }
}

impl Issuance for issuance::GuestIndices {
    fn issue<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        root: Credential,
        request: IssueRequest,
    ) -> Answering<'a, said::Issued> {
        ask!(
            self,
            guest,
            call_issue(&context.into(), &root.into(), &request.into())
        )
    }

    fn revoke<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        root: Credential,
        issued: said::Issued,
    ) -> Answering<'a, Revocation> {
        ask!(
            self,
            guest,
            call_revoke(&context.into(), &root.into(), &issued.into())
        )
    }
}

impl Inventory for inventory::GuestIndices {
    fn enumerate<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        cursor: Option<String>,
    ) -> Answering<'a, Page> {
        ask!(
            self,
            guest,
            call_enumerate(&context.into(), cursor.as_deref())
        )
    }
}
