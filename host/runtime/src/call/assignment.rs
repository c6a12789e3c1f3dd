//! `assignment`: a secret that the host made is set at the provider.
//!
//! Current and proposed are two versions of one credential: both are of one kind, and the secrets of both go to that
//! kind's declared places. What was sent counts as evidence for the current one alone: that is the one that a `rejected`
//! is about.

use super::{Operation, Texts, record, unsupported};
use crate::contract::told::{Context, Credential};
use crate::contract::{Answering, Assignment, Guest};
use crate::egress::Role;
use crate::outcome::{CallError, CallOutcome};
use crate::plugin::{Capability, Plugin};
use crate::subject::{CallContext, Subject};

struct Assign<'p>(&'p dyn Assignment);

impl Plugin {
    /// Sets the secret at the provider to the proposed one. It succeeds where that is what it is already.
    pub async fn assign(
        &self,
        context: CallContext,
        current: Subject,
        proposed: Subject,
    ) -> CallOutcome<()> {
        let Some(assignment) = self.contract.assignment() else {
            return unsupported(Capability::Assignment);
        };
        let admit = |session: &mut _| {
            let current = record::credential(session, Role::Subject, &current);
            let proposed = record::credential(session, Role::Proposed, &proposed);
            (current, proposed)
        };
        self.call(context, admit, Assign(assignment)).await
    }
}

impl Operation for Assign<'_> {
    type Told = (Credential, Credential);
    type Raw = ();
    type Answer = ();

    fn run<'a>(
        &'a self,
        guest: Guest<'a>,
        context: Context,
        (current, proposed): (Credential, Credential),
    ) -> Answering<'a, ()> {
        self.0.assign(guest, context, current, proposed)
    }

    fn accept(&self, (): (), _: &Texts<'_>) -> Result<(), CallError> {
        Ok(())
    }
}
