//! What plugins can do beyond validating: new secrets reach the host and never the guest, careless answers are refused,
//! and what an operation is about goes where it was declared and nowhere else.

use std::fmt::Write as _;
use std::time::Duration;

use claviger_runtime::outcome::Entry;
use claviger_runtime::{
    CallContext, CallError, CallOutcome, Field, FieldValue, IssueRequest, Issued, Place, Receipt,
    Replacement, Revocation, Secret, Subject,
};
use claviger_test_guests::{ALL_ROUNDER, ECHO};
use serde_json::{Value, json};

use super::stage::{SECRET, Stage, UPSTREAM, context, has_stand_in, subject};
use super::support::trace::Canary;
use super::support::upstream::{Recorded, Reply};

const FRESH: &str = "fresh-token-4f6a8b0c2d4e6f80";
const SECOND: &str = "second-secret-0123456789";

/// Answers with a new secret below `/create`, and is content elsewhere.
fn minting(request: &Recorded) -> Reply {
    if request.path().starts_with("/create") {
        let body = json!({"token": FRESH, "again": FRESH, "id": "k-1"});
        Reply::json(200, &body)
    } else {
        Reply::json(200, &json!({"fine": true}))
    }
}

async fn stage() -> Stage {
    Stage::answering(ALL_ROUNDER, minting).await
}

fn scripted(secret: &str, script: &Value) -> Subject {
    let secrets = [("secret", secret), ("second", SECOND)];
    let mut subject = subject("scripted", &secrets, Some(("script", &script.to_string())));
    subject.fields.push(Field {
        name: "base_url".to_owned(),
        value: FieldValue::Text("https://tenant.example".to_owned()),
    });
    subject
}

/// A step that has a new secret captured.
fn mint() -> Value {
    json!({"name": "mint", "method": "POST", "url": "https://upstream.example/create", "captures": [
        ["token", "json-pointer", "/token"], ["secret", "json-pointer", "/again"]
    ]})
}

/// A step that sends what is in the text in the authorization header.
fn sending(method: &str, path: &str, text: &str) -> Value {
    json!({"name": "one", "method": method, "url": format!("{UPSTREAM}{path}"), "headers": [["authorization", text]]})
}

async fn create(stage: &Stage, answer: Value) -> CallOutcome<Replacement> {
    let script = json!({"steps": [mint()], "answer": answer});
    let subject = scripted(SECRET, &script);
    stage.plugin.create(context(), subject).await
}

async fn issue(stage: &Stage, answer: Value, scopes: &[&str]) -> CallOutcome<Issued> {
    let script = json!({"steps": [mint()], "answer": answer});
    let request = IssueRequest {
        ttl: Duration::from_millis(90_500),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        parameters: Vec::new(),
    };
    let root = scripted(SECRET, &script);
    stage.plugin.issue(context(), root, request).await
}

#[track_caller]
fn answered<T>(outcome: CallOutcome<T>) -> T {
    outcome.result.unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn error<T>(outcome: CallOutcome<T>) -> CallError {
    let Err(error) = outcome.result else {
        panic!("it was accepted");
    };
    error
}

/// Fails unless the answer is refused, with a reason that names the part and holds no secret.
#[track_caller]
fn refused<T>(outcome: CallOutcome<T>, part: &str) {
    let error = error(outcome);
    assert!(
        matches!(error, CallError::InvalidResult { .. }),
        "{part}: {error}"
    );
    let told = error.to_string();
    assert!(told.contains(part), "{part}: {told}");
    for secret in [FRESH, SECOND, SECRET] {
        Canary::new(secret).assert_absent(told.as_bytes(), "the refusal");
    }
}

fn field<'f>(fields: &'f [Field], name: &str) -> &'f FieldValue {
    let found = fields.iter().find(|field| field.name == name);
    &found.unwrap_or_else(|| panic!("no field {name}")).value
}

#[track_caller]
fn assert_secret(fields: &[Field], name: &str, expected: &str) {
    let FieldValue::Secret(secret) = field(fields, name) else {
        panic!("{name} is text");
    };
    assert_eq!(secret.expose_str(), Some(expected), "{name}");
}

