//! Secrets that the host made, set at the provider.

use claviger_runtime::{CallOutcome, Capability};

use super::operation::{subjects, succeeded, trouble};
use crate::conformance::case::{Ended, Stop};
use crate::conformance::script::Credential;
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;

const ABOUT: &str = "a secret of the host's making is set, and setting it again succeeds";

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    for credential in subjects(suite, Capability::Assignment, ABOUT).await {
        let name = |what: &str| format!("assignment.{what}/{}", credential.kind);
        let Some(proposed) = proposed(stage, credential) else {
            let reason = "no other secret can be made up that matches the manifest's pattern";
            suite.skip(name("twice"), ABOUT, reason).await;
            continue;
        };
        stage.watch(&proposed);
        suite
            .case(
                name("twice"),
                ABOUT,
                set_twice(stage, credential, &proposed),
            )
            .await;
        let about = "a provider in trouble is a failure like any other";
        let call = async |operation: &str| assign(stage, credential, &proposed, operation).await;
        suite
            .case(name("trouble"), about, trouble(stage, call))
            .await;
    }
}

async fn assign(
    stage: &Stage,
    current: &Credential,
    proposed: &Credential,
    operation: &str,
) -> CallOutcome<()> {
    let (context, current) = (stage.context(operation), stage.subject(current));
    let plugin = stage.plugin(Setting::Usual);
    let outcome = plugin
        .assign(context, current, stage.subject(proposed))
        .await;
    stage.noted("assign", outcome)
}

async fn set_twice(stage: &Stage, credential: &Credential, proposed: &Credential) -> Ended {
    let operation = stage.operation();
    let first = assign(stage, credential, proposed, &operation).await;
    succeeded(stage, "the first `assign`", &first)?;
    // The provider knows it now; whether it still takes the old one is the script's to say.
    stage.upstream.take(proposed.fields.clone());
    let again = assign(stage, credential, proposed, &operation).await;
    succeeded(stage, "the second `assign` of the same secret", &again)?;
    let sent = stage.upstream.requests();
    let secret = changed(credential, proposed);
    let is_sent = |text: &str| sent.iter().any(|request| request.holds(text));
    match secret.iter().find(|secret| !is_sent(secret)) {
        None => Ok(Vec::new()),
        Some(_) => Err(Stop::failed(
            "`assign` succeeded, and the proposed secret did not reach the provider; send the stand-in of `proposed`, and \
             declare its place in the manifest",
        )),
    }
}

/// The credential with other secrets: letters and digits at the end exchanged for their neighbours.
fn proposed(stage: &Stage, credential: &Credential) -> Option<Credential> {
    let kind = stage.manifest().kind(&credential.kind)?;
    let mut proposed = credential.clone();
    for field in kind
        .fields
        .iter()
        .filter(|field| field.secret && field.required)
    {
        let value = proposed.fields.get_mut(&field.name)?;
        let split = value.floor_char_boundary(value.len().saturating_sub(4));
        let end: String = value[split..].chars().map(neighbour).collect();
        value.replace_range(split.., &end);
        let fits = field
            .pattern
            .as_ref()
            .is_none_or(|pattern| pattern.matches_whole(value));
        if !fits || *value == credential.fields[&field.name] {
            return None;
        }
    }
    Some(proposed)
}

fn neighbour(letter: char) -> char {
    match letter {
        '0'..='8' | 'a'..='y' | 'A'..='Y' => {
            char::from_u32(u32::from(letter) + 1).unwrap_or(letter)
        }
        '9' => '0',
        'z' => 'a',
        'Z' => 'A',
        other => other,
    }
}

/// The values of a credential that another doesn't have.
fn changed<'c>(credential: &Credential, proposed: &'c Credential) -> Vec<&'c str> {
    let is_new = |(name, value): &(&String, &String)| credential.fields.get(*name) != Some(*value);
    let new = proposed.fields.iter().filter(is_new);
    new.map(|(_, value)| value.as_str()).collect()
}
