//! A credential is put to use in a node.

use claviger_runtime::{Place, Subject};
use serde_json::{Value, json};

use super::stage::*;
use crate::support::fakes::n8n::Version;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn each_providers_credentials_become_n8ns_own() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        for (provider, subject, node, parameters, kind, data) in [
            (
                "openai",
                openai(FIRST, 1),
                "@n8n/n8n-nodes-langchain.lmChatOpenAi",
                vec![],
                "openAiApi",
                json!({"apiKey": FIRST}),
            ),
            (
                "slack",
                subject(
                    "slack",
                    1,
                    &[("bot_token", FIRST), ("signing_secret", SECOND)],
                    &[],
                ),
                "n8n-nodes-base.slack",
                vec![],
                "slackApi",
                json!({"accessToken": FIRST, "signatureSecret": SECOND}),
            ),
            (
                "slack",
                subject(
                    "slack",
                    1,
                    &[("bot_token", FIRST), ("client_secret", SECOND)],
                    &[],
                ),
                "n8n-nodes-base.slack",
                vec![],
                "slackApi",
                json!({"accessToken": FIRST, "signatureSecret": ""}),
            ),
            (
                "aws",
                subject(
                    "aws_access_key",
                    1,
                    &[("secret_access_key", FIRST)],
                    &[("access_key_id", "AKIA1"), ("region", "eu-west-1")],
                ),
                "n8n-nodes-base.awsS3",
                vec![],
                "aws",
                json!({"accessKeyId": "AKIA1", "secretAccessKey": FIRST, "region": "eu-west-1"}),
            ),
            (
                "github",
                openai(FIRST, 1),
                "n8n-nodes-base.github",
                vec![],
                "githubApi",
                json!({"accessToken": FIRST}),
            ),
            (
                "api",
                openai(FIRST, 1),
                ANY_REQUEST,
                vec![],
                "httpHeaderAuth",
                json!({"name": "Authorization", "value": format!("Bearer {FIRST}")}),
            ),
            (
                "api",
                openai(FIRST, 1),
                ANY_REQUEST,
                vec![("type", "httpBearerAuth")],
                "httpBearerAuth",
                json!({"token": FIRST}),
            ),
            (
                "openai",
                openai(FIRST, 1),
                ANY_REQUEST,
                vec![("header", "X-Key")],
                "httpHeaderAuth",
                json!({"name": "X-Key", "value": FIRST}),
            ),
        ] {
            let flow = stage.fake.state().n8n.flow(NODE, node, &Value::Null, true);
            let place = with(place(&flow), &parameters);
            // Each is another credential's.
            let subject = Subject {
                id: flow.clone(),
                ..subject
            };
            let outcome = stage
                .apply(&flow, subject, place, &[("provider", provider)])
                .await;
            assert!(outcome.evidence.subject_sent, "{kind}");
            let receipt = answered(outcome);
            let stored = stage.credentials().pop().expect("it was made");
            assert_eq!(receipt.external_id.as_deref(), Some(&*stored.id));
            assert_eq!(stored.kind, kind, "{version:?}");
            for (name, value) in data.as_object().expect("an object") {
                assert_eq!(
                    stored.data.get(name),
                    Some(value),
                    "{version:?} {kind} {name}"
                );
            }
            let flow = stage.flows().pop().expect("a workflow");
            let node = &flow.running()[1];
            assert_eq!(
                node["credentials"][kind]["id"], *stored.id,
                "{version:?} {kind}"
            );
        }
    }
}

#[tokio::test]
async fn a_node_that_makes_any_request_is_told_which_to_use() {
    let stage = Stage::of(Version::V2_41_1).await;
    let flow = stage.flow(true);
    stage.applied(&flow, &[]).await;
    let node = stage.flows()[0].nodes[1].clone();
    assert_eq!(
        node["parameters"]["authentication"],
        "predefinedCredentialType"
    );
    assert_eq!(node["parameters"]["nodeCredentialType"], "openAiApi");
}

