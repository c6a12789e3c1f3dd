//! Short-lived credentials.

use std::time::Duration;

use claviger_runtime::{
    CallOutcome, Capability, Clock, Field, FieldValue, IssueRequest, Issued, Revocation,
    SystemClock,
};

use super::operation::{lost_answer, subjects, succeeded, trouble, twice};
use crate::conformance::case::{Ended, Stop};
use crate::conformance::script::{Credential, Issue};
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;

const ISSUE: &str = "what is issued is no wider than what was asked for";

/// How far the clocks of a provider and of the host may be apart.
const SKEW: Duration = Duration::from_mins(5);

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    let credentials = subjects(suite, Capability::Issuance, ISSUE).await;
    if credentials.is_empty() {
        return;
    }
    let Some(wanted) = &stage.script.issue else {
        let reason = "the script has no [issue], so nobody knows what to ask for";
        return suite.skip("issuance", ISSUE, reason).await;
    };
    for root in credentials {
        let name = |what: &str| format!("issuance.{what}/{}", root.kind);
        let call = async |operation: &str| issue(stage, root, wanted, operation).await;
        suite
            .case(name("issue"), ISSUE, no_wider(stage, root, wanted))
            .await;
        let about = "the same operation twice issues one credential";
        suite
            .case(name("same-operation"), about, twice(stage, &call))
            .await;
        let about = "a provider in trouble is a failure like any other";
        suite
            .case(name("trouble"), about, trouble(stage, &call))
            .await;
        let about = "what a lost answer left behind is undone";
        if stage
            .prepared
            .capabilities()
            .contains(&Capability::Recovery)
        {
            suite
                .case(name("lost-answer"), about, lost_answer(stage, root, &call))
                .await;
        } else {
            let reason =
                "it exports no `recovery`; what a lost answer leaves behind works until it expires";
            suite.skip(name("lost-answer"), about, reason).await;
        }
        let about = "what was issued is ended, and ending it again succeeds";
        suite
            .case(
                name("revoke-twice"),
                about,
                revoked_twice(stage, root, wanted),
            )
            .await;
    }
}

async fn issue(
    stage: &Stage,
    root: &Credential,
    wanted: &Issue,
    operation: &str,
) -> CallOutcome<Issued> {
    let request = IssueRequest {
        ttl: wanted.ttl.duration(),
        scopes: wanted.scopes.clone(),
        parameters: wanted.parameters.clone().into_iter().collect(),
    };
    let (context, subject) = (stage.context(operation), stage.subject(root));
    let plugin = stage.plugin(Setting::Usual);
    stage.noted("issue", plugin.issue(context, subject, request).await)
}

/// Other scopes than those that were asked for the runtime refuses by itself.
async fn no_wider(stage: &Stage, root: &Credential, wanted: &Issue) -> Ended {
    let outcome = issue(stage, root, wanted, &stage.operation()).await;
    let issued = succeeded(stage, "`issue`", &outcome)?;
    let latest = (wanted.ttl.duration() + SKEW).as_millis() + u128::from(SystemClock.now_ms());
    match issued.expires_at_ms {
        Some(expires) if u128::from(expires) > latest => Err(Stop::failed(format!(
            "it was asked for {:?}, and issued something that lives longer; ask the provider for no more, or answer \
             `invalid-input` where it has no such choice",
            wanted.ttl.duration()
        ))),
        Some(_) => Ok(Vec::new()),
        None => Ok(vec![
            "`expires-at-ms` is not said, so nobody knows when the credential ends; say what the provider says".to_owned(),
        ]),
    }
}

async fn revoked_twice(stage: &Stage, root: &Credential, wanted: &Issue) -> Ended {
    let outcome = issue(stage, root, wanted, &stage.operation()).await;
    let issued = succeeded(stage, "`issue`", &outcome)?;
    let operation = stage.operation();
    let first = revoke(stage, root, copy(issued), &operation).await;
    let first = *succeeded(stage, "the first `revoke`", &first)?;
    if first == Revocation::AlreadyGone {
        return Err(Stop::failed(
            "the first `revoke` of what was just issued says `already-gone`; find it by its `handle`",
        ));
    }
    let again = revoke(stage, root, copy(issued), &operation).await;
    succeeded(
        stage,
        "the second `revoke` (what is not there any more is `already-gone`, which is a success)",
        &again,
    )?;
    match stage.upstream.items() {
        left if left > 0 && first == Revocation::Revoked => Err(Stop::failed(
            "`revoke` says `revoked`, and the credential is still there",
        )),
        _ => Ok(Vec::new()),
    }
}

async fn revoke(
    stage: &Stage,
    root: &Credential,
    issued: Issued,
    operation: &str,
) -> CallOutcome<Revocation> {
    let (context, subject) = (stage.context(operation), stage.subject(root));
    let plugin = stage.plugin(Setting::Usual);
    stage.noted("revoke", plugin.revoke(context, subject, issued).await)
}

/// The same once more. It isn't `Clone`, as secrets aren't to be copied in passing.
fn copy(issued: &Issued) -> Issued {
    let field = |field: &Field| Field {
        name: field.name.clone(),
        value: match &field.value {
            FieldValue::Text(text) => FieldValue::Text(text.clone()),
            FieldValue::Secret(secret) => FieldValue::Secret(secret.clone()),
        },
    };
    Issued {
        fields: issued.fields.iter().map(field).collect(),
        scopes: issued.scopes.clone(),
        expires_at_ms: issued.expires_at_ms,
        handle: issued.handle.clone(),
        details: issued.details.clone(),
    }
}
