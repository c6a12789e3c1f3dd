//! `creating`: the new secret is made by the provider, or the one that was made here is set there.

use claviger_runtime::outcome::{CallOutcome, Replacement};
use claviger_runtime::plugin::Capability;

use super::ask::{Certainty, Ready, told};
use super::run::{Run, Told};
use super::verify::Proof;
use super::{RotationMode, RotationPhase};
use crate::audit::action;
use crate::credentials::Credential;
use crate::credentials::sealed::Payload;
use crate::credentials::version::OpenVersion;
use crate::error::VaultError;
use crate::health::Health;
use crate::store::rotations::MadeRow;
use crate::vault::Vault;

/// How often an assignment is tried in one go.
const ASSIGNMENTS: u32 = 3;
/// How often it is tried to write down a secret that nobody else has.
const WRITES: u32 = 8;

impl Vault {
    pub(super) async fn make(&self, run: &mut Run) -> Result<(), VaultError> {
        match run.journal.mode {
            RotationMode::Assignment => self.assign(run).await,
            _ if run.interrupted => self.interrupted(run).await,
            _ => self.create(run).await,
        }
    }

    async fn create(&self, run: &mut Run) -> Result<(), VaultError> {
        let from = run.journal.from;
        let ready = match self.make_ready(run, Capability::Rotation, from).await? {
            Ok(ready) => ready,
            Err(reason) => return self.fail(run, Told::new("unreachable", reason)).await,
        };
        let Ready {
            credential,
            plugin,
            context,
            version,
        } = ready;
        let before = self.version_of(&credential, from).await?;
        let outcome = plugin.create(context, version.subject(&credential)).await;
        let CallOutcome { result, evidence } = outcome;
        let recorded = match result {
            // First of all: nobody else has it.
            Ok(replacement) => self.record(run, &credential, before, replacement).await,
            Err(error) => {
                let told = told("the provider made no new secret", &error);
                let recovers = plugin.capabilities().contains(&Capability::Recovery);
                match Certainty::of(&error, &evidence) {
                    Certainty::NothingSent => self.fail(run, told).await,
                    Certainty::Refused if !recovers => self.fail(run, told).await,
                    Certainty::Unknown if run.journal.replaces => {
                        self.lost(run, &told.message).await
                    }
                    Certainty::Refused | Certainty::Unknown => self.begin_undoing(run, told).await,
                }
            }
        };
        self.record_denials_in(run.request(), &credential, &plugin, &evidence)
            .await?;
        recorded
    }

    /// Seals what the provider made, and writes it down together with the next phase.
    async fn record(
        &self,
        run: &mut Run,
        credential: &Credential,
        before: OpenVersion,
        replacement: Replacement,
    ) -> Result<(), VaultError> {
        let external_id = replacement.external_id.clone();
        let payload = replaced(before.payload, replacement);
        let mut attempt = 0;
        loop {
            let written = self
                .record_once(run, credential, &payload, external_id.as_deref())
                .await;
            match written {
                Err(VaultError::Unavailable | VaultError::OutcomeUnknown) if attempt < WRITES => {
                    tokio::time::sleep(self.inner.rotation.waits.after(attempt)).await;
                    attempt += 1;
                }
                written => return written,
            }
        }
    }

    async fn record_once(
        &self,
        run: &mut Run,
        credential: &Credential,
        payload: &Payload,
        external_id: Option<&str>,
    ) -> Result<(), VaultError> {
        let to = run.journal.to;
        let made = MadeRow {
            credential: credential.id.to_string(),
            version: i64::from(to),
            sealed: self.seal_version(credential, to, payload).await?,
            external_id: external_id.map(str::to_owned),
            at: self.now().as_millisecond(),
        };
        let mut entry = run.entry(action::CREDENTIAL_ROTATE_CREATED);
        if let Some(id) = external_id {
            entry = entry.detail("external_id", id);
        }
        self.advance(run, RotationPhase::Verifying, entry, Some(made))
            .await
    }

    /// Somebody was asking the provider for a new secret when they ended: it may be there, and nobody has it.
    async fn interrupted(&self, run: &mut Run) -> Result<(), VaultError> {
        let why = "the server ended while the provider was asked for a new secret";
        if run.journal.replaces {
            return self.lost(run, why).await;
        }
        self.begin_undoing(run, Told::new("unknown-outcome", why))
            .await
    }

