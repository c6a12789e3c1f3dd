//! A provider in trouble says nothing of a credential: it is never `rejected`, the plugin never traps, and it is over
//! within the deadline.

use claviger_runtime::manifest::Kind;
use claviger_runtime::{CallError, CallOutcome, Capability, Failure, Report};
use serde_json::json;

use crate::conformance::case::{Ended, Stop};
use crate::conformance::script::{Answer, Credential};
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;
use crate::conformance::upstream::{ELSEWHERE, Fault};

/// What `Retry-After` says, in seconds.
const RETRY_AFTER: u32 = 7;

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    if !stage
        .prepared
        .capabilities()
        .contains(&Capability::Validation)
    {
        return;
    }
    for kind in &stage.manifest().kinds {
        let Some(credential) = stage.script.working(&kind.name) else {
            let reason = no_credential(stage, kind);
            let about = "a provider in trouble says nothing of a credential";
            suite
                .skip(format!("faults/{}", kind.name), about, reason)
                .await;
            continue;
        };
        run_for(suite, credential).await;
    }
}

/// Why there is no credential of a kind to call the plugin with.
pub(super) fn no_credential(stage: &Stage, kind: &Kind) -> String {
    if stage.is_scripted {
        format!(
            "the script has no working credential of kind `{}`",
            kind.name
        )
    } else {
        format!(
            "no credential of kind `{}` can be made up; give each of its required fields an example that matches its \
             pattern, or write an upstream.toml",
            kind.name
        )
    }
}

async fn run_for(suite: &mut Suite<'_>, credential: &Credential) {
    let stage = suite.stage;
    let name = |fault: &str| format!("faults.{fault}/{}", credential.kind);

    let about = "429 is `rate-limited`, with the provider's `Retry-After`";
    suite
        .case(name("rate-limit"), about, rate_limit(stage, credential))
        .await;
    for status in [500, 503] {
        let about = "a server error says nothing of the credential";
        let fault = Fault::Answer(problem(status));
        suite
            .case(
                name(&status.to_string()),
                about,
                trouble(stage, fault, Setting::Usual, credential),
            )
            .await;
    }
    let page = Answer {
        json: None,
        text: Some(
            "<!doctype html><title>Welcome</title><p>Please accept the terms of this network."
                .to_owned(),
        ),
        ..Answer::of(200, json!(null))
    };
    let empty = Answer {
        json: None,
        ..Answer::of(200, json!(null))
    };
    for (fault, answer, about) in [
        (
            "strange-page",
            page,
            "a page that isn't the provider's says nothing of the credential",
        ),
        (
            "empty-body",
            empty,
            "an answer without a body says nothing of the credential",
        ),
    ] {
        let judged = strange(stage, Fault::Answer(answer), credential);
        suite.case(name(fault), about, judged).await;
    }
    for (fault, made, setting, about) in [
        (
            "cut-off",
            Fault::CutOff,
            Setting::Usual,
            "an answer that breaks off says nothing of the credential",
        ),
        (
            "no-http",
            Fault::NoHttp,
            Setting::Usual,
            "what isn't HTTP says nothing of the credential",
        ),
        (
            "refused",
            Fault::Hang,
            Setting::Nobody,
            "nobody there says nothing of the credential",
        ),
        (
            "hang",
            Fault::Hang,
            Setting::Hasty,
            "a provider that doesn't answer is given up within the deadline",
        ),
    ] {
        suite
            .case(
                name(fault),
                about,
                trouble(stage, made, setting, credential),
            )
            .await;
    }
    let about = "a redirect is not followed";
    suite
        .case(name("redirect"), about, redirect(stage, credential))
        .await;
    let about = "403 is `restricted`: the provider knows the credential";
    suite
        .case(name("forbidden"), about, forbidden(stage, credential))
        .await;
}

fn problem(status: u16) -> Answer {
    Answer::of(
        status,
        json!({"error": {"message": "something is wrong here"}}),
    )
}