#[tokio::test]
async fn a_second_place_uses_the_same_credential() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        let (first, second) = (stage.flow(true), stage.flow(false));
        let id = stage.applied(&first, &[]).await;
        let again = stage.applied(&second, &[("external-id", &id)]).await;
        assert_eq!(id, again, "{version:?}");
        assert_eq!(stage.credentials().len(), 1, "{version:?}");
        for flow in [first, second] {
            assert_eq!(
                stage.secret_in_use(&flow).as_deref(),
                Some(FIRST),
                "{version:?}"
            );
        }
        // One that somebody has deleted in n8n is made anew.
        stage.fake.state().n8n.credentials.clear();
        let third = stage.flow(true);
        let other = stage.applied(&third, &[("external-id", &id)]).await;
        if version.is_new() {
            assert_ne!(id, other);
            assert_eq!(stage.secret_in_use(&third).as_deref(), Some(FIRST));
        }
    }
}

#[tokio::test]
async fn the_same_operation_twice_changes_nothing() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        let flow = stage.flow(true);
        let id = stage.applied(&flow, &[]).await;
        assert_eq!(stage.sent("PUT"), 1);
        assert_eq!(stage.applied(&flow, &[]).await, id, "{version:?}");
        assert_eq!(stage.sent("PUT"), 0, "{version:?}");
        assert_eq!(stage.credentials().len(), 1, "{version:?}");
    }
}

#[tokio::test]
async fn what_is_missing_is_named_and_nothing_is_made() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        let flow = stage.flow(true);
        let slack = stage
            .fake
            .state()
            .n8n
            .flow(NODE, "n8n-nodes-base.slack", &Value::Null, true);
        let other = Place {
            slot: "Nobody".to_owned(),
            ..place(&flow)
        };
        for (place, code, named) in [
            (place("nope"), "not-found", "`nope`"),
            (other, "not-found", "`Nobody`"),
            (place(&slack), "invalid-input", "slackApi"),
            (
                with(place(&flow), &[("type", "slackApi")]),
                "unsupported",
                "slackApi",
            ),
        ] {
            let outcome = stage
                .apply("k", openai(FIRST, 1), place, &[("provider", "openai")])
                .await;
            let failure = failure(outcome);
            assert_eq!(failure.code, code, "{failure:?}");
            assert!(failure.message.contains(named), "{failure:?}");
        }
        assert!(stage.credentials().is_empty());
        assert_eq!(stage.sent("PUT"), 0);
    }
}

#[tokio::test]
async fn what_the_key_lacks_is_named() {
    let mut stage = Stage::of(Version::V2_41_1).await;
    let flow = stage.flow(true);
    for (scopes, lacks) in [
        (vec![], "workflow:read"),
        (vec!["workflow:read"], "credential:create"),
        (
            vec!["workflow:read", "credential:create"],
            "workflow:update",
        ),
    ] {
        stage.fake.state().n8n.key("n8n_api_narrow", &scopes);
        stage.key = "n8n_api_narrow".to_owned();
        let outcome = stage
            .apply(
                "k",
                openai(FIRST, 1),
                place(&flow),
                &[("provider", "openai")],
            )
            .await;
        let failure = failure(outcome);
        assert_eq!(failure.code, "restricted");
        assert!(failure.message.contains(lacks), "{failure:?}");
    }
    stage.key = "n8n_api_unknown".to_owned();
    let outcome = stage
        .apply(
            "k",
            openai(FIRST, 1),
            place(&flow),
            &[("provider", "openai")],
        )
        .await;
    // It says nothing of the credential that is put to use.
    assert_eq!(failure(outcome).code, "restricted");
}

#[tokio::test]
async fn an_edit_in_between_is_kept() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        let flow = stage.flow(true);
        let edited = flow.clone();
        let mut once = true;
        stage.fake.state().meddling = Some(Box::new(move |n8n, request| {
            if std::mem::take(&mut once) && request.method == "GET" {
                n8n.edit(&edited, false, |flow| {
                    flow.nodes[0]["notes"] = "mine".into();
                });
            }
        }));
        stage.applied(&flow, &[]).await;
        let found = stage.flows().pop().expect("a workflow");
        assert_eq!(found.nodes[0]["notes"], "mine", "{version:?}");
        assert_eq!(
            stage.secret_in_use(&flow).as_deref(),
            Some(FIRST),
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn a_workflow_that_somebody_keeps_changing_is_not_written() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        let flow = stage.flow(true);
        let edited = flow.clone();
        let mut count = 0;
        stage.fake.state().meddling = Some(Box::new(move |n8n, request| {
            if request.method == "GET" && request.path().contains("/workflows/") {
                count += 1;
                n8n.edit(&edited, false, |flow| flow.nodes[0]["notes"] = count.into());
            }
        }));
        let outcome = stage
            .apply(
                "k",
                openai(FIRST, 1),
                place(&flow),
                &[("provider", "openai")],
            )
            .await;
        assert_eq!(failure(outcome).code, "conflict", "{version:?}");
        assert_eq!(stage.sent("PUT"), 0, "{version:?}");
        assert!(stage.flows()[0].nodes[0]["notes"].as_u64() > Some(1));
    }
}

