//! Each request goes wrong in each way, and the same operation is asked for again.

use claviger_runtime::{CallError, CallOutcome, Receipt};
use serde_json::json;

use super::stage::*;
use crate::support::fakes::Fault;
use crate::support::fakes::n8n::Version;

/// More requests than any of these operations sends.
const MOST: usize = 40;

/// A failed operation ends in a failure that says nothing of the credential that is put to use.
#[track_caller]
fn in_order(outcome: &CallOutcome<Receipt>, at: &str) {
    match &outcome.result {
        Ok(_) | Err(CallError::TimedOut { .. }) => {}
        Err(CallError::Failure(failure)) => {
            let codes = ["unreachable", "unknown-outcome", "rate-limited"];
            assert!(codes.contains(&failure.code.as_str()), "{at}: {failure:?}");
        }
        Err(error) => panic!("{at}: {error}"),
    }
}

/// How many credentials n8n may have in the end. What 1.x made, where the answer or the workflow's was lost, can't be found
/// again and may be in use.
fn allowed(version: Version, fault: Fault) -> std::ops::RangeInclusive<usize> {
    let is_answered = matches!(fault, Fault::RateLimited | Fault::Unauthorized);
    if version.is_new() || is_answered {
        1..=1
    } else {
        1..=2
    }
}

/// Runs an operation for each request that it sends; whether there was that request.
async fn with_fault(
    stage: &Stage,
    passes: usize,
    fault: Fault,
    operation: impl AsyncFn() -> CallOutcome<Receipt>,
) -> bool {
    stage.fake.fail_after(passes, fault, |_| true);
    let outcome = operation().await;
    let is_hit = stage.fake.hits() > 0;
    stage.fake.heal();
    in_order(&outcome, &format!("{fault:?} after {passes}"));
    is_hit
}

async fn apply(version: Version, fault: Fault) {
    for passes in 0..MOST {
        let stage = Stage::of(version).await;
        let flow = stage.flow(true);
        let operation = async || {
            stage
                .apply(
                    "k",
                    openai(FIRST, 1),
                    place(&flow),
                    &[("provider", "openai")],
                )
                .await
        };
        if !with_fault(&stage, passes, fault, operation).await {
            assert!(passes > 5, "it sends more requests than {passes}");
            return;
        }
        answered(operation().await);
        let at = format!("{version:?} {fault:?} after {passes}");
        assert_eq!(stage.secret_in_use(&flow).as_deref(), Some(FIRST), "{at}");
        assert!(
            allowed(version, fault).contains(&stage.credentials().len()),
            "{at}"
        );
    }
    panic!("it has no end");
}

async fn refresh(version: Version, fault: Fault) {
    for passes in 0..MOST {
        let stage = Stage::of(version).await;
        let flows = [stage.flow(true), stage.flow(false)];
        let id = stage.applied(&flows[0], &[]).await;
        let name = stage.credentials()[0].name.clone();
        let used = json!({ "openAiApi": { "id": id, "name": name } });
        stage
            .fake
            .state()
            .n8n
            .edit(&flows[1], false, |flow| flow.nodes[1]["credentials"] = used);
        let places = [place(&flows[0]), place(&flows[1])];
        if !with_fault(&stage, passes, fault, async || {
            stage.refresh("r", SECOND, 2, &id, &places).await
        })
        .await
        {
            assert!(passes > 2, "it sends more requests than {passes}");
            return;
        }
        // The host has nothing but what it had before.
        let receipt = answered(stage.refresh("r", SECOND, 2, &id, &places).await);
        let at = format!("{version:?} {fault:?} after {passes}");
        assert_eq!(stale(&receipt), [], "{at}");
        for flow in &flows {
            assert_eq!(stage.secret_in_use(flow).as_deref(), Some(SECOND), "{at}");
        }
        assert!(
            allowed(version, fault).contains(&stage.credentials().len()),
            "{at}"
        );
    }
    panic!("it has no end");
}

macro_rules! faults {
    ($($name:ident: $version:ident),*) => {$(
        mod $name {
            use super::{Fault, Version};

            #[tokio::test]
            async fn applying_survives_every_fault() {
                for fault in Fault::ALL {
                    super::apply(Version::$version, fault).await;
                }
            }

            #[tokio::test]
            async fn refreshing_survives_every_fault() {
                for fault in Fault::ALL {
                    super::refresh(Version::$version, fault).await;
                }
            }
        }
    )*};
}

faults!(old: V1_123_81, new: V2_41_1);
