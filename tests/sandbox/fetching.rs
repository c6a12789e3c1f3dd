//! What goes through `wasi:http` goes the way of everything else: the host's own HTTP, and the same rules.

use std::time::{Duration, Instant};

use claviger_runtime::{CallError, CallOutcome, Report};
use claviger_test_guests::FETCHER;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::stage::{
    Names, SECRET, Stage, UPSTREAM, assert_nothing_leaked, context, detail, has_stand_in, load,
    runtime, said, scripted,
};
use super::support::trace::Canary;
use super::support::upstream::{Reply, Upstream};

const FRESH: &str = "fresh-token-4f6a8b0c2d4e6f80";

/// One request by itself, called `one`.
async fn one(stage: &Stage, mut step: Value) -> CallOutcome<Report> {
    step["name"] = "one".into();
    stage.script(json!([[step]])).await
}

#[tokio::test]
async fn a_stand_in_is_replaced_where_the_secret_goes() {
    let stage = Stage::answering(FETCHER, |request| {
        // As an echo would have it.
        let seen = request.header("authorization").unwrap_or_default();
        Reply::json(200, &json!({"seen": seen})).header("x-seen", seen)
    })
    .await;
    let headers = json!([["authorization", "Bearer {secret}"], ["x-plain", "plain"]]);
    let outcome = one(
        &stage,
        json!({"method": "POST", "url": "https://upstream.example/header?a=b", "headers": headers, "body": "{}"}),
    )
    .await;
    assert_eq!(detail(&outcome, "one.status"), "200");
    let request = stage.upstream.only_request();
    assert_eq!(
        request.header("authorization"),
        Some(&*format!("Bearer {SECRET}"))
    );
    assert_eq!(request.header("x-plain"), Some("plain"));
    assert_eq!(request.header("content-length"), Some("2"));
    assert_eq!(
        (&*request.target, &*request.body),
        ("/header?a=b", &b"{}"[..])
    );
    assert!(has_stand_in(&detail(&outcome, "one.body")));
    assert!(has_stand_in(&detail(&outcome, "one.header.x-seen")));
    assert!(outcome.evidence.subject_sent);
    assert_nothing_leaked(&outcome);
}