    /// The old secret may be gone, and the new one is.
    async fn lost(&self, run: &Run, why: &str) -> Result<(), VaultError> {
        let message = format!(
            "it isn't known whether the provider replaced the secret, and the new one is lost: {why}; test the credential, \
             and bring the new `value` where it no longer works"
        );
        self.give_up(run, Told::new("unknown-outcome", message))
            .await
    }

    /// Has the provider take the version that was made here. Asking twice does no harm.
    async fn assign(&self, run: &mut Run) -> Result<(), VaultError> {
        let mut last = Told::new("unreachable", "the provider wasn't asked");
        let mut certainty = Certainty::NothingSent;
        for attempt in 0..ASSIGNMENTS {
            if attempt > 0 {
                tokio::time::sleep(self.inner.rotation.waits.after(attempt - 1)).await;
            }
            match self.assign_once(run).await? {
                Ok(()) => {
                    let entry = run.entry(action::CREDENTIAL_ROTATE_CREATED);
                    return self
                        .advance(run, RotationPhase::Verifying, entry, None)
                        .await;
                }
                Err((told, found)) => {
                    last = told;
                    if certainty != Certainty::Unknown {
                        certainty = found;
                    }
                }
            }
        }
        self.settle_assignment(run, last, certainty).await
    }

    async fn assign_once(&self, run: &Run) -> Result<Result<(), (Told, Certainty)>, VaultError> {
        let ready = self
            .make_ready(run, Capability::Assignment, run.journal.from)
            .await?;
        let ready = match ready {
            Ok(ready) => ready,
            Err(reason) => {
                let told = Told::new("unreachable", reason);
                return Ok(Err((told, Certainty::NothingSent)));
            }
        };
        let proposed = self.version_of(&ready.credential, run.journal.to).await?;
        let proposed = proposed.subject(&ready.credential);
        let current = ready.version.subject(&ready.credential);
        let outcome = ready.plugin.assign(ready.context, current, proposed).await;
        self.denials(run, &ready.credential, &ready.plugin, &outcome)
            .await?;
        Ok(outcome.result.map_err(|error| {
            let certainty = Certainty::of(&error, &outcome.evidence);
            (
                told("the provider didn't take the new secret", &error),
                certainty,
            )
        }))
    }

    /// Finds out which of the two works, where the provider's answers don't say. As long as nobody knows it is tried again:
    /// both are sealed, so that nothing is lost meanwhile.
    async fn settle_assignment(
        &self,
        run: &mut Run,
        last: Told,
        certainty: Certainty,
    ) -> Result<(), VaultError> {
        // What somebody else sent before they ended, nobody knows.
        if certainty == Certainty::NothingSent && !run.interrupted && run.journal.attempts == 0 {
            return self.fail(run, last).await;
        }
        if let Proof::Found(found) = self.found(run, run.journal.to).await?
            && found.health == Health::Valid
        {
            let entry = run.entry(action::CREDENTIAL_ROTATE_CREATED);
            let entry = entry.detail("reason", "it works, whatever was answered");
            return self
                .advance(run, RotationPhase::Verifying, entry, None)
                .await;
        }
        match self.found(run, run.journal.from).await? {
            Proof::Found(found) if found.health == Health::Valid => self.fail(run, last).await,
            // The refusal is of this attempt alone; an earlier one may have been taken.
            Proof::NobodyToAsk
                if certainty == Certainty::Refused
                    && !run.interrupted
                    && run.journal.attempts == 0 =>
            {
                self.fail(run, last).await
            }
            _ => self.try_later(run, last).await,
        }
    }
}

/// What was there, with what is new in its place.
fn replaced(current: Payload, replacement: Replacement) -> Payload {
    let mut fields = current.fields;
    for field in replacement.fields {
        match fields.iter_mut().find(|known| known.name == field.name) {
            Some(known) => *known = field,
            None => fields.push(field),
        }
    }
    Payload {
        fields,
        handle: replacement.handle,
        expires_at_ms: replacement.expires_at_ms,
        ..current
    }
}
