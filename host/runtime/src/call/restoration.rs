//! `restoration`: an old version is made to work again, for a rollback.

use super::{Operation, Texts, record, unsupported};
use crate::contract::told::{Context, Credential};
use crate::contract::{Answering, Guest, Restoration};
use crate::egress::Role;
use crate::outcome::{CallError, CallOutcome};
use crate::plugin::{Capability, Plugin};
use crate::subject::{CallContext, Subject};

struct Restore<'p>(&'p dyn Restoration);

impl Plugin {
    /// Makes an old version work again at the provider.
    pub async fn restore(&self, context: CallContext, old: Subject) -> CallOutcome<()> {
        let Some(restoration) = self.contract.restoration() else {
            return unsupported(Capability::Restoration);
        };
        self.call(
            context,
            |session| record::credential(session, Role::Subject, &old),
            Restore(restoration),
        )
        .await
    }
}

impl Operation for Restore<'_> {
    type Told = Credential;
    type Raw = ();
    type Answer = ();

    fn run<'a>(&'a self, guest: Guest<'a>, context: Context, old: Credential) -> Answering<'a, ()> {
        self.0.restore(guest, context, old)
    }

    fn accept(&self, (): (), _: &Texts<'_>) -> Result<(), CallError> {
        Ok(())
    }
}
