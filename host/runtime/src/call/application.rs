//! `application`: a credential is put to use in a target, which the context's connection opens.
//!
//! The credential is another plugin's: its secrets go where this plugin's manifest says in `subjects`, at the origins of
//! the connection. Its own origins are the provider's and say nothing of the target; whether it may be put to use there is
//! what the caller has decided.

use super::{Operation, Texts, record, unsupported};
use crate::ask::Place;
use crate::contract::told::{Context, Credential};
use crate::contract::{Answering, Application, Guest};
use crate::egress::Target;
use crate::outcome::{CallError, CallOutcome, Failure, Receipt};
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
        if let Err(refusal) = self.takes(&subject) {
            return CallOutcome::refused(refusal);
        }
        let target = Target::of(context.connection.as_ref());
        self.call(
            context,
            |session| (record::applied(session, &subject, target), place),
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
        if let Err(refusal) = self.takes(&subject) {
            return CallOutcome::refused(refusal);
        }
        let target = Target::of(context.connection.as_ref());
        self.call(
            context,
            |session| {
                let subject = record::applied(session, &subject, target);
                (subject, receipt, places)
            },
            Refresh(application),
        )
        .await
    }

    /// Refuses a credential of a kind that the plugin never asked for.
    fn takes(&self, subject: &Subject) -> Result<(), CallError> {
        if self.grant.subjects.contains_key(&subject.kind) {
            return Ok(());
        }
        Err(CallError::Failure(Failure {
            code: "unsupported".to_owned(),
            message: format!(
                "the plugin `{}` doesn't put credentials of kind `{}` to use: its manifest's `subjects` lack it",
                self.manifest.name, subject.kind
            ),
            retry_after_ms: None,
            details: Vec::new(),
        }))
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