#[tokio::test]
async fn one_that_is_changed_right_after_is_a_conflict() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        let flow = stage.flow(true);
        let edited = flow.clone();
        stage.fake.state().meddling = Some(Box::new(move |n8n, request| {
            if request.method == "PUT" {
                n8n.edit(&edited, false, |flow| {
                    flow.nodes[1]["credentials"] = json!({});
                });
            }
        }));
        let outcome = stage
            .apply(
                "k",
                openai(FIRST, 1),
                place(&flow),
                &[("provider", "openai")],
            )
            .await;
        assert_eq!(failure(outcome).code, "conflict", "{version:?}");
    }
}

#[tokio::test]
async fn what_somebody_has_not_published_is_not_published_for_him() {
    let stage = Stage::of(Version::V2_41_1).await;
    let flow = stage.flow(true);
    stage.fake.state().n8n.edit(&flow, true, |flow| {
        flow.nodes[0]["notes"] = "half done".into();
    });
    let outcome = stage
        .apply(
            "k",
            openai(FIRST, 1),
            place(&flow),
            &[("provider", "openai")],
        )
        .await;
    let failure = failure(outcome);
    assert_eq!(failure.code, "conflict");
    assert!(failure.message.contains("not published"), "{failure:?}");
    assert!(stage.credentials().is_empty());
    assert_eq!(stage.sent("PUT"), 0);
}

#[tokio::test]
async fn settings_that_may_not_be_sent_back_stay_as_they_are() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        let flow = stage.flow(true);
        stage.fake.state().n8n.edit(&flow, false, |flow| {
            flow.settings["binaryMode"] = "separate".into();
        });
        stage.applied(&flow, &[]).await;
        assert_eq!(stage.sent("PUT"), 2, "{version:?}");
        let flow = &stage.flows()[0];
        assert_eq!(flow.settings["binaryMode"], "separate");
        assert_eq!(flow.settings["executionOrder"], "v1");
    }
}

#[tokio::test]
async fn places_that_share_a_credential_share_its_header() {
    for version in Version::ALL {
        let stage = Stage::of(version).await;
        let (first, second) = (stage.flow(true), stage.flow(true));
        let apply = async |flow: &str, header: &str, options: &[(&str, &str)]| {
            let place = with(place(flow), &[("header", header)]);
            let options = [&[("provider", "openai")], options].concat();
            stage.apply("k", openai(FIRST, 1), place, &options).await
        };
        let receipt = answered(apply(&first, "X-Key", &[]).await);
        let id = receipt.external_id.clone().expect("an id");
        let options = [
            ("external-id", &*id),
            ("receipt:type", "httpHeaderAuth"),
            ("receipt:header", "X-Key"),
        ];
        let refused = failure(apply(&second, "X-Other", &options).await);
        assert_eq!(refused.code, "conflict", "{refused:?}");
        assert_eq!(stage.credentials()[0].data["name"], "X-Key", "{version:?}");
        answered(apply(&second, "X-Key", &options).await);
        // A refresh keeps it, whatever a place says.
        let context = stage.context("r", &[("provider", "openai"), ("external-id", &id)]);
        let places = vec![with(place(&first), &[("header", "X-Other")])];
        let refreshed = stage
            .plugin
            .refresh(context, openai(SECOND, 2), receipt, places);
        answered(refreshed.await);
        let stored = stage.credentials().pop().expect("it is there");
        assert_eq!(stored.data["name"], "X-Key", "{version:?}");
        assert_eq!(stored.data["value"], SECOND, "{version:?}");
    }
}
