//! `application`: a credential is put to use in a target, which the context's connection opens.

use super::{Operation, Texts, record, unsupported};
use crate::ask::Place;
use crate::contract::told::{Context, Credential};
use crate::contract::{Answering, Application, Guest};
use crate::egress::Role;
use crate::outcome::{CallError, CallOutcome, Receipt};
use crate::plugin::{Capability, Plugin};
use crate::subject::{CallContext, Subject};

struct Apply<'p>(&'p dyn Application);

struct Refresh<'p>(&'p dyn Application);

impl Plugin {
    /// Puts the credential to use in a place of the target.
    pub async fn apply(
        &self,
        context: CallContext,
        subject: Subject,
        place: Place,
    ) -> CallOutcome<Receipt> {
        let Some(application) = self.contract.application() else {
            return unsupported(Capability::Application);
        };
        self.call(
            context,
            |session| {
                let subject = record::credential(session, Role::Subject, &subject);
                (subject, place)
            },
            Apply(application),
        )
        .await
    }

    /// Gives the target the credential's current secret, in all the places where it was applied. `receipt` is what the
    /// last `apply` or `refresh` answered.
    pub async fn refresh(
        &self,
        context: CallContext,
        subject: Subject,
        receipt: Receipt,
        places: Vec<Place>,
    ) -> CallOutcome<Receipt> {
        let Some(application) = self.contract.application() else {
            return unsupported(Capability::Application);
        };
        self.call(
            context,
            |session| {
                let subject = record::credential(session, Role::Subject, &subject);
                (subject, receipt, places)
            },
            Refresh(application),
        )
        .await
    }
}

impl Operation for Apply<'_> {
    type Told = (Credential, Place);
    type Raw = Receipt;
    type Answer = Receipt;

    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        (credential, place): (Credential, Place),
    ) -> Answering<'a, Receipt> {
        self.0.apply(guest, context, credential, place)
    }

    fn accept(&self, raw: Receipt, texts: &Texts<'_>) -> Result<Receipt, CallError> {
        accepted(raw, texts)
    }
}

impl Operation for Refresh<'_> {
    type Told = (Credential, Receipt, Vec<Place>);
    type Raw = Receipt;
    type Answer = Receipt;

    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        (credential, receipt, places): (Credential, Receipt, Vec<Place>),
    ) -> Answering<'a, Receipt> {
        self.0.refresh(guest, context, credential, receipt, places)
    }

    fn accept(&self, raw: Receipt, texts: &Texts<'_>) -> Result<Receipt, CallError> {
        accepted(raw, texts)
    }
}

fn accepted(raw: Receipt, texts: &Texts<'_>) -> Result<Receipt, CallError> {
    Ok(Receipt {
        external_id: texts.kept_optional("external-id", raw.external_id)?,
        details: texts.pairs(raw.details),
    })
}
