//! Credentials that work, and such that don't.

use claviger_runtime::{CallError, Capability};

use crate::conformance::case::{Ended, Stop};
use crate::conformance::script::Credential;
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;

const WORKING: &str = "a credential that works is valid";
const REVOKED: &str = "a credential that doesn't is `rejected`, and the provider was asked";

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    if !stage
        .prepared
        .capabilities()
        .contains(&Capability::Validation)
    {
        return suite
            .skip("validation", WORKING, "it exports no `validation`")
            .await;
    }
    if !stage.is_scripted {
        let reason = "there is no upstream.toml, so nobody knows what the provider answers";
        suite.skip("validation.working", WORKING, reason).await;
        return suite.skip("validation.revoked", REVOKED, reason).await;
    }
    for (works, name, about) in [
        (true, "validation.working", WORKING),
        (false, "validation.revoked", REVOKED),
    ] {
        for kind in &stage.manifest().kinds {
            let of_kind = |it: &&Credential| it.works == works && it.kind == kind.name;
            let credentials: Vec<&Credential> =
                stage.script.credentials.iter().filter(of_kind).collect();
            for (number, credential) in credentials.iter().enumerate() {
                let name = match number {
                    0 => format!("{name}/{}", kind.name),
                    more => format!("{name}/{}/{}", kind.name, more + 1),
                };
                if works {
                    suite.case(name, about, working(stage, credential)).await;
                } else {
                    suite.case(name, about, revoked(stage, credential)).await;
                }
            }
            if credentials.is_empty() {
                let reason = format!(
                    "the script has no credential of kind `{}` with `works = {works}`",
                    kind.name
                );
                suite
                    .skip(format!("{name}/{}", kind.name), about, reason)
                    .await;
            }
        }
    }
}

async fn working(stage: &Stage, credential: &Credential) -> Ended {
    let outcome = stage.validate(Setting::Usual, credential).await;
    match &outcome.result {
        Ok(_) if outcome.evidence.subject_sent => Ok(Vec::new()),
        Ok(_) => Err(Stop::failed(
            "it says that the credential is valid, and has not sent it anywhere; ask the provider something that only \
             the credential's holder is told",
        )),
        Err(_) => Err(Stop::failed(format!(
            "the provider takes this credential, but {}",
            stage.story(&outcome)
        ))),
    }
}

async fn revoked(stage: &Stage, credential: &Credential) -> Ended {
    let outcome = stage.validate(Setting::Usual, credential).await;
    match &outcome.result {
        Err(CallError::Failure(failure)) if failure.code == "rejected" => {
            if outcome.evidence.subject_sent {
                Ok(Vec::new())
            } else {
                Err(Stop::failed(
                    "it answers `rejected` and has not sent the secret anywhere, which the host takes for `unknown`; send \
                     it to the provider, and let what can't be a secret be refused by the manifest's `pattern`",
                ))
            }
        }
        Ok(_) => Err(Stop::failed(
            "the provider does not take this credential, and the plugin says that it is valid; look at the status and at \
             the body of what the provider answers",
        )),
        Err(_) => Err(Stop::failed(format!(
            "the provider does not take this credential; answer `rejected`, so that people learn of it ({})",
            stage.story(&outcome)
        ))),
    }
}
