//! What holds for every operation that changes something at the provider: it can be asked for twice, its answer can get
//! lost, the provider can be in trouble.

use claviger_runtime::{CallError, CallOutcome, Capability};
use serde_json::json;

use crate::conformance::case::{Ended, Stop};
use crate::conformance::script::{Answer, Credential};
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;
use crate::conformance::told::Told;
use crate::conformance::upstream::{Fault, Recorded};

/// The working credentials of the script, one of each kind, where the plugin has the capability: of the kinds that it puts
/// to use, where it applies. What there is to skip is
/// skipped under the capability's name.
pub(super) async fn subjects<'s>(
    suite: &mut Suite<'s>,
    capability: Capability,
    about: &'static str,
) -> Vec<&'s Credential> {
    let stage = suite.stage;
    let name = capability.as_str();
    if !stage.prepared.capabilities().contains(&capability) {
        // A plugin that can do one thing has nothing to be told about the others.
        return Vec::new();
    }
    if !stage.is_scripted {
        let reason = "there is no upstream.toml, so nobody knows what the provider answers";
        suite.skip(name, about, reason).await;
        return Vec::new();
    }
    let (manifest, script) = (stage.manifest(), &stage.script);
    let subjects: Vec<&Credential> = if capability == Capability::Application {
        let kinds = manifest.subjects.iter();
        kinds
            .filter_map(|subject| script.put_to_use(&subject.kind))
            .collect()
    } else {
        let kinds = manifest.kinds.iter();
        kinds
            .filter_map(|kind| script.working(&kind.name))
            .collect()
    };
    if subjects.is_empty() {
        suite
            .skip(name, about, "the script has no working credential")
            .await;
    }
    subjects
}

/// The answer of a call that has to succeed. A kind for which the plugin says `unsupported` has nothing to be tested for.
pub(super) fn succeeded<'o, T: Told>(
    stage: &Stage,
    what: &str,
    outcome: &'o CallOutcome<T>,
) -> Result<&'o T, Stop> {
    match &outcome.result {
        Ok(answer) => Ok(answer),
        Err(CallError::Failure(failure)) if failure.code == "unsupported" => Err(Stop::skipped(
            format!("the plugin can't: {}", failure.message),
        )),
        Err(_) => Err(Stop::failed(format!("{what}: {}", stage.story(outcome)))),
    }
}

/// The same operation asked for twice, as the host does after a crash: the second call makes nothing that the first one
/// hasn't made. `call` gets the idempotency key.
pub(super) async fn twice<T: Told>(
    stage: &Stage,
    call: impl AsyncFn(&str) -> CallOutcome<T>,
) -> Ended {
    let operation = stage.operation();
    let first = call(&operation).await;
    succeeded(stage, "the first call", &first)?;
    let made = made(stage, 0);
    let seen = stage.upstream.requests().len();
    let again = call(&operation).await;
    succeeded(
        stage,
        "the second call with the same idempotency key",
        &again,
    )?;
    if let Some(other) = self::made(stage, seen)
        .iter()
        .find(|made_again| !made.contains(made_again))
    {
        return Err(Stop::failed(format!(
            "two calls with the same idempotency key made two things: {} had another body; derive the name of what is \
             made from `context.idempotency-key`, and look for it first",
            other.0
        )));
    }
    let seen = stage.upstream.requests().len();
    let other = call(&stage.operation()).await;
    let then = self::made(stage, seen);
    if other.result.is_ok() && !then.is_empty() && then.iter().all(|it| made.contains(it)) {
        return Ok(vec![format!(
            "two different operations sent the same {}; if the provider takes a name, derive it from \
             `context.idempotency-key`, so that what a lost answer left behind can be found",
            then[0].0
        )]);
    }
    Ok(Vec::new())
}

/// What the requests from that number on made: the request, and what it said.
fn made(stage: &Stage, from: usize) -> Vec<(String, String, Vec<u8>, Option<String>)> {
    let requests = stage.upstream.requests();
    let makes = |request: &&Recorded| request.is_change() && request.method != "DELETE";
    let key = |request: &Recorded| {
        let named = request
            .headers
            .iter()
            .find(|(name, _)| name == "idempotency-key");
        named.map(|(_, value)| value.clone())
    };
    let made = requests.iter().skip(from).filter(makes);
    made.map(|it| (it.line(), it.query.clone(), it.body.clone(), key(it)))
        .collect()
}

/// The answer to what changes something is lost; then the operation is abandoned, twice.
pub(super) async fn lost_answer<T: Told>(
    stage: &Stage,
    credential: &Credential,
    call: impl AsyncFn(&str) -> CallOutcome<T>,
) -> Ended {
    let operation = stage.operation();
    stage.upstream.fail_with(Some(Fault::LostAnswer));
    let lost = call(&operation).await;
    stage.upstream.fail_with(None);
    let has_changed = stage.upstream.requests().iter().any(Recorded::is_change);
    if !has_changed && !is_broken(&lost) {
        return Err(Stop::skipped(format!(
            "the call asked for nothing that changes anything at the provider: {}",
            stage.story(&lost)
        )));
    }
    in_order(&lost)?;
    let left = stage.upstream.items();
    for time in ["first", "second"] {
        let context = stage.context(&operation);
        let plugin = stage.plugin(Setting::Usual);
        let abandoned = stage.noted(
            "abandon",
            plugin.abandon(context, stage.subject(credential)).await,
        );
        succeeded(
            stage,
            &format!("the answer was lost, and the {time} `abandon`"),
            &abandoned,
        )?;
    }
    match stage.upstream.items() {
        0 if left > 0 || !stage.remembers() => Ok(Vec::new()),
        0 => Err(Stop::skipped(
            "the script's provider made nothing, so there was nothing to abandon",
        )),
        left => Err(Stop::failed(format!(
            "`abandon` left behind {left} of what the operation made; find it by the name that was derived from \
             `context.idempotency-key`, and end it"
        ))),
    }
}

/// The provider is in trouble.
pub(super) async fn trouble<T: Told>(
    stage: &Stage,
    call: impl AsyncFn(&str) -> CallOutcome<T>,
) -> Ended {
    let problem = Answer::of(
        503,
        json!({"error": {"message": "something is wrong here"}}),
    );
    stage.upstream.fail_with(Some(Fault::Answer(problem)));
    let outcome = call(&stage.operation()).await;
    stage.upstream.fail_with(None);
    if stage.upstream.requests().is_empty() && !is_broken(&outcome) {
        return Err(Stop::skipped(format!(
            "the call ended before the provider was asked: {}",
            stage.story(&outcome)
        )));
    }
    in_order(&outcome)?;
    Ok(Vec::new())
}

/// Whether a call ended in no answer at all.
fn is_broken<T>(outcome: &CallOutcome<T>) -> bool {
    !matches!(outcome.result, Ok(_) | Err(CallError::Failure(_)))
}

/// That a call that couldn't succeed ended with a failure of the plugin's own that holds nothing against the credential.
fn in_order<T>(outcome: &CallOutcome<T>) -> Result<(), Stop> {
    match &outcome.result {
        Ok(_) => Err(Stop::failed(
            "it succeeded, though the provider did not answer that it is done; answer `unknown-outcome`, or `unreachable` \
             where nothing can have happened",
        )),
        Err(CallError::Failure(failure)) if failure.code == "rejected" => {
            Err(Stop::failed(format!(
                "it answered `rejected`, though the provider has said nothing of the credential ({})",
                failure.message
            )))
        }
        Err(CallError::Failure(_)) => Ok(()),
        Err(error) => Err(Stop::failed(format!("{error}; answer a failure instead"))),
    }
}
