//! New secrets are taken out of an answer before the plugin sees it, as its manifest declares, and tell nothing.

use claviger_test_guests::SENDER;
use serde_json::{Value, json};

use super::stage::{SECRET, Stage, assert_nothing_leaked, detail, has_stand_in, said};
use super::support::trace::Canary;
use super::support::upstream::Reply;

const FRESH: &str = "fresh-token-4f6a8b0c2d4e6f80";

fn answer(status: u16) -> Reply {
    let body = json!({"token": FRESH, "keys": [{"value": "nested-token-11223344"}], "again": FRESH, "plain": "<token>matched-token-55667788</token>"});
    Reply::json(status, &body).header("x-new-token", "header-token-99aabbcc")
}

fn all() -> Value {
    json!([
        ["token", "json-pointer", "/token"],
        ["nested", "json-pointer", "/keys/0/value"],
        ["matched", "pattern", "<token>([^<]+)</token>"],
        ["header", "header", "x-new-token"]
    ])
}

#[tokio::test]
async fn by_pointer_pattern_and_header() {
    let stage = Stage::answering(SENDER, |_| answer(200)).await;
    let outcome = stage
        .step(json!({"url": "https://upstream.example/capture", "captures": all()}))
        .await;
    let said = said(&outcome);
    for name in ["token", "nested", "matched", "header"] {
        assert!(
            has_stand_in(&detail(&outcome, &format!("one.captured.{name}"))),
            "{name}: {said}"
        );
    }
    for secret in [
        FRESH,
        "nested-token-11223344",
        "matched-token-55667788",
        "header-token-99aabbcc",
    ] {
        Canary::new(secret).assert_absent(said.as_bytes(), "the outcome");
    }
    // All of its occurrences are the same word.
    let body: Value = serde_json::from_str(&detail(&outcome, "one.body")).expect("JSON still");
    assert_eq!(body["token"], detail(&outcome, "one.captured.token"));
    assert_eq!(body["again"], body["token"]);
}

#[tokio::test]
async fn only_from_answers_that_say_yes() {
    for status in [199_u16, 302, 400, 401, 500]
        .into_iter()
        .filter(|status| *status >= 200)
    {
        let stage = Stage::answering(SENDER, move |_| answer(status)).await;
        let outcome = stage
            .step(json!({"url": "https://upstream.example/capture", "captures": all()}))
            .await;
        let report = outcome.result.as_ref().expect("a report");
        assert!(
            report
                .details
                .iter()
                .all(|(key, _)| !key.starts_with("one.captured.")),
            "{status}: {report:?}"
        );
    }
}

#[tokio::test]
async fn only_as_declared() {
    let stage = Stage::answering(SENDER, |_| answer(200)).await;
    for (url, capture) in [
        ("/capture", json!(["undeclared", "json-pointer", "/token"])),
        ("/capture", json!(["token", "json-pointer", "/again"])),
        ("/capture", json!(["token", "header", "x-new-token"])),
        (
            "/capture",
            json!(["matched", "pattern", "<token>(m[^<]+)</token>"]),
        ),
        ("/elsewhere", json!(["token", "json-pointer", "/token"])),
        ("/capture-not", json!(["token", "json-pointer", "/token"])),
    ] {
        let outcome = stage
            .step(json!({"url": format!("https://upstream.example{url}"), "captures": [capture]}))
            .await;
        assert_eq!(
            detail(&outcome, "one.failure"),
            "denied",
            "{capture} at {url}"
        );
    }
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn can_not_be_used_to_guess_at_a_stored_secret() {
    // The upstream echoes the stored secret where captures look.
    let echo = json!({"token": SECRET, "keys": [{"value": format!("x{SECRET}")}], "plain": format!("<token>{SECRET}</token>")});
    let stage = Stage::answering(SENDER, move |_| {
        Reply::json(200, &echo).header("x-new-token", SECRET)
    })
    .await;
    let outcome = stage
        .step(json!({"url": "https://upstream.example/capture", "headers": [["authorization", "{secret}"]], "captures": all()}))
        .await;
    assert_nothing_leaked(&outcome);
    let report = outcome.result.as_ref().expect("a report");
    assert!(
        report
            .details
            .iter()
            .all(|(key, _)| !key.starts_with("one.captured.")),
        "{report:?}"
    );
}

#[tokio::test]
async fn a_captured_secret_is_not_sent_to_anyone() {
    let stage = Stage::answering(SENDER, |_| answer(200)).await;
    let steps = json!([
        {"name": "one", "url": "https://upstream.example/capture", "captures": [["token", "json-pointer", "/token"]]},
        {"name": "two", "url": "https://upstream.example/capture", "headers": [["authorization", "{captured.token}"]]},
        {"name": "three", "url": "https://upstream.example/query?key={captured.token}"},
        {"name": "four", "url": "https://second.example/header", "headers": [["authorization", "{captured.token}"]]}
    ]);
    let outcome = stage.script(steps).await;
    assert!(has_stand_in(&detail(&outcome, "one.captured.token")));
    for step in ["two", "three", "four"] {
        assert_eq!(
            detail(&outcome, &format!("{step}.failure")),
            "denied",
            "{step}"
        );
    }
    assert_eq!(stage.upstream.requests().len(), 1);
}

#[tokio::test]
async fn what_is_captured_is_scrubbed_from_later_answers() {
    let stage = Stage::answering(SENDER, |request| {
        if request.path() == "/capture" {
            answer(200)
        } else {
            Reply::body(200, "text/plain", format!("still {FRESH}"))
        }
    })
    .await;
    let steps = json!([
        {"name": "one", "url": "https://upstream.example/capture", "captures": [["token", "json-pointer", "/token"]]},
        {"name": "two", "url": "https://upstream.example/again"}
    ]);
    let outcome = stage.script(steps).await;
    assert!(
        has_stand_in(&detail(&outcome, "two.body")),
        "{}",
        said(&outcome)
    );
    Canary::new(FRESH).assert_absent(said(&outcome).as_bytes(), "the outcome");
}
