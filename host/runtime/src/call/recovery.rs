//! `recovery`: after a crash or a lost answer.

use super::{Operation, Texts, record, unsupported};
use crate::contract::told::{Context, Credential};
use crate::contract::{Answering, Guest, Recovery};
use crate::egress::Role;
use crate::outcome::{CallError, CallOutcome};
use crate::plugin::{Capability, Plugin};
use crate::subject::{CallContext, Subject};

struct Abandon<'p>(&'p dyn Recovery);

impl Plugin {
    /// Undoes what the operation with the context's idempotency key left at the provider, if anything.
    pub async fn abandon(&self, context: CallContext, subject: Subject) -> CallOutcome<()> {
        let Some(recovery) = self.contract.recovery() else {
            return unsupported(Capability::Recovery);
        };
        self.call(
            context,
            |session| record::credential(session, Role::Subject, &subject),
            Abandon(recovery),
        )
        .await
    }
}

impl Operation for Abandon<'_> {
    type Told = Credential;
    type Raw = ();
    type Answer = ();

    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        subject: Credential,
    ) -> Answering<'a, ()> {
        self.0.abandon(guest, context, subject)
    }

    fn accept(&self, (): (), _: &Texts<'_>) -> Result<(), CallError> {
        Ok(())
    }
}