/// All that the guest could show of what it saw.
fn shown(details: &[(String, String)]) -> String {
    details
        .iter()
        .fold(String::new(), |mut text, (key, value)| {
            writeln!(text, "{key}: {value}").expect("a string takes it");
            text
        })
}

#[tokio::test]
async fn a_new_secret_reaches_the_host_and_not_the_guest() {
    let stage = stage().await;
    let answer = json!({
        "fields": [["secret", "{captured.token}"], ["second", "{second}"], ["note", "made today"]],
        "external-id": "k-1", "handle": "{\"id\":\"k-1\"}", "expires-at-ms": 1_900_000_000_000_u64,
        "details": [["seen", "{captured.token} {secret}"]]
    });
    let outcome = create(&stage, answer).await;
    assert!(!outcome.evidence.subject_sent);
    let replacement = answered(outcome);
    assert_secret(&replacement.fields, "secret", FRESH);
    assert_secret(&replacement.fields, "second", SECOND);
    assert!(
        matches!(field(&replacement.fields, "note"), FieldValue::Text(text) if text == "made today")
    );
    assert_eq!(replacement.fields.len(), 3);
    assert_eq!(replacement.external_id.as_deref(), Some("k-1"));
    assert_eq!(replacement.handle.as_deref(), Some("{\"id\":\"k-1\"}"));
    assert_eq!(replacement.expires_at_ms, Some(1_900_000_000_000));
    let shown = shown(&replacement.details);
    assert!(has_stand_in(&shown), "{shown}");
    for secret in [FRESH, SECOND, SECRET] {
        Canary::new(secret).assert_absent(shown.as_bytes(), "the details");
    }
}

#[tokio::test]
async fn a_careless_replacement_is_refused() {
    let stage = stage().await;
    let good = |name: &str| match name {
        "secret" => json!(["secret", "{captured.token}"]),
        _ => json!(["second", "{second}"]),
    };
    for (fields, part) in [
        // Not a stand-in of a capture, or not the whole value.
        (
            json!([["secret", "a-new-secret-in-the-open"], good("second")]),
            "fields.secret",
        ),
        (
            json!([["secret", "Bearer {captured.token}"], good("second")]),
            "fields.secret",
        ),
        (
            json!([["secret", "{captured.token|upper}"], good("second")]),
            "fields.secret",
        ),
        (
            json!([["secret", "{second}"], good("second")]),
            "fields.secret",
        ),
        (json!([["secret", ""], good("second")]), "fields.secret"),
        // A secret passed off as text, or in text.
        (
            json!([good("secret"), good("second"), ["note", "{captured.token}"]]),
            "fields.note",
        ),
        (
            json!([good("secret"), good("second"), ["note", "key {secret}"]]),
            "fields.note",
        ),
        (
            json!([
                good("secret"),
                good("second"),
                ["note", "{captured.token|base64}"]
            ]),
            "fields.note",
        ),
        // Where secrets go is fixed.
        (
            json!([
                good("secret"),
                good("second"),
                ["base_url", "https://evil.example"]
            ]),
            "fields.base_url",
        ),
        // Not the kind's fields.
        (json!([good("secret")]), "fields.second"),
        (json!([good("second")]), "fields.secret"),
        (
            json!([good("secret"), good("secret"), good("second")]),
            "fields.secret",
        ),
        (
            json!([good("secret"), good("second"), ["other", "text"]]),
            "fields.other",
        ),
        (
            json!([["secret", "{secret}"], good("second")]),
            "no new secret",
        ),
        (json!([]), "fields.secret"),
    ] {
        let answer = json!({"fields": fields});
        refused(create(&stage, answer).await, part);
    }
    for (part, value) in [
        ("handle", json!("{captured.token}")),
        ("handle", json!("x".repeat(5000))),
        ("external-id", json!("key-of-{secret}")),
        ("external-id", json!("k\u{0}1")),
        ("expires-at-ms", json!(u64::MAX)),
    ] {
        let mut answer = json!({"fields": [good("secret"), good("second")]});
        answer[part] = value;
        refused(create(&stage, answer).await, part);
    }
}

