//! Old versions that are made to work again.

use claviger_runtime::{CallOutcome, Capability};

use super::operation::{subjects, succeeded, trouble};
use crate::conformance::case::Ended;
use crate::conformance::script::Credential;
use crate::conformance::stage::{Setting, Stage};
use crate::conformance::suite::Suite;

const ABOUT: &str = "an old version works again, and restoring it again succeeds";

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    for credential in subjects(suite, Capability::Restoration, ABOUT).await {
        let name = |what: &str| format!("restoration.{what}/{}", credential.kind);
        // An old version is one that the provider doesn't take now; where the script has none, any will do.
        let mut of_kind = stage
            .script
            .credentials
            .iter()
            .filter(|it| it.kind == credential.kind);
        let old = of_kind.find(|it| !it.works).unwrap_or(credential);
        suite
            .case(name("twice"), ABOUT, restored_twice(stage, old))
            .await;
        let about = "a provider in trouble is a failure like any other";
        let call = async |operation: &str| restore(stage, old, operation).await;
        suite
            .case(name("trouble"), about, trouble(stage, call))
            .await;
    }
}

async fn restore(stage: &Stage, old: &Credential, operation: &str) -> CallOutcome<()> {
    let plugin = stage.plugin(Setting::Usual);
    let outcome = plugin
        .restore(stage.context(operation), stage.subject(old))
        .await;
    stage.noted("restore", outcome)
}

async fn restored_twice(stage: &Stage, old: &Credential) -> Ended {
    let operation = stage.operation();
    for time in ["first", "second"] {
        let restored = restore(stage, old, &operation).await;
        succeeded(stage, &format!("the {time} `restore`"), &restored)?;
    }
    Ok(Vec::new())
}
