//! A new secret reaches all that use a credential.

use claviger_runtime::Place;
use serde_json::json;

use super::stage::*;
use crate::support::fakes::n8n::Version;

/// So many workflows that use the first secret, every other one active, and the id of what they use.
async fn in_use(stage: &Stage, count: usize) -> (String, Vec<String>) {
    let first = stage.flow(true);
    let id = stage.applied(&first, &[]).await;
    let name = stage.credentials()[0].name.clone();
    let reference = json!({ "openAiApi": { "id": id, "name": name } });
    let mut flows = vec![first];
    for number in 1..count {
        let mut shared = stage.fake.state();
        flows.push(
            shared
                .n8n
                .flow(NODE, ANY_REQUEST, &reference, number % 2 == 0),
        );
    }
    stage.fake.upstream.forget();
    (id, flows)
}

fn places(flows: &[String]) -> Vec<Place> {
    flows.iter().map(|flow| place(flow)).collect()
}

#[track_caller]
fn all_use(stage: &Stage, flows: &[String], secret: &str) {
    for flow in flows {
        assert_eq!(stage.secret_in_use(flow).as_deref(), Some(secret), "{flow}");
    }
}

#[tokio::test]
async fn twenty_workflows_get_the_new_secret() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        let (id, flows) = in_use(&stage, 20).await;
        // One of them nobody told Claviger of.
        let receipt = answered(
            stage
                .refresh("r", SECOND, 2, &id, &places(&flows[1..]))
                .await,
        );
        assert_eq!(stale(&receipt), []);
        all_use(&stage, &flows, SECOND);
        let left = stage.credentials();
        assert_eq!(left.len(), 1, "{version:?}");
        assert_eq!(receipt.external_id.as_deref(), Some(&*left[0].id));
        let (is_same, puts) = (left[0].id == id, stage.sent("PUT"));
        assert_eq!(
            (is_same, puts),
            if version.is_new() {
                (true, 0)
            } else {
                (false, 20)
            }
        );
        // And again, with the same and with the next version.
        let id = left[0].id.clone();
        let receipt = answered(stage.refresh("r", SECOND, 2, &id, &places(&flows)).await);
        assert_eq!(receipt.external_id.as_deref(), Some(&*id));
        assert_eq!(stage.sent("PUT"), 0);
        answered(stage.refresh("r3", FIRST, 3, &id, &places(&flows)).await);
        all_use(&stage, &flows, FIRST);
        assert_eq!(stage.credentials().len(), 1, "{version:?}");
    }
}

#[tokio::test]
async fn what_was_set_in_n8n_besides_stays() {
    let stage = Stage::of(Version::V2_41_1).await;
    let (id, flows) = in_use(&stage, 1).await;
    stage.fake.state().n8n.credentials[0]
        .data
        .insert("organizationId".to_owned(), "org-1".into());
    answered(stage.refresh("r", SECOND, 2, &id, &places(&flows)).await);
    assert_eq!(stage.credentials()[0].data["organizationId"], "org-1");
}

#[tokio::test]
async fn more_workflows_than_fit_into_a_call_take_several() {
    let stage = Stage::of(Version::V1_123_81).await;
    let (id, flows) = in_use(&stage, 40).await;
    let first = answered(stage.refresh("r", SECOND, 2, &id, &places(&flows)).await);
    let left = stale(&first);
    assert!(!left.is_empty() && left.len() < 40, "{left:?}");
    assert!(left[0].1.contains("the next one goes on"), "{left:?}");
    // The old one is kept as long as one needs it.
    for (index, flow) in flows.iter().enumerate() {
        let is_stale = left.iter().any(|(at, _)| *at == index);
        let expected = if is_stale { FIRST } else { SECOND };
        assert_eq!(stage.secret_in_use(flow).as_deref(), Some(expected));
    }
    let id = first.external_id.expect("an id");
    let second = answered(stage.refresh("r", SECOND, 2, &id, &places(&flows)).await);
    assert_eq!(stale(&second), []);
    all_use(&stage, &flows, SECOND);
    assert_eq!(stage.credentials().len(), 1);
}

#[tokio::test]
async fn a_workflow_that_cannot_be_written_is_told_and_keeps_what_it_has() {
    let stage = Stage::of(Version::V1_123_81).await;
    let (id, flows) = in_use(&stage, 3).await;
    stage.fake.state().n8n.edit(&flows[2], true, |flow| {
        flow.nodes[0]["notes"] = "half done".into();
    });
    let mut all = places(&flows);
    all.push(place("gone"));
    let receipt = answered(stage.refresh("r", SECOND, 2, &id, &all).await);
    let told = stale(&receipt);
    assert_eq!(told.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [2, 3]);
    assert!(told[0].1.contains("not published"), "{told:?}");
    all_use(&stage, &flows[..2], SECOND);
    all_use(&stage, &flows[2..], FIRST);
    assert_eq!(stage.credentials().len(), 2);
    // Once it can be written, the rest is done.
    stage.fake.state().n8n.edit(&flows[2], false, |_| ());
    let id = receipt.external_id.expect("an id");
    let receipt = answered(stage.refresh("r2", SECOND, 2, &id, &places(&flows)).await);
    assert_eq!(stale(&receipt), []);
    all_use(&stage, &flows, SECOND);
    assert_eq!(stage.credentials().len(), 1);
}

#[tokio::test]
async fn a_node_that_uses_something_else_by_now_is_left_alone() {
    let stage = Stage::of(Version::V1_123_81).await;
    let (id, flows) = in_use(&stage, 2).await;
    let other = json!({ "openAiApi": { "id": "another", "name": "somebody's own" } });
    stage.fake.state().n8n.edit(&flows[1], false, |flow| {
        flow.nodes[1]["credentials"] = other.clone();
    });
    let receipt = answered(stage.refresh("r", SECOND, 2, &id, &places(&flows)).await);
    assert_eq!(stale(&receipt).len(), 1);
    assert_eq!(stage.flows()[1].nodes[1]["credentials"], other);
    assert_eq!(stage.credentials().len(), 1);
}