#[tokio::test]
async fn what_is_as_it_was_may_be_said_again() {
    let stage = stage().await;
    let answer = json!({"fields": [
        ["secret", "{captured.secret}"], ["second", "{second}"], ["base_url", "https://tenant.example"]
    ]});
    let replacement = answered(create(&stage, answer).await);
    assert_secret(&replacement.fields, "secret", FRESH);
}

#[tokio::test]
async fn a_kind_that_the_manifest_lacks_is_not_rotated() {
    let stage = stage().await;
    let mut subject = scripted(SECRET, &json!({"steps": [mint()]}));
    subject.kind = "other".to_owned();
    let error = error(stage.plugin.create(context(), subject).await);
    assert!(
        matches!(&error, CallError::Failure(failure) if failure.code == "invalid-input"),
        "{error}"
    );
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn old_versions_are_retired_restored_and_abandoned_with_their_own_secret() {
    let script = json!({"steps": [sending("DELETE", "/header", "{secret}")]});
    for function in ["retire", "restore", "abandon"] {
        let stage = stage().await;
        let subject = scripted(SECRET, &script);
        let outcome = match function {
            "retire" => stage.plugin.retire(context(), subject).await,
            "restore" => stage.plugin.restore(context(), subject).await,
            _ => stage.plugin.abandon(context(), subject).await,
        };
        assert!(outcome.evidence.subject_sent, "{function}");
        answered(outcome);
        let request = stage.upstream.only_request();
        assert_eq!(request.header("authorization"), Some(SECRET), "{function}");
    }
}

#[tokio::test]
async fn a_failure_of_its_own_is_told() {
    let stage = stage().await;
    let script = json!({"answer": {"failure": ["not-found", "there is no {secret}"]}});
    let error = error(
        stage
            .plugin
            .retire(context(), scripted(SECRET, &script))
            .await,
    );
    assert!(
        matches!(&error, CallError::Failure(failure) if failure.code == "not-found"),
        "{error}"
    );
}

#[tokio::test]
async fn both_secrets_of_an_assignment_have_their_places() {
    let stage = stage().await;
    let assign = |step: Value| {
        let current = scripted(SECRET, &json!({"steps": [step]}));
        let proposed = scripted("proposed-secret-0123456789", &json!({}));
        stage.plugin.assign(context(), current, proposed)
    };
    let put = |body: &str| {
        json!({"name": "one", "method": "PUT", "url": "https://upstream.example/assign",
            "headers": [["content-type", "application/json"]], "body": body})
    };
    let outcome = assign(put(r#"{"old":"{secret}","new":"{proposed.secret}"}"#)).await;
    assert!(outcome.evidence.subject_sent);
    answered(outcome);
    let body: Value = serde_json::from_str(&stage.upstream.only_request().text()).expect("JSON");
    assert_eq!(
        body,
        json!({"old": SECRET, "new": "proposed-secret-0123456789"})
    );
    // What was sent of the proposed one says nothing of the current one.
    let outcome = assign(put(r#"{"new":"{proposed.secret}"}"#)).await;
    assert!(!outcome.evidence.subject_sent);
    answered(outcome);
    stage.upstream.forget();
    for step in [
        put(r#"{"other":"{proposed.secret}"}"#),
        sending("GET", "/elsewhere", "{proposed.secret}"),
    ] {
        let outcome = assign(step).await;
        assert!(!outcome.evidence.denials.is_empty());
        let error = error(outcome);
        assert!(
            matches!(&error, CallError::Failure(failure) if failure.code == "denied"),
            "{error}"
        );
    }
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn what_is_issued_reaches_the_host_and_not_the_guest() {
    let stage = stage().await;
    let answer = json!({
        "fields": [["token", "{captured.token}"], ["url", "https://upstream.example/"]],
        "scopes": ["read"], "handle": "lease-1", "expires-at-ms": 1_900_000_000_000_u64,
        "details": [["seen", "{captured.token}"]]
    });
    let issued = answered(issue(&stage, answer, &["write", "read"]).await);
    assert_secret(&issued.fields, "token", FRESH);
    assert!(matches!(field(&issued.fields, "url"), FieldValue::Text(_)));
    assert_eq!(issued.scopes, ["read"]);
    assert_eq!(issued.handle.as_deref(), Some("lease-1"));
    let shown = shown(&issued.details);
    assert!(
        shown.contains("seconds: 90") && has_stand_in(&shown),
        "{shown}"
    );
    Canary::new(FRESH).assert_absent(shown.as_bytes(), "the details");
}

#[tokio::test]
async fn what_is_issued_carelessly_is_refused() {
    let stage = stage().await;
    for (answer, part) in [
        (
            json!({"fields": [["token", "a-new-token-in-the-open"]]}),
            "fields.token",
        ),
        (
            json!({"fields": [["token", "Bearer {captured.token}"]]}),
            "fields.token",
        ),
        (json!({"fields": [["token", "{secret}"]]}), "fields.token"),
        (json!({"fields": [["token", "{second}"]]}), "fields.token"),
        (
            json!({"fields": [["key", "a-new-token-in-the-open"]]}),
            "no secret",
        ),
        (json!({"fields": []}), "no secret"),
        (
            json!({"fields": [["key", "x {captured.token}"]]}),
            "fields.key",
        ),
        (json!({"fields": [["key", "{secret}"]]}), "fields.key"),
        (
            json!({"fields": [["token", "{captured.token}"], ["key", "{captured.token|base64}"]]}),
            "fields.key",
        ),
        (
            json!({"fields": [["token", "{captured.token}"], ["token", "{captured.token}"]]}),
            "fields.token",
        ),
        (
            json!({"fields": [["Not A Word", "{captured.token}"]]}),
            "fields.Not A Word",
        ),
        (
            json!({"fields": [["token", "{captured.token}"]], "scopes": ["read", "admin"]}),
            "admin",
        ),
        (
            json!({"fields": [["token", "{captured.token}"]], "handle": "{captured.token}"}),
            "handle",
        ),
        (
            json!({"fields": [["token", "{captured.token}"]], "expires-at-ms": u64::MAX}),
            "expires-at-ms",
        ),
    ] {
        refused(issue(&stage, answer, &["read"]).await, part);
    }
    let many: Vec<_> = (0..40)
        .map(|n| json!([format!("f{n}"), "{captured.token}"]))
        .collect();
    refused(issue(&stage, json!({"fields": many}), &[]).await, "fields");
}

fn issued(field: &str) -> Issued {
    Issued {
        fields: vec![Field {
            name: field.to_owned(),
            value: FieldValue::Secret(Secret::from(FRESH.to_owned())),
        }],
        scopes: vec!["read".to_owned()],
        expires_at_ms: None,
        handle: Some("lease-1".to_owned()),
        details: Vec::new(),
    }
}

#[tokio::test]
async fn an_issued_secret_goes_where_it_ends_itself() {
    let stage = stage().await;
    for (said, meant) in [
        ("revoked", Revocation::Revoked),
        ("already-gone", Revocation::AlreadyGone),
        ("until-expiry", Revocation::UntilExpiry),
    ] {
        stage.upstream.forget();
        let script = json!({
            "steps": [sending("DELETE", "/revoke", "Bearer {issued.token}")], "answer": {"outcome": said}
        });
        let root = scripted(SECRET, &script);
        let outcome = stage.plugin.revoke(context(), root, issued("token")).await;
        assert!(!outcome.evidence.subject_sent);
        assert_eq!(answered(outcome), meant);
        let request = stage.upstream.only_request();
        let sent = format!("Bearer {FRESH}");
        assert_eq!(request.header("authorization"), Some(sent.as_str()));
    }
}

#[tokio::test]
async fn an_issued_secret_goes_nowhere_else() {
    let stage = stage().await;
    for (field, step) in [
        // Another method, another path, another position; a capture without places; a place of the root's own field.
        ("token", sending("GET", "/revoke", "{issued.token}")),
        ("token", sending("DELETE", "/elsewhere", "{issued.token}")),
        (
            "token",
            json!({"name": "one", "method": "DELETE", "url": "https://upstream.example/revoke?key={issued.token}"}),
        ),
        ("unknown", sending("DELETE", "/revoke", "{issued.unknown}")),
        ("secret", sending("DELETE", "/revoke", "{issued.secret}")),
        ("secret", sending("DELETE", "/header", "{issued.secret}")),
        (
            "secret",
            json!({"name": "one", "sign": "{issued.secret}", "scheme": "hmac-sha256", "encoding": "hex", "message": "m"}),
        ),
    ] {
        let root = scripted(SECRET, &json!({"steps": [step]}));
        let error = error(stage.plugin.revoke(context(), root, issued(field)).await);
        assert!(
            matches!(&error, CallError::Failure(failure) if failure.code == "denied"),
            "{field}: {error}"
        );
    }
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn a_credential_is_put_to_use_and_refreshed() {
    let stage = stage().await;
    let place = Place {
        container: "workflow-1".to_owned(),
        slot: "node-2".to_owned(),
        parameters: Vec::new(),
    };
    let script = json!({
        "steps": [sending("POST", "/header", "{connection.secret}")],
        "answer": {"external-id": "c-1", "details": [["note", "{secret}"], ["second", "{second}"]]}
    });
    let subject = || scripted(SECRET, &script);
    let outcome = stage
        .plugin
        .apply(with_connection(), subject(), place.clone())
        .await;
    // What was sent was the connection's.
    assert!(!outcome.evidence.subject_sent);
    let receipt = answered(outcome);
    assert_eq!(receipt.external_id.as_deref(), Some("c-1"));
    assert!(shown(&receipt.details).contains("place: workflow-1/node-2"));
    // What the manifest's `subjects` lack isn't shown.
    assert!(shown(&receipt.details).contains("second: {second}"));
    Canary::new(SECRET).assert_absent(shown(&receipt.details).as_bytes(), "the receipt");
    let places = vec![place.clone(), place.clone()];
    let again = stage
        .plugin
        .refresh(with_connection(), subject(), receipt, places)
        .await;
    let again = shown(&answered(again).details);
    assert!(
        again.contains("was: c-1") && again.contains("places: 2"),
        "{again}"
    );
    let careless = scripted(SECRET, &json!({"answer": {"external-id": "id-{secret}"}}));
    let outcome = stage.plugin.apply(with_connection(), careless, place).await;
    refused(outcome, "external-id");
}

/// A step that stores the text in the target.
fn storing(text: &str) -> Value {
    json!({"name": "one", "method": "POST", "url": format!("{UPSTREAM}/store"),
        "headers": [["content-type", "application/json"]], "body": json!({"data": {"value": text}}).to_string()})
}

/// A call whose connection opens the upstream.
fn with_connection() -> CallContext {
    let mut connection = scripted("connection-secret-0123456789", &json!({}));
    for field in &mut connection.fields {
        if field.name == "base_url" {
            field.value = FieldValue::Text(format!("{UPSTREAM}/base"));
        }
    }
    CallContext {
        connection: Some(connection),
        ..context()
    }
}

fn somewhere() -> Place {
    Place {
        container: "c".to_owned(),
        slot: "s".to_owned(),
        parameters: Vec::new(),
    }
}

#[tokio::test]
async fn what_is_put_to_use_goes_where_the_connection_leads() {
    let stage = stage().await;
    let script = json!({"steps": [storing("Bearer {secret}")]});
    // It was stored for another origin than the target's.
    let mut subject = scripted(SECRET, &script);
    subject.origins = vec!["https://second.example".parse().expect("an origin")];
    let outcome = stage
        .plugin
        .apply(with_connection(), subject, somewhere())
        .await;
    assert!(outcome.evidence.subject_sent);
    answered(outcome);
    let body: Value = serde_json::from_str(&stage.upstream.only_request().text()).expect("JSON");
    assert_eq!(body["data"]["value"], format!("Bearer {SECRET}"));
}

#[tokio::test]
async fn what_is_put_to_use_goes_nowhere_else() {
    let stage = stage().await;
    let denied = async |context: CallContext, step: Value| {
        let subject = scripted(SECRET, &json!({"steps": [step.clone()]}));
        let outcome = stage.plugin.apply(context, subject, somewhere()).await;
        assert!(!outcome.evidence.subject_sent, "{step}");
        assert_eq!(outcome.evidence.denials.len(), 1, "{step}");
        let details = shown(&answered(outcome).details);
        assert!(details.contains("one.failure: denied"), "{step}: {details}");
        assert!(stage.upstream.requests().is_empty(), "{step}");
    };
    // The plugin's own kind has the same name, and these places.
    denied(with_connection(), sending("POST", "/header", "{secret}")).await;
    // The connection's secret isn't what is put to use.
    denied(with_connection(), storing("{connection.secret}")).await;
    // Without a connection there is no target.
    denied(context(), storing("{secret}")).await;
    let sign = json!({"name": "one", "sign": "{secret}", "scheme": "hmac-sha256", "encoding": "hex", "message": "m"});
    denied(with_connection(), sign).await;
}

#[tokio::test]
async fn a_kind_that_nobody_asked_to_put_to_use_is_refused() {
    let stage = stage().await;
    let mut subject = scripted(SECRET, &json!({"steps": [storing("{secret}")]}));
    subject.kind = "other".to_owned();
    let outcome = stage
        .plugin
        .apply(with_connection(), subject, somewhere())
        .await;
    let error = error(outcome);
    assert!(
        matches!(&error, CallError::Failure(failure) if failure.code == "unsupported"),
        "{error}"
    );
    assert!(stage.upstream.requests().is_empty());
}

#[tokio::test]
async fn what_a_provider_holds_is_listed_by_the_page() {
    let stage = stage().await;
    let list = |answer: Value, cursor: Option<&str>| {
        let connection = scripted(SECRET, &json!({"answer": answer}));
        let context = CallContext {
            connection: Some(connection),
            ..context()
        };
        stage.plugin.enumerate(context, cursor.map(str::to_owned))
    };
    let entries =
        json!([{"external-id": "k-1", "name": "first", "attributes": [["note", "{secret}"]]}]);
    let page = list(json!({"entries": entries, "next": "2"}), Some("1")).await;
    let page = answered(page);
    assert_eq!(page.next.as_deref(), Some("2"));
    let [
        Entry {
            external_id,
            name,
            kind,
            attributes,
        },
    ] = page.entries.as_slice()
    else {
        panic!("{page:?}")
    };
    assert_eq!(
        (external_id.as_str(), name.as_str(), kind.as_str()),
        ("k-1", "first", "1")
    );
    Canary::new(SECRET).assert_absent(shown(attributes).as_bytes(), "an entry");
    assert_eq!(answered(list(json!({}), None).await).next, None);
    refused(list(json!({"next": "after {secret}"}), None).await, "next");
    let stolen = json!({"entries": [{"external-id": "{secret}", "name": "n"}]});
    refused(list(stolen, None).await, "external-id");
    let entry = json!({"external-id": "k", "name": "n"});
    let too_many = json!({"entries": vec![entry; 1001]});
    refused(list(too_many, None).await, "1001");
}

#[tokio::test]
async fn what_a_plugin_can_not_do_is_said_before_it_runs() {
    let stage = Stage::answering(ECHO, minting).await;
    let plugin = &stage.plugin;
    let subject = || subject("test", &[("secret", SECRET)], None);
    let place = Place {
        container: String::new(),
        slot: String::new(),
        parameters: Vec::new(),
    };
    let receipt = Receipt::default();
    let request = IssueRequest::default();
    for (error, lacks) in [
        (error(plugin.create(context(), subject()).await), "rotation"),
        (error(plugin.retire(context(), subject()).await), "rotation"),
        (
            error(plugin.assign(context(), subject(), subject()).await),
            "assignment",
        ),
        (
            error(plugin.restore(context(), subject()).await),
            "restoration",
        ),
        (
            error(plugin.abandon(context(), subject()).await),
            "recovery",
        ),
        (
            error(plugin.apply(context(), subject(), place).await),
            "application",
        ),
        (
            error(
                plugin
                    .refresh(context(), subject(), receipt, Vec::new())
                    .await,
            ),
            "application",
        ),
        (
            error(plugin.issue(context(), subject(), request).await),
            "issuance",
        ),
        (
            error(plugin.revoke(context(), subject(), issued("token")).await),
            "issuance",
        ),
        (error(plugin.enumerate(context(), None).await), "inventory"),
    ] {
        assert_eq!(error, CallError::Unsupported { capability: lacks });
    }
}
