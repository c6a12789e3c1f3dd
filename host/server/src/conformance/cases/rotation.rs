//! New secrets that the provider makes, and old ones that end.

use claviger_runtime::manifest::Overlap;
use claviger_runtime::{CallError, CallOutcome, Capability, Replacement};

use super::operation::{lost_answer, subjects, succeeded, trouble, twice};
use crate::conformance::case::{Ended, Stop};
use crate::conformance::script::Credential;
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;
use crate::conformance::upstream::{Fault, Recorded};

const CREATE: &str = "the new secret works";

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    let credentials = subjects(suite, Capability::Rotation, CREATE).await;
    if credentials.is_empty() {
        return;
    }
    for credential in credentials {
        let name = |what: &str| format!("rotation.{what}/{}", credential.kind);
        let call = async |operation: &str| create(stage, credential, operation).await;
        suite
            .case(name("create"), CREATE, works(stage, credential))
            .await;
        let about = "a provider in trouble is a failure like any other";
        suite
            .case(name("trouble"), about, trouble(stage, &call))
            .await;
        if stage.manifest().overlap == Some(Overlap::Replaces) {
            // What is spent can't be asked for twice, nor given back.
            let about = "a lost answer is told as such, and nothing is asked again";
            suite
                .case(name("lost-answer"), about, told_as_lost(stage, credential))
                .await;
        } else {
            let about = "the same operation twice makes one secret";
            suite
                .case(name("same-operation"), about, twice(stage, &call))
                .await;
            let about = "what a lost answer left behind is undone";
            suite
                .case(
                    name("lost-answer"),
                    about,
                    lost_answer(stage, credential, &call),
                )
                .await;
        }
        let about = "an old secret is ended, and ending it again succeeds";
        suite
            .case(
                name("retire-twice"),
                about,
                retired_twice(stage, credential),
            )
            .await;
    }
}

async fn create(
    stage: &Stage,
    credential: &Credential,
    operation: &str,
) -> CallOutcome<Replacement> {
    let plugin = stage.plugin(Setting::Usual);
    let outcome = plugin
        .create(stage.context(operation), stage.subject(credential))
        .await;
    stage.noted("create", outcome)
}

async fn works(stage: &Stage, credential: &Credential) -> Ended {
    let outcome = create(stage, credential, &stage.operation()).await;
    let replaced = stage.replaced(credential, succeeded(stage, "`create`", &outcome)?);
    if stage
        .prepared
        .capabilities()
        .contains(&Capability::Validation)
    {
        let validated = stage.validate(Setting::Usual, &replaced).await;
        succeeded(
            stage,
            "the new secret was made, and validating it",
            &validated,
        )?;
    }
    Ok(Vec::new())
}

async fn told_as_lost(stage: &Stage, credential: &Credential) -> Ended {
    stage.upstream.fail_with(Some(Fault::LostAnswer));
    let outcome = create(stage, credential, &stage.operation()).await;
    stage.upstream.fail_with(None);
    let requests = stage.upstream.requests();
    let changes = requests.iter().filter(|it| Recorded::is_change(it)).count();
    match &outcome.result {
        Err(CallError::Failure(failure)) if failure.code == "unsupported" => Err(Stop::skipped(
            format!("the plugin can't: {}", failure.message),
        )),
        Err(CallError::Failure(failure)) if failure.code == "unknown-outcome" && changes < 2 => {
            Ok(Vec::new())
        }
        _ if changes > 1 => Err(Stop::failed(format!(
            "it asked {changes} times for what changes something; where the old secret ends when the new one is made, \
             asking again may spend what is left: answer `unknown-outcome`"
        ))),
        _ => Err(Stop::failed(format!(
            "nobody knows whether the old secret still works: answer `unknown-outcome` ({})",
            stage.story(&outcome)
        ))),
    }
}

async fn retired_twice(stage: &Stage, credential: &Credential) -> Ended {
    let outcome = create(stage, credential, &stage.operation()).await;
    let replaced = match &outcome.result {
        // It ends what others made, so that of the script will do.
        Err(CallError::Failure(failure)) if failure.code == "unsupported" => credential.clone(),
        _ => stage.replaced(credential, succeeded(stage, "`create`", &outcome)?),
    };
    let operation = stage.operation();
    for time in ["first", "second"] {
        let (context, subject) = (stage.context(&operation), stage.subject(&replaced));
        let retired = stage.plugin(Setting::Usual).retire(context, subject).await;
        let retired = stage.noted("retire", retired);
        succeeded(stage, &format!("the {time} `retire` of a secret"), &retired)?;
    }
    match stage.upstream.items() {
        0 => Ok(Vec::new()),
        _ => Err(Stop::failed(
            "`retire` succeeded, and the secret is still there; find it by its `external-id` or its `handle`",
        )),
    }
}
