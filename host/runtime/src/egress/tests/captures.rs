//! Rule 5: new secrets are taken out of answers as declared, and tell nothing of the old ones.

use http::HeaderValue;

use super::call::*;
use super::upstream::{Answer, Upstream, answer};
use crate::egress::{
    Capture, EgressRules, FailureCode, InboundResponse, OutboundRequest, WantedSource,
};
use crate::manifest::{CaptureRule, CaptureSource};

const KEY: &str = "sk-proj-the-secret-of-before";
const NEW: &str = "sk-new-\"0123456789\"/x";

fn pointer(text: &str) -> CaptureSource {
    CaptureSource::JsonPointer(text.to_owned())
}

fn pattern(text: &str) -> CaptureSource {
    CaptureSource::Pattern(text.to_owned().try_into().expect("a pattern"))
}

fn rule(name: &str, source: CaptureSource) -> CaptureRule {
    let declared = place(API, "POST", "/v1/keys", "path");
    CaptureRule {
        name: name.to_owned(),
        origin: declared.origin,
        methods: declared.methods,
        path_prefix: declared.path_prefix,
        source,
        places: Vec::new(),
    }
}

fn with_captures(upstream: &Upstream, sources: &[(&str, CaptureSource)]) -> EgressRules {
    let captures = sources
        .iter()
        .map(|(name, source)| rule(name, source.clone()))
        .collect();
    EgressRules {
        captures,
        ..rules(upstream, upstream)
    }
}

fn asking(url: &str, sources: &[(&str, CaptureSource)]) -> OutboundRequest {
    let captures = sources.iter().map(|(name, source)| Capture {
        name: (*name).to_owned(),
        source: match source.clone() {
            CaptureSource::JsonPointer(pointer) => WantedSource::JsonPointer(pointer),
            CaptureSource::Pattern(pattern) => WantedSource::Pattern(pattern.as_str().to_owned()),
            CaptureSource::Header(name) => WantedSource::Header(name),
        },
    });
    OutboundRequest {
        captures: captures.collect(),
        ..post(url, "application/json", "{}")
    }
}

async fn capture(
    sources: &[(&str, CaptureSource)],
    handle: impl Fn() -> Answer + Send + Sync + 'static,
) -> (Call, InboundResponse) {
    let upstream = Upstream::start(move |_| handle()).await;
    let mut call = Call::with(
        with_captures(&upstream, sources),
        &credential("api_key", KEY),
    );
    let answered = call
        .send(asking(&format!("{API}/v1/keys"), sources))
        .await
        .expect("an answer");
    (call, answered)
}

#[tokio::test]
async fn by_pointer_pattern_and_header_it_leaves_a_stand_in_everywhere() {
    let sources = [
        ("token", pointer("/data/0/key")),
        ("word", pattern(r#""hint":"([a-z0-9-]+)""#)),
        ("cookie", CaptureSource::Header("x-session".to_owned())),
    ];
    let (call, answered) = capture(&sources, || {
        let body = serde_json::json!({"data": [{"key": NEW}], "again": format!("<{NEW}>"), "hint": "hint-0123456789"});
        let mut answer = answer(201, body.to_string());
        answer.headers_mut().insert("x-session", HeaderValue::from_static("session-0123456789"));
        answer.headers_mut().insert("x-again", HeaderValue::from_static("is session-0123456789"));
        answer.headers_mut().insert("etag", HeaderValue::from_static("1"));
        answer
    })
    .await;
    assert_eq!(answered.details, []);
    let names: Vec<&str> = answered
        .captured
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["token", "word", "cookie"]);
    let secret = |name: usize| {
        call.session
            .captured(&answered.captured[name].1)
            .and_then(|s| s.expose_str())
    };
    assert_eq!(
        [secret(0), secret(1), secret(2)],
        [
            Some(NEW),
            Some("hint-0123456789"),
            Some("session-0123456789")
        ]
    );

    let stand_in = |at: usize| answered.captured[at].1.clone();
    let body: serde_json::Value = serde_json::from_slice(&answered.body).expect("still JSON");
    assert_eq!(body["data"][0]["key"], stand_in(0));
    assert_eq!(body["again"], format!("<{}>", stand_in(0)));
    assert_eq!(body["hint"], stand_in(1));
    let header = |name: &str| {
        answered
            .headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.clone())
    };
    assert_eq!(header("x-session"), Some(stand_in(2)));
    assert_eq!(header("x-again"), Some(format!("is {}", stand_in(2))));
    assert_eq!(header("etag"), None);
    assert_eq!(call.session.scrub(NEW), stand_in(0));
}