#[tokio::test]
async fn every_place_works_and_no_other() {
    let stage = Stage::of(FETCHER).await;
    let json_body = json!({"auth": {"key": "{secret}"}}).to_string();
    let typed = |kind: &str| json!([["content-type", kind]]);
    for step in [
        json!({"url": "https://upstream.example/query?key={secret}"}),
        json!({"url": "https://upstream.example/path/{secret}"}),
        json!({"url": "https://upstream.example/basic", "headers": [["authorization", "Basic {secret|basic}"]]}),
        json!({"url": "https://upstream.example/json", "method": "POST", "headers": typed("application/json"), "body": json_body}),
        json!({"url": "https://upstream.example/form", "method": "POST",
            "headers": typed("application/x-www-form-urlencoded"), "body": "key={secret}"}),
    ] {
        let outcome = one(&stage, step.clone()).await;
        assert_eq!(detail(&outcome, "one.status"), "200", "{step}");
        assert!(outcome.evidence.subject_sent, "{step}");
        assert_nothing_leaked(&outcome);
    }
    stage.upstream.forget();
    for step in [
        json!({"url": "https://upstream.example/elsewhere", "headers": [["authorization", "{secret}"]]}),
        json!({"url": "https://upstream.example/header", "headers": [["x-other", "{secret}"]]}),
        json!({"url": "https://upstream.example/header", "headers": [["accept-encoding", "{secret}"]]}),
        json!({"url": "https://upstream.example/header", "headers": [["{secret}", "a"]]}),
        json!({"url": "https://upstream.example/header?key={secret}"}),
        json!({"url": "https://upstream.example/header", "method": "POST", "body": "{secret}"}),
        json!({"url": "https://upstream.example/header", "headers": [["authorization", "{nowhere}"]]}),
        json!({"url": "https://evil.example/header"}),
        json!({"url": "http://upstream.example/header"}),
        json!({"url": "https://upstream.example:444/header"}),
    ] {
        let outcome = one(&stage, step.clone()).await;
        assert_eq!(
            detail(&outcome, "one.failure"),
            "ErrorCode::HttpRequestDenied",
            "{step}"
        );
        assert_eq!(outcome.evidence.denials.len(), 1, "{step}");
        assert!(!outcome.evidence.subject_sent, "{step}");
        assert_nothing_leaked(&outcome);
    }
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn captures_are_asked_for_in_a_header() {
    let stage = Stage::answering(FETCHER, |_| {
        let body = json!({"token": FRESH, "keys": [{"value": "nested-token-11223344"}]});
        Reply::json(200, &body)
            .header("x-new-token", "header-token-99aabbcc")
            .header("claviger-captured", "token=of-the-provider")
    })
    .await;
    let captures = json!([
        ["claviger-capture", "token, nested"],
        ["claviger-capture", "header=header:x-new-token"],
        ["claviger-capture", "matched=pattern:<token>([^<]+)</token>"]
    ]);
    let again = json!([["authorization", "Bearer {captured.token}"]]);
    let outcome = stage
        .script(json!([
            [{"name": "one", "url": "https://upstream.example/capture", "headers": captures}],
            [{"name": "two", "url": "https://upstream.example/capture", "headers": again}]
        ]))
        .await;
    let body: Value = serde_json::from_str(&detail(&outcome, "one.body")).expect("JSON still");
    assert_eq!(body["token"], detail(&outcome, "one.captured.token"));
    assert_eq!(
        body["keys"][0]["value"],
        detail(&outcome, "one.captured.nested")
    );
    assert_eq!(
        detail(&outcome, "one.header.x-new-token"),
        detail(&outcome, "one.captured.header")
    );
    assert!(has_stand_in(&detail(&outcome, "one.captured.token")));
    assert!(
        detail(&outcome, "one.header.claviger-not-captured").starts_with("matched=not captured"),
        "{}",
        said(&outcome)
    );
    for secret in [FRESH, "nested-token-11223344", "header-token-99aabbcc"] {
        Canary::new(secret).assert_absent(said(&outcome).as_bytes(), "the outcome");
    }
    let request = stage.upstream.only_request();
    assert!(request.header("claviger-capture").is_none());
    // As with the host's own HTTP, what is captured goes to the host and to nobody else.
    assert_eq!(
        detail(&outcome, "two.failure"),
        "ErrorCode::HttpRequestDenied"
    );
}

#[tokio::test]
async fn captures_only_as_declared() {
    let stage = Stage::of(FETCHER).await;
    for (path, capture) in [
        ("/capture", "undeclared"),
        ("/capture", "token=json-pointer:/other"),
        ("/elsewhere", "token"),
    ] {
        let url = format!("{UPSTREAM}{path}");
        let step = json!({"url": url, "headers": [["claviger-capture", capture]]});
        let outcome = one(&stage, step).await;
        assert_eq!(
            detail(&outcome, "one.failure"),
            "ErrorCode::HttpRequestDenied",
            "{capture}"
        );
        assert_eq!(outcome.evidence.denials.len(), 1);
    }
    let step = json!({"url": "https://upstream.example/capture", "headers": [["claviger-capture", "token=xpath:/a"]]});
    let told = detail(&one(&stage, step).await, "one.failure");
    assert!(
        told.contains("InternalError") && told.contains("claviger-capture"),
        "{told}"
    );
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn bodies_are_as_large_as_they_may_be() {
    let stage = Stage::answering(FETCHER, |request| {
        let size = if request.path() == "/long" {
            (4 << 20) + 1
        } else {
            4 << 20
        };
        Reply::body(200, "text/plain", vec![b'y'; size])
    })
    .await;
    let full = 1 << 20;
    let outcome = one(
        &stage,
        json!({"url": "https://upstream.example/full", "method": "POST", "filler": full}),
    )
    .await;
    assert_eq!(detail(&outcome, "one.size"), (4 << 20).to_string());
    assert_eq!(stage.upstream.only_request().body.len(), full);
    let outcome = one(
        &stage,
        json!({"url": "https://upstream.example/full", "method": "POST", "filler": full + 1}),
    )
    .await;
    let told = detail(&outcome, "one.failure");
    assert!(told.contains("HttpRequestBodySize"), "{told}");
    assert_eq!(stage.upstream.requests().len(), 1, "it didn't leave");
    let outcome = one(&stage, json!({"url": "https://upstream.example/long"})).await;
    let told = detail(&outcome, "one.failure");
    assert!(told.contains("HttpResponseBodySize"), "{told}");
}

#[tokio::test]
async fn unread_answers_are_bounded() {
    let stage = Stage::answering(FETCHER, |request| {
        let answer = Reply::body(200, "text/plain", vec![b'y'; 4 << 20]);
        if request.path() == "/late" {
            answer.after(Duration::from_secs(2))
        } else {
            answer
        }
    })
    .await;
    // They are answered, and given up only once the last one has its answer.
    let unread = |number: usize| json!({"name": format!("n{number}"), "url": "https://upstream.example/", "give-up": true});
    let late = |name: &str| json!({"name": name, "url": "https://upstream.example/late"});
    let group: Vec<Value> = (0..4).map(unread).chain([late("one")]).collect();
    let outcome = stage.script(json!([group, [late("two")]])).await;
    let told = detail(&outcome, "one.failure");
    assert!(told.contains("HttpResponseBodySize"), "{told}");
    assert_eq!(detail(&outcome, "two.size"), (4 << 20).to_string());
}

#[tokio::test]
async fn several_requests_are_under_way_at_a_time() {
    let stage = Stage::answering(FETCHER, |request| {
        let token = format!("{FRESH}{}", request.path());
        Reply::json(200, &json!({"path": request.path(), "token": token}))
            .after(Duration::from_millis(300))
    })
    .await;
    let group: Vec<Value> = (0..6)
        .map(|number| {
            json!({"name": format!("n{number}"), "url": format!("https://upstream.example/capture/{number}"),
                "headers": [["authorization", "{secret}"], ["claviger-capture", "token"]]})
        })
        .collect();
    let began = Instant::now();
    let outcome = stage.script(json!([group])).await;
    let took = began.elapsed();
    for number in 0..6 {
        let body = detail(&outcome, &format!("n{number}.body"));
        assert!(body.contains(&format!("/capture/{number}")), "{body}");
        let stand_in = detail(&outcome, &format!("n{number}.captured.token"));
        assert!(body.contains(&stand_in), "{body}");
    }
    assert!(
        took < Duration::from_millis(6 * 300),
        "one after the other: {took:?}"
    );
    assert_nothing_leaked(&outcome);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let trap = Upstream::start(|_| Reply::body(200, "text/plain", "caught")).await;
    let location = trap.origin();
    let stage = Stage::answering(FETCHER, move |_| {
        Reply::body(302, "text/plain", "").header("location", &location)
    })
    .await;
    let outcome = one(&stage, json!({"url": "https://upstream.example/header"})).await;
    assert_eq!(detail(&outcome, "one.status"), "302");
    assert_eq!(trap.connections(), 0);
}

#[tokio::test]
async fn a_call_sends_a_hundred_requests() {
    let stage = Stage::of(FETCHER).await;
    let step =
        |number: usize| json!({"name": format!("n{number}"), "url": "https://upstream.example/"});
    for together in [false, true] {
        stage.upstream.forget();
        let steps = (0..1000).map(step);
        let script: Vec<Value> = if together {
            vec![steps.collect()]
        } else {
            steps.map(|step| json!([step])).collect()
        };
        let outcome = stage.script(json!(script)).await;
        assert_eq!(stage.upstream.requests().len(), 100, "{:?}", outcome.result);
        assert!(outcome.evidence.denials.len() <= 64);
    }
}

#[tokio::test]
async fn what_is_given_up_is_still_told() {
    let stage = Stage::answering(FETCHER, |request| {
        if request.path() == "/header/hangs" {
            Reply::Hang
        } else {
            Reply::json(200, &json!({})).after(Duration::from_millis(200))
        }
    })
    .await;
    let outcome = stage
        .script(json!([[
            {"name": "one", "url": "https://upstream.example/header/hangs", "headers": [["authorization", "{secret}"]],
                "give-up": true},
            {"name": "two", "url": "https://upstream.example/header/answers"}
        ]]))
        .await;
    assert_eq!(detail(&outcome, "two.status"), "200");
    assert!(
        outcome.evidence.subject_sent,
        "the secret left with what was given up"
    );

    // The guest's own patience.
    let outcome = one(
        &stage,
        json!({"url": "https://upstream.example/header/hangs", "timeout-ms": 100}),
    )
    .await;
    let told = detail(&outcome, "one.failure");
    assert!(told.contains("HttpResponseTimeout"), "{told}");
    assert!(!outcome.evidence.subject_sent);
}

#[tokio::test]
async fn a_call_ends_with_its_requests_under_way() {
    let stage = Stage::with(
        FETCHER,
        json!({"timeout": "300ms"}),
        Names::default(),
        |_| Reply::Hang,
    )
    .await;
    let step = |name: &str| json!({"name": name, "url": "https://upstream.example/header", "headers": [["authorization", "{secret}"]]});
    let script = json!([[step("one"), step("two")]]);
    let outcome = stage.script(script.clone()).await;
    match &outcome.result {
        Err(CallError::TimedOut { .. }) => {}
        // A request ends with the call, so the guest may still say so.
        Ok(_) => assert!(detail(&outcome, "one.failure").contains("Timeout")),
        Err(other) => panic!("{other}"),
    }
    assert!(outcome.evidence.subject_sent);

    // And with a caller that doesn't wait.
    let call = stage.plugin.validate(context(), scripted(&script));
    assert!(timeout(Duration::from_millis(100), call).await.is_err());
    assert_eq!(stage.runtime.statistics().live_calls, 0);
}

#[tokio::test]
async fn addresses_that_are_not_public_are_refused() {
    let trap = Upstream::start(|_| Reply::body(200, "text/plain", "caught")).await;
    let address = format!("127.0.0.1:{}", trap.port());
    let names = Names(
        [("second.example", address.parse().expect("an address"))]
            .into_iter()
            .collect(),
    );
    let plugin = load(&runtime(names), FETCHER, json!({}))
        .await
        .expect("it loads");
    let script = json!([[{"name": "one", "url": "https://second.example/"}],
        [{"name": "two", "url": "https://upstream.example/"}]]);
    let outcome = plugin.validate(context(), scripted(&script)).await;
    assert_eq!(
        detail(&outcome, "one.failure"),
        "ErrorCode::DestinationIpProhibited"
    );
    assert!(detail(&outcome, "two.failure").contains("DnsError"));
    assert_eq!(outcome.evidence.denials.len(), 1);
    assert_eq!(trap.connections(), 0);
}
