//! What an instance holds.

use claviger_runtime::outcome::Entry;

use super::stage::*;
use crate::support::fakes::n8n::Version;

async fn all(stage: &Stage) -> Vec<Entry> {
    let (mut entries, mut cursor) = (Vec::new(), None);
    for _ in 0..20 {
        let page = stage
            .plugin
            .enumerate(stage.context("i", &[]), cursor)
            .await;
        let page = answered(page);
        entries.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            return entries;
        }
    }
    panic!("the list has no end");
}

#[tokio::test]
async fn credentials_and_the_nodes_that_use_them_are_listed() {
    let stage = Stage::of(Version::V2_41_1).await;
    let mut flows = Vec::new();
    let mut id = String::new();
    for number in 0..45 {
        let flow = stage.flow(false);
        if number < 2 {
            id = stage.applied(&flow, &[]).await;
        }
        flows.push(flow);
    }
    let entries = all(&stage).await;
    let kinds: Vec<&str> = entries.iter().map(|it| it.kind.as_str()).collect();
    assert_eq!(
        kinds,
        ["credential", "credential", "workflow-node", "workflow-node"]
    );
    // The newest comes first.
    assert_eq!(
        (&*entries[0].external_id, &*entries[0].name),
        (&*id, "the key")
    );
    assert_eq!(
        entries[0].attributes,
        [("type".to_owned(), "openAiApi".to_owned())]
    );
    let node = &entries[3];
    assert_eq!(node.external_id, format!("{}/n/openAiApi", flows[1]));
    let attribute = |name: &str| {
        let found = node.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    };
    assert_eq!(attribute("workflow-id"), Some(&*flows[1]));
    assert_eq!(attribute("node"), Some(NODE));
    assert_eq!(attribute("credential-id"), Some(&*id));
    assert_eq!(attribute("credential-name"), Some("the key"));
    assert_eq!(attribute("type"), Some("openAiApi"));
    assert!(attribute("workflow-name").is_some());
}

#[tokio::test]
async fn an_n8n_that_cannot_list_says_so() {
    let stage = Stage::of(Version::V1_123_81).await;
    let failure_of =
        async |stage: &Stage| failure(stage.plugin.enumerate(stage.context("i", &[]), None).await);
    let failure = failure_of(&stage).await;
    assert_eq!(failure.code, "unsupported");
    assert!(
        failure.message.contains("can't list credentials"),
        "{failure:?}"
    );
    let mut stage = Stage::of(Version::V2_41_1).await;
    stage
        .fake
        .state()
        .n8n
        .key("n8n_api_narrow", &["workflow:list"]);
    stage.key = "n8n_api_narrow".to_owned();
    let failure = failure_of(&stage).await;
    assert_eq!(failure.code, "restricted");
    assert!(failure.message.contains("credential:list"), "{failure:?}");
}

#[tokio::test]
async fn an_api_key_is_checked_with_the_list_that_every_version_has() {
    for version in Version::ALL {
        let mut stage = Stage::of(version).await;
        let outcome = stage
            .plugin
            .validate(stage.context("v", &[]), stage.connection())
            .await;
        assert!(outcome.evidence.subject_sent);
        answered(outcome);
        stage
            .fake
            .state()
            .n8n
            .key("n8n_api_narrow", &["credential:create"]);
        for (key, code) in [
            ("n8n_api_narrow", "restricted"),
            ("n8n_api_unknown", "rejected"),
        ] {
            key.clone_into(&mut stage.key);
            let outcome = stage
                .plugin
                .validate(stage.context("v", &[]), stage.connection())
                .await;
            assert_eq!(failure(outcome).code, code, "{version:?}");
        }
    }
}