#[tokio::test]
async fn what_is_captured_can_be_returned_and_not_sent() {
    let sources = [("token", pointer("/key"))];
    let (mut call, answered) = capture(&sources, || {
        answer(200, format!("{{\"key\":\"{KEY}-new\"}}"))
    })
    .await;
    // The old secret is a part of the new value, and was taken out before.
    assert_eq!(answered.captured, []);
    assert!(
        answered.details[0].1.contains("had before"),
        "{:?}",
        answered.details
    );
    assert_eq!(
        answered.body,
        format!("{{\"key\":\"{}-new\"}}", call.stand_in).into_bytes()
    );

    let (call_with, answered) =
        capture(&sources, || answer(200, r#"{"key":"brand-new-secret"}"#)).await;
    call = call_with;
    let stand_in = answered.captured[0].1.clone();
    let request = with_header(get(format!("{API}/v1/models")), "x-api-key", stand_in);
    assert_eq!(
        call.send(request).await.expect_err("a denial").code,
        FailureCode::Denied
    );
}

#[tokio::test]
async fn a_pattern_tells_nothing_of_a_stored_secret() {
    let sources = [
        ("a", pattern(r"key=(sk-proj-the-secret-of-b[a-m]fore)")),
        ("b", pattern(r"key=([a-z-]{28})")),
        ("c", pattern(r"(key=.*)")),
    ];
    let (call, answered) = capture(&sources, || answer(200, format!("key={KEY}"))).await;
    assert_eq!(answered.captured, []);
    assert_eq!(answered.details.len(), 3);
    assert_eq!(answered.body, format!("key={}", call.stand_in).into_bytes());
}

#[tokio::test]
async fn short_values_other_types_and_failures_are_not_captured() {
    let sources = [
        ("short", pointer("/short")),
        ("number", pointer("/number")),
        ("missing", pointer("/missing")),
        ("pattern", pattern("(nothing)-matches")),
        ("header", CaptureSource::Header("x-missing".to_owned())),
    ];
    let (_, answered) = capture(&sources, || {
        answer(200, r#"{"short":"1234567","number":123456789}"#)
    })
    .await;
    assert_eq!(answered.captured, []);
    assert_eq!(answered.details.len(), 5, "{:?}", answered.details);

    let (_, answered) = capture(&[("token", pointer("/key"))], || {
        answer(403, r#"{"key":"brand-new-secret"}"#)
    })
    .await;
    assert_eq!(answered.captured, []);
    assert!(
        answered.details[0].1.contains("2xx"),
        "{:?}",
        answered.details
    );
}

#[tokio::test]
async fn one_value_has_one_stand_in() {
    let sources = [
        ("one", pointer("/key")),
        ("two", pattern(r#""key":"([^"]+)""#)),
    ];
    let (_, answered) = capture(&sources, || answer(200, r#"{"key":"brand-new-secret"}"#)).await;
    assert_eq!(answered.captured.len(), 2);
    assert_eq!(answered.captured[0].1, answered.captured[1].1);
}

#[tokio::test]
async fn only_what_is_declared_is_captured() {
    let upstream = Upstream::start(|_| answer(200, r#"{"key":"brand-new-secret"}"#)).await;
    let declared = [("token", pointer("/key"))];
    let mut call = Call::with(
        with_captures(&upstream, &declared),
        &credential("api_key", KEY),
    );
    let keys = format!("{API}/v1/keys");
    for request in [
        asking(&keys, &[("other", pointer("/key"))]),
        asking(&keys, &[("token", pointer("/other"))]),
        asking(&keys, &[("token", pattern("(.*)"))]),
        asking(&keys, &[("token", CaptureSource::Header("key".to_owned()))]),
        asking(&format!("{API}/v1/other"), &declared),
        asking(&format!("{API}/v1/keys/%2e%2e/other"), &declared),
        asking(&format!("{API}/v1/keys/..%2fother"), &declared),
        asking(&format!("{OTHER}/v1/keys"), &declared),
        OutboundRequest {
            method: "GET".to_owned(),
            body: None,
            ..asking(&keys, &declared)
        },
    ] {
        let told = format!("{request:?}");
        assert_eq!(
            call.send(request).await.expect_err(&told).code,
            FailureCode::Denied,
            "{told}"
        );
    }
    let nine: Vec<_> = (0..9).map(|_| ("token", pointer("/key"))).collect();
    assert_eq!(
        call.send(asking(&keys, &nine))
            .await
            .expect_err("too many")
            .code,
        FailureCode::InvalidInput
    );
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn a_call_takes_only_so_many() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let count = AtomicUsize::new(0);
    let upstream = Upstream::start(move |_| {
        answer(
            200,
            format!(
                "{{\"key\":\"brand-new-{:03}\"}}",
                count.fetch_add(1, Ordering::SeqCst)
            ),
        )
    })
    .await;
    let declared = [("token", pointer("/key"))];
    let mut call = Call::with(
        with_captures(&upstream, &declared),
        &credential("api_key", KEY),
    );
    let mut captured = 0;
    for _ in 0..70 {
        let answered = call
            .send(asking(&format!("{API}/v1/keys"), &declared))
            .await
            .expect("an answer");
        captured += answered.captured.len();
    }
    assert_eq!(captured, 32);
}
