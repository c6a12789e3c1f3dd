//! A secret goes to its declared places, encoded as the place wants it, and nowhere else.

use base64::Engine as _;
use claviger_test_guests::SENDER;
use serde_json::{Value, json};

use super::stage::{SECRET, Stage, assert_nothing_leaked, context, detail, scripted};
use super::support::trace::Canary;
use super::support::upstream::Recorded;

/// What the upstream got at a position.
type Read = fn(&Recorded) -> Option<String>;

fn form(text: &str, name: &str) -> Option<String> {
    url::form_urlencoded::parse(text.as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

fn read_json(request: &Recorded, pointer: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(&request.body).ok()?;
    body.pointer(pointer)?.as_str().map(ToOwned::to_owned)
}

fn query(request: &Recorded) -> Option<String> {
    form(request.target.split_once('?')?.1, "key")
}

fn path_segment(request: &Recorded) -> Option<String> {
    let segment = request.path().split('/').nth(2)?;
    percent_decoded(segment)
}

fn percent_decoded(segment: &str) -> Option<String> {
    // In a path `+` is itself.
    form(&format!("x={}", segment.replace('+', "%2B")), "x")
}

fn basic(request: &Recorded) -> Option<String> {
    let encoded = request.header("authorization")?.strip_prefix("Basic ")?;
    let plain = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .ok()?;
    String::from_utf8(plain)
        .ok()?
        .strip_prefix("user:")
        .map(ToOwned::to_owned)
}

/// Each position: a step that puts the stand-in there, and how to read it there.
fn positions() -> Vec<(&'static str, Value, Read)> {
    let origin = "https://upstream.example";
    let of_json = json!([["content-type", "application/json"]]);
    let of_form = json!([["content-type", "application/x-www-form-urlencoded"]]);
    vec![
        (
            "header",
            json!({"url": format!("{origin}/header"), "headers": [["x-api-key", "{secret}"]]}),
            |request| request.header("x-api-key").map(ToOwned::to_owned),
        ),
        (
            "bearer",
            json!({"url": format!("{origin}/header/deep"), "headers": [["authorization", "Bearer {secret}"]]}),
            |request| {
                request
                    .header("authorization")?
                    .strip_prefix("Bearer ")
                    .map(ToOwned::to_owned)
            },
        ),
        (
            "query",
            json!({"url": format!("{origin}/query?a=b&key={{secret}}&c=d")}),
            query,
        ),
        (
            "json",
            json!({"method": "POST", "url": format!("{origin}/json"), "headers": of_json, "body": "{\"auth\": {\"key\": \"{secret}\"}, \"n\": 1}"}),
            |request| read_json(request, "/auth/key"),
        ),
        (
            "json list",
            json!({"method": "POST", "url": format!("{origin}/json"), "headers": of_json, "body": "{\"list\": [{}, {\"key\": \"{secret}\"}]}"}),
            |request| read_json(request, "/list/1/key"),
        ),
        (
            "form",
            json!({"method": "POST", "url": format!("{origin}/form"), "headers": of_form, "body": "a=b&key={secret}&c=d"}),
            |request| form(&request.text(), "key"),
        ),
        (
            "path",
            json!({"url": format!("{origin}/path/{{secret}}/rest")}),
            path_segment,
        ),
        (
            "basic",
            json!({"url": format!("{origin}/basic"), "headers": [["authorization", "Basic {secret|basic}"]]}),
            basic,
        ),
    ]
}

#[tokio::test]
async fn the_true_secret_arrives_at_each_declared_place_and_nowhere_else_in_the_request() {
    let stage = Stage::of(SENDER).await;
    for (name, step, read) in positions() {
        stage.upstream.forget();
        let outcome = stage.step(step).await;
        assert_eq!(
            detail(&outcome, "one.status"),
            "200",
            "{name}: {:?}",
            outcome.result
        );
        assert!(outcome.evidence.subject_sent, "{name}");
        assert!(
            outcome.evidence.denials.is_empty(),
            "{name}: {:?}",
            outcome.evidence
        );
        assert_nothing_leaked(&outcome);

        let request = stage.upstream.only_request();
        assert_eq!(
            read(&request).as_deref(),
            Some(SECRET),
            "{name}: {}",
            request.raw_text()
        );
        assert!(
            !super::stage::has_stand_in(&request.raw_text()),
            "{name}: {}",
            request.raw_text()
        );
        // Once, and no second time in any form.
        let (form, at, length) = Canary::new(SECRET)
            .found_in(&request.raw)
            .unwrap_or(("basic", 0, 0));
        let rest = &request.raw[at + length..];
        assert_eq!(
            Canary::new(SECRET).found_in(rest),
            None,
            "{name}, after it stood there {form}"
        );
    }
}

#[tokio::test]
async fn a_position_that_is_declared_for_one_path_is_none_at_another() {
    let stage = Stage::of(SENDER).await;
    let paths = [
        "/header",
        "/query",
        "/json",
        "/form",
        "/path",
        "/basic",
        "/elsewhere",
        "/header-not",
    ];
    for (name, step, _) in positions() {
        let url = step["url"].as_str().expect("a URL").to_owned();
        let own = url
            .split('/')
            .nth(3)
            .expect("a path")
            .split('?')
            .next()
            .expect("a segment")
            .to_owned();
        for path in paths.iter().filter(|path| path[1..] != own) {
            let mut moved = step.clone();
            moved["url"] = url.replacen(&format!("/{own}"), path, 1).into();
            let outcome = stage.step(moved).await;
            assert_eq!(
                detail(&outcome, "one.failure"),
                "denied",
                "{name} at {path}"
            );
            let said = detail(&outcome, "one.message");
            assert!(
                said.contains("secret") || said.contains("stand-in"),
                "{name} at {path}: {said}"
            );
            assert!(!outcome.evidence.subject_sent, "{name} at {path}");
            assert_eq!(outcome.evidence.denials.len(), 1, "{name} at {path}");
        }
    }
    assert!(
        stage.upstream.requests().is_empty(),
        "{:#?}",
        stage.upstream.requests()
    );
}

#[tokio::test]
async fn a_wrong_method_is_a_wrong_place() {
    let stage = Stage::of(SENDER).await;
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let outcome = stage
            .step(json!({"method": method, "url": "https://upstream.example/header", "headers": [["x-api-key", "{secret}"]]}))
            .await;
        assert_eq!(detail(&outcome, "one.failure"), "denied", "{method}");
    }
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn a_secret_stored_for_other_origins_does_not_go() {
    let stage = Stage::of(SENDER).await;
    let steps = json!([{"name": "one", "url": "https://upstream.example/header", "headers": [["x-api-key", "{secret}"]]}]);
    let mut subject = scripted(&steps);
    subject.origins = vec!["https://second.example".parse().expect("an origin")];
    let outcome = stage.plugin.validate(context(), subject).await;
    assert_eq!(detail(&outcome, "one.failure"), "denied");
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn a_secret_does_not_go_where_another_does() {
    let stage = Stage::of(SENDER).await;
    for (field, header) in [
        ("second", "authorization"),
        ("nowhere", "authorization"),
        ("nowhere", "x-api-key"),
        ("secret", "x-second"),
    ] {
        let headers = json!([[header, format!("{{{field}}}")]]);
        let outcome = stage
            .step(json!({"url": "https://upstream.example/header", "headers": headers}))
            .await;
        assert_eq!(
            detail(&outcome, "one.failure"),
            "denied",
            "{field} in {header}"
        );
    }
    assert!(stage.upstream.requests().is_empty());
    let headers = json!([["x-second", "{second}"], ["x-api-key", "{secret}"]]);
    let outcome = stage
        .step(json!({"url": "https://upstream.example/header", "headers": headers}))
        .await;
    assert_eq!(detail(&outcome, "one.status"), "200");
    let request = stage.upstream.only_request();
    assert_eq!(request.header("x-second"), Some("second-secret-0123456789"));
    assert_eq!(request.header("x-api-key"), Some(SECRET));
}

#[tokio::test]
async fn a_disguised_stand_in_is_denied_or_is_nothing() {
    let stage = Stage::of(SENDER).await;
    for disguise in ["base64", "reverse", "upper", "half"] {
        let word = format!("{{secret|{disguise}}}");
        for step in [
            json!({"url": "https://upstream.example/header", "headers": [["x-api-key", word]]}),
            json!({"url": format!("https://upstream.example/query?key={word}")}),
            json!({"method": "POST", "url": "https://upstream.example/json", "headers": [["content-type", "application/json"]], "body": format!("{{\"auth\": {{\"key\": \"{word}\"}}}}")}),
        ] {
            let outcome = stage.step(step).await;
            assert_nothing_leaked(&outcome);
        }
    }
    // Where it was no stand-in to the host any more it may have gone out as the text that it is; the secret never does.
    for request in stage.upstream.requests() {
        let at_its_place = request.path() == "/query" && query(&request).as_deref() == Some(SECRET);
        assert!(
            at_its_place || Canary::new(SECRET).found_in(&request.raw).is_none(),
            "{}",
            request.raw_text()
        );
    }
}

#[tokio::test]
async fn the_secret_is_not_spelt_out_inside_a_text() {
    let stage = Stage::of(SENDER).await;
    for step in [
        json!({"method": "POST", "url": "https://upstream.example/json", "headers": [["content-type", "application/json"]], "body": "{\"messages\": [\"{secret}\"], \"auth\": {\"key\": \"x\"}}"}),
        json!({"method": "POST", "url": "https://upstream.example/json", "headers": [["content-type", "application/json"]], "body": "{\"auth\": {\"{secret}\": \"key\"}}"}),
        json!({"method": "POST", "url": "https://upstream.example/json", "headers": [["content-type", "text/plain"]], "body": "{\"auth\": {\"key\": \"{secret}\"}}"}),
        json!({"method": "POST", "url": "https://upstream.example/json", "headers": [["content-type", "application/x-unknown"]], "body": "{\"auth\": {\"key\": \"{secret}\"}}"}),
        json!({"method": "POST", "url": "https://upstream.example/json", "body": "{\"auth\": {\"key\": \"{secret}\"}}"}),
        json!({"method": "POST", "url": "https://upstream.example/json", "headers": [["content-type", "application/json"]], "body": "{\"auth\": {\"key\": \"x\"}, \"auth\": {\"key\": \"{secret}\"}"}),
        json!({"url": "https://upstream.example/query?key=pre{secret}"}),
        json!({"url": "https://upstream.example/query?key=a&key={secret}"}),
        json!({"url": "https://upstream.example/path/pre{secret}"}),
    ] {
        let shown = step.to_string();
        let outcome = stage.step(step).await;
        let report = outcome.result.as_ref().expect("a report");
        let failure = report
            .details
            .iter()
            .find(|(key, _)| key == "one.failure")
            .map(|(_, code)| code.as_str());
        assert!(
            matches!(failure, Some("denied" | "invalid-input")),
            "{shown}: {report:?}\n{:#?}",
            stage.upstream.requests()
        );
    }
    assert!(
        stage.upstream.requests().is_empty(),
        "{:#?}",
        stage.upstream.requests()
    );
}

#[tokio::test]
async fn a_secret_with_a_line_break_does_not_split_a_header() {
    let stage = Stage::of(SENDER).await;
    for secret in [
        "first\r\nx-injected: yes",
        "first\nx-injected: yes",
        "nul\0byte-secret",
    ] {
        let steps = json!([{"name": "one", "url": "https://upstream.example/header", "headers": [["x-api-key", "{secret}"]]}]);
        let subject = super::stage::subject(
            "scripted",
            &[("secret", secret)],
            Some(("script", &steps.to_string())),
        );
        let outcome = stage.plugin.validate(context(), subject).await;
        assert_eq!(
            detail(&outcome, "one.failure"),
            "invalid-input",
            "{secret:?}"
        );
        assert!(!detail(&outcome, "one.message").contains("first"));
    }
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn the_host_s_own_headers_are_the_host_s() {
    let stage = Stage::of(SENDER).await;
    let headers = json!([
        ["host", "evil.example"],
        ["content-length", "7"],
        ["transfer-encoding", "chunked"],
        ["te", "trailers"],
        ["trailer", "x"],
        ["connection", "upgrade"],
        ["upgrade", "websocket"],
        ["expect", "100-continue"],
        ["proxy-authorization", "Basic eDp5"],
        ["range", "bytes=0-1"],
        ["accept-encoding", "gzip"],
        ["x-own", "kept"]
    ]);
    let outcome = stage
        .step(json!({"url": "https://upstream.example/anything", "headers": headers}))
        .await;
    assert_eq!(detail(&outcome, "one.status"), "200");
    let request = stage.upstream.only_request();
    assert_eq!(request.header("x-own"), Some("kept"));
    assert_eq!(request.header("accept-encoding"), Some("identity"));
    assert_ne!(request.header("host"), Some("evil.example"));
    for name in [
        "transfer-encoding",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "proxy-authorization",
        "range",
    ] {
        assert_eq!(request.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_template_means_the_origin_that_the_secret_was_stored_with() {
    let tenant = super::support::upstream::Upstream::start(|_| {
        super::support::upstream::Reply::body(200, "text/plain", "hello")
    })
    .await;
    let written = json!({"replace-origins": {"https://tenant.example": tenant.origin(), "https://other.example": tenant.origin()}});
    let stage = Stage::with(SENDER, written, super::stage::Names::default(), |_| {
        super::support::upstream::Reply::body(200, "text/plain", "")
    })
    .await;
    let headers = json!([["authorization", "{secret}"]]);
    let outcome = stage
        .step(json!({"url": "https://tenant.example/template", "headers": headers}))
        .await;
    assert_eq!(detail(&outcome, "one.status"), "200");
    assert_eq!(tenant.only_request().header("authorization"), Some(SECRET));
    // An origin of anyone else's is none.
    let outcome = stage
        .step(json!({"url": "https://other.example/template", "headers": headers}))
        .await;
    assert_eq!(detail(&outcome, "one.failure"), "denied");
    assert_eq!(tenant.requests().len(), 1);
}