async fn rate_limit(stage: &Stage, credential: &Credential) -> Ended {
    let mut answer = problem(429);
    answer
        .headers
        .insert("retry-after".to_owned(), RETRY_AFTER.to_string());
    let outcome = stage
        .validate_during(Fault::Answer(answer), Setting::Usual, credential)
        .await;
    let failure = says_nothing(stage, &outcome, Setting::Usual)?;
    match failure {
        Some(failure) if failure.code != "rate-limited" => Err(Stop::failed(format!(
            "HTTP 429 is `rate-limited`, so that the host waits; {}",
            stage.story(&outcome)
        ))),
        Some(failure) if failure.retry_after_ms != Some(RETRY_AFTER * 1000) => {
            Err(Stop::failed(format!(
                "the provider sent `Retry-After: {RETRY_AFTER}`, so `retry-after-ms` is {}, not {}",
                RETRY_AFTER * 1000,
                failure
                    .retry_after_ms
                    .map_or("nothing".to_owned(), |ms| ms.to_string())
            )))
        }
        _ => Ok(Vec::new()),
    }
}

async fn trouble(stage: &Stage, fault: Fault, setting: Setting, credential: &Credential) -> Ended {
    let outcome = stage.validate_during(fault, setting, credential).await;
    says_nothing(stage, &outcome, setting).map(|_| Vec::new())
}

/// Some providers answer a bare 200, so it isn't wrong to take one for a yes.
async fn strange(stage: &Stage, fault: Fault, credential: &Credential) -> Ended {
    let outcome = stage
        .validate_during(fault, Setting::Usual, credential)
        .await;
    if outcome.result.is_ok() && outcome.evidence.subject_sent {
        return Ok(vec![
            "a 200 that is not the provider's own makes the credential valid; if its answers have anything to know them \
             by, ask for that: proxies and login pages answer 200 as well"
                .to_owned(),
        ]);
    }
    says_nothing(stage, &outcome, Setting::Usual).map(|_| Vec::new())
}

async fn redirect(stage: &Stage, credential: &Credential) -> Ended {
    let outcome = stage
        .validate_during(Fault::Redirect, Setting::Usual, credential)
        .await;
    if stage
        .upstream
        .requests()
        .iter()
        .any(|request| request.path.ends_with(ELSEWHERE))
    {
        return Err(Stop::failed(
            "it followed a redirect; whoever can make the provider redirect would be told the secret, so take a redirect \
             for an answer that was not expected",
        ));
    }
    says_nothing(stage, &outcome, Setting::Usual).map(|_| Vec::new())
}

async fn forbidden(stage: &Stage, credential: &Credential) -> Ended {
    let says_so = |answer: &Answer| answer.status == 403;
    if stage
        .script
        .routes
        .iter()
        .filter_map(|route| route.otherwise.as_ref())
        .any(says_so)
    {
        return Err(Stop::skipped(
            "the script says that the provider answers 403 to credentials that don't work",
        ));
    }
    let outcome = stage
        .validate_during(Fault::Answer(problem(403)), Setting::Usual, credential)
        .await;
    if outcome.result.is_ok() && outcome.evidence.subject_sent {
        return Ok(vec![
            "403 makes the credential valid; if the provider means that it may not do this, say `restricted`".to_owned(),
        ]);
    }
    says_nothing(stage, &outcome, Setting::Usual).map(|_| Vec::new())
}

/// That a call ended in order and holds nothing against the credential: the plugin's failure, if it had one to make.
pub(super) fn says_nothing<'o>(
    stage: &Stage,
    outcome: &'o CallOutcome<Report>,
    setting: Setting,
) -> Result<Option<&'o Failure>, Stop> {
    match &outcome.result {
        Ok(_) => Err(Stop::failed(
            "it says that the credential is valid, though the provider has not said so; answer `unreachable`",
        )),
        Err(CallError::Failure(failure)) if failure.code == "rejected" => {
            Err(Stop::failed(format!(
                "it answered `rejected`, which marks a credential as invalid that may be good; answer `unreachable` ({})",
                failure.message
            )))
        }
        Err(CallError::Failure(failure)) => {
            if setting != Setting::Nobody && stage.upstream.requests().is_empty() {
                return Err(Stop::skipped(format!(
                    "the call ended before the provider was asked: {}",
                    stage.story(outcome)
                )));
            }
            Ok(Some(failure))
        }
        // The host ends it there, and makes `unknown` of it.
        Err(CallError::TimedOut { .. }) if setting == Setting::Hasty => {
            if stage.upstream.requests().is_empty() {
                let deadline = stage.deadline();
                return Err(Stop::failed(format!(
                    "it took more than {deadline:?} and had asked nobody by then"
                )));
            }
            Ok(None)
        }
        Err(error) => Err(Stop::failed(format!("{error}; answer a failure instead"))),
    }
}
