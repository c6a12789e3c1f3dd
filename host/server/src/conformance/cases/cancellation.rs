//! A caller that goes away: its call is dropped in the middle, and the next one is as good as new.

use claviger_runtime::Capability;

use super::faults::no_credential;
use crate::conformance::case::{Ended, Stop};
use crate::conformance::script::Credential;
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;
use crate::conformance::upstream::Fault;

const ABOUT: &str = "after a call that was dropped in the middle, the next one works";

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
        let name = format!("cancellation/{}", kind.name);
        match stage.script.working(&kind.name) {
            Some(credential) => suite.case(name, ABOUT, dropped(stage, credential)).await,
            None => suite.skip(name, ABOUT, no_credential(stage, kind)).await,
        }
    }
}

async fn dropped(stage: &Stage, credential: &Credential) -> Ended {
    stage.upstream.fail_with(Some(Fault::Hang));
    let ended_first = tokio::select! {
        outcome = stage.validate(Setting::Usual, credential) => Some(outcome),
        () = stage.upstream.asked() => None,
    };
    stage.upstream.fail_with(None);
    if let Some(outcome) = ended_first {
        return Err(Stop::skipped(format!(
            "the call ended before the provider was asked: {}",
            stage.story(&outcome)
        )));
    }
    let outcome = stage.validate(Setting::Usual, credential).await;
    match &outcome.result {
        Ok(_) => Ok(Vec::new()),
        Err(claviger_runtime::CallError::Failure(_)) if !stage.is_scripted => Ok(Vec::new()),
        Err(_) => Err(Stop::failed(format!(
            "after a dropped call, {}",
            stage.story(&outcome)
        ))),
    }
}
