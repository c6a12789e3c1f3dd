//! Credentials that are put to use in a target.

use claviger_runtime::{CallContext, CallOutcome, Capability, Place, Receipt};

use super::operation::{subjects, succeeded, trouble, twice};
use crate::conformance::case::Ended;
use crate::conformance::script::Credential;
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;

const ABOUT: &str = "a credential is applied, and given anew where it was";

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    let credentials = subjects(suite, Capability::Application, ABOUT).await;
    if credentials.is_empty() {
        return;
    }
    let Some(place) = &stage.script.place else {
        let reason = "the script has no [place], so nobody knows where to apply a credential";
        return suite.skip("application", ABOUT, reason).await;
    };
    let place = Place {
        container: place.container.clone(),
        slot: place.slot.clone(),
        parameters: place.parameters.clone().into_iter().collect(),
    };
    for credential in credentials {
        let name = |what: &str| format!("application.{what}/{}", credential.kind);
        let call = async |operation: &str| apply(stage, credential, &place, operation).await;
        suite
            .case(name("refresh"), ABOUT, refreshed(stage, credential, &place))
            .await;
        let about = "the same operation twice applies it once";
        suite
            .case(name("same-operation"), about, twice(stage, &call))
            .await;
        let about = "a provider in trouble is a failure like any other";
        suite
            .case(name("trouble"), about, trouble(stage, &call))
            .await;
    }
}

async fn apply(
    stage: &Stage,
    credential: &Credential,
    place: &Place,
    operation: &str,
) -> CallOutcome<Receipt> {
    let (context, subject) = (
        context(stage, credential, operation),
        stage.subject(credential),
    );
    let plugin = stage.plugin(Setting::Usual);
    stage.noted("apply", plugin.apply(context, subject, place.clone()).await)
}

/// What a call may rely on: it is told whose credential it is.
fn context(stage: &Stage, credential: &Credential, operation: &str) -> CallContext {
    let mut context = stage.context(operation);
    let provider = credential.provider.as_ref();
    let provider = provider.unwrap_or(&stage.manifest().name).clone();
    context.options.push(("provider".to_owned(), provider));
    context
}

async fn refreshed(stage: &Stage, credential: &Credential, place: &Place) -> Ended {
    let applied = apply(stage, credential, place, &stage.operation()).await;
    let mut receipt = succeeded(stage, "`apply`", &applied)?.clone();
    for time in ["first", "second"] {
        let mut context = context(stage, credential, &stage.operation());
        let known = receipt.external_id.clone();
        context
            .options
            .extend(known.map(|id| ("external-id".to_owned(), id)));
        let subject = stage.subject(credential);
        let plugin = stage.plugin(Setting::Usual);
        let refreshed = plugin
            .refresh(context, subject, receipt, vec![place.clone()])
            .await;
        let refreshed = stage.noted("refresh", refreshed);
        receipt = succeeded(stage, &format!("the {time} `refresh`"), &refreshed)?.clone();
    }
    Ok(Vec::new())
}
