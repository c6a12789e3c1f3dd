//! Hostile plugins, each a real component: every one is stopped within its limits, with a reason for its author, and
//! leaves its neighbours alone.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claviger_runtime::egress::Resolve;
use claviger_runtime::outcome::LogLevel;
use claviger_runtime::{
    CallContext, CallError, CallOutcome, Field, FieldValue, Plugin, PluginSettings, Provenance,
    Report, Runtime, RuntimeOptions, Secret, Subject,
};
use claviger_test_guests as guests;
use futures_util::future::BoxFuture;

const SECRET: &str = "sk-canary-0123456789abcdef";

/// No test of this file leaves the machine.
struct NoNames;

impl Resolve for NoNames {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Err(io::Error::other("no names here")) })
    }
}

fn runtime() -> Runtime {
    let resolver = Arc::new(NoNames);
    Runtime::new(RuntimeOptions {
        resolver,
        max_calls: 8,
        ..RuntimeOptions::default()
    })
    .expect("a runtime")
}

async fn load(runtime: &Runtime, wasm: &'static [u8], settings: &str) -> Arc<Plugin> {
    let settings: PluginSettings = serde_json::from_str(settings).expect("settings");
    runtime
        .load(wasm, Provenance::Embedded, &settings)
        .await
        .expect("a plugin")
}

fn subject(what: &str) -> Subject {
    let field = |name: &str, value| Field {
        name: name.to_owned(),
        value,
    };
    Subject {
        id: "CRD-1".to_owned(),
        name: "key".to_owned(),
        kind: "test".to_owned(),
        version: 1,
        fields: vec![
            field(
                "secret",
                FieldValue::Secret(Secret::from(SECRET.to_owned())),
            ),
            field("what", FieldValue::Text(what.to_owned())),
        ],
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: Vec::new(),
    }
}

async fn call(plugin: &Plugin, what: &str) -> CallOutcome<Report> {
    plugin.validate(CallContext::default(), subject(what)).await
}

async fn call_new(wasm: &'static [u8], settings: &str, what: &str) -> CallOutcome<Report> {
    call(&*load(&runtime(), wasm, settings).await, what).await
}

fn trap(outcome: &CallOutcome<Report>) -> &str {
    match &outcome.result {
        Err(CallError::Trap { message }) => message,
        other => panic!("a trap was due: {other:?}"),
    }
}

fn detail<'r>(report: &'r Report, key: &str) -> &'r str {
    &report
        .details
        .iter()
        .find(|(name, _)| name == key)
        .expect(key)
        .1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_call_gets_stand_ins_and_the_time() {
    let outcome = call_new(guests::ECHO, "{}", "nothing").await;
    let report = outcome.result.expect("a report");
    assert_eq!(report.account.as_deref(), Some("key"));
    assert!(detail(&report, "secret").starts_with("clv"));
    assert_eq!(detail(&report, "what"), "nothing");
    assert!((1..=30_000).contains(&report.rate_limit_remaining.expect("the deadline")));
    assert!(!outcome.evidence.subject_sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_loop_uses_up_its_processor_time() {
    let options = RuntimeOptions {
        cpu: Duration::from_millis(100),
        ..RuntimeOptions::default()
    };
    let runtime = Runtime::new(options).expect("a runtime");
    let plugin = load(&runtime, guests::ENDLESS_LOOP, "{}").await;
    let outcome = call(&plugin, "").await;
    assert_eq!(
        outcome.result,
        Err(CallError::OutOfCpu {
            limit: Duration::from_millis(100)
        })
    );
}

#[tokio::test]
async fn an_endless_loop_lets_others_run_on_its_thread() {
    let plugin = load(&runtime(), guests::ENDLESS_LOOP, "{}").await;
    let mut turns = 0;
    let others = async {
        loop {
            turns += 1;
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        outcome = call(&plugin, "") => assert!(matches!(outcome.result, Err(CallError::OutOfCpu { .. }))),
        () = others => {}
    }
    assert!(turns > 10, "{turns}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_wall_clock_stops_a_loop_and_a_sleeper() {
    for wasm in [guests::ENDLESS_LOOP, guests::SLEEP] {
        let started = Instant::now();
        let outcome = call_new(wasm, r#"{"timeout": "200ms"}"#, "").await;
        assert_eq!(
            outcome.result,
            Err(CallError::TimedOut {
                limit: Duration::from_millis(200)
            })
        );
        assert!(outcome.evidence.duration >= Duration::from_millis(200));
        assert!(started.elapsed() < Duration::from_mins(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_recursion_is_a_trap() {
    let outcome = call_new(guests::ENDLESS_RECURSION, "{}", "").await;
    assert!(trap(&outcome).contains("stack"), "{}", trap(&outcome));
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_counted_over_all_memories() {
    for (wasm, settings, limit) in [
        (guests::MEMORY_BOMB, "{}", 64 << 20),
        (guests::MANY_MEMORIES, "{}", 64 << 20),
        (guests::MANY_MEMORIES, r#"{"memory": "128MiB"}"#, 128 << 20),
    ] {
        let outcome = call_new(wasm, settings, "").await;
        assert_eq!(outcome.result, Err(CallError::OutOfMemory { limit }));
    }
    let enough = call_new(guests::MANY_MEMORIES, r#"{"memory": "200MiB"}"#, "").await;
    assert_eq!(enough.result, Ok(Report::default()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_told_with_the_guests_last_words() {
    let outcome = call_new(guests::PANIC, "{}", "account").await;
    let message = trap(&outcome);
    assert!(message.contains("unreachable"), "{message}");
    assert!(message.contains("about to go wrong"), "{message}");
    assert!(
        message.contains("no field `account` in the answer"),
        "{message}"
    );
    assert!(!message.contains(SECRET), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn floods_of_output_are_cut() {
    let flooded = call_new(guests::LOG_FLOOD, "{}", "").await;
    assert!(flooded.evidence.log.len() <= 1001);
    assert!(
        flooded
            .evidence
            .log
            .iter()
            .all(|line| line.message.len() <= 4100)
    );
    if flooded.result.is_ok() {
        let last = flooded.evidence.log.last().expect("a line");
        assert!(
            last.level == LogLevel::Warn && last.message.contains("dropped"),
            "{last:?}"
        );
    }
    let printed = call_new(guests::STDOUT_FLOOD, "{}", "").await;
    assert!(format!("{:?}", printed.result).len() < 64 << 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_handles_are_refused() {
    let outcome = call_new(guests::HANDLE_BOMB, "{}", "").await;
    assert!(!trap(&outcome).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_answers_are_cut_or_refused() {
    let plugin = load(&runtime(), guests::GARBAGE_RESULTS, "{}").await;
    for what in [
        "huge-list",
        "many-details",
        "long-text",
        "bad-utf8",
        "long-message",
        "retry-never",
        "rejected-unsent",
    ] {
        let outcome = call(&plugin, what).await;
        assert!(format!("{:?}", outcome.result).len() < 64 << 10, "{what}");
        assert!(!outcome.evidence.subject_sent, "{what}");
    }
    for what in [
        "impossible-numbers",
        "weird-code",
        "empty-code",
        "long-code",
    ] {
        let outcome = call(&plugin, what).await;
        assert!(
            matches!(outcome.result, Err(CallError::InvalidResult { .. })),
            "{what}: {:?}",
            outcome.result
        );
    }
    let shown = call(&plugin, "control-characters")
        .await
        .result
        .expect("a report")
        .account
        .expect("an account");
    assert!(
        !shown.chars().any(|c| "\0\u{1b}\r\u{202e}".contains(c)),
        "{shown:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_host_is_there() {
    let report = call_new(guests::ENVIRONMENT, "{}", "")
        .await
        .result
        .expect("a report");
    assert_eq!(
        [
            detail(&report, "variables"),
            detail(&report, "arguments"),
            detail(&report, "input")
        ],
        ["", "", ""]
    );
    for wasm in [guests::SOCKETS, guests::FILES] {
        let report = call_new(wasm, "{}", "").await.result.expect("a report");
        assert!(!report.details.is_empty());
        for (name, said) in report.details {
            assert!(said.starts_with("refused"), "{name}: {said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn to_reveal_takes_a_grant() {
    let unasked = call_new(guests::REVEALS_UNASKED, r#"{"reveal": true}"#, "").await;
    assert!(
        matches!(&unasked.result, Err(CallError::Failure(failure)) if failure.code == "denied"),
        "{:?}",
        unasked.result
    );
    assert_eq!(unasked.evidence.reveals, 0);
    assert!(!unasked.evidence.denials.is_empty());
    // A part of the server is granted what it asks for; a file that asks waits for approval.
    let granted = call_new(guests::REVEALER, r#"{"reveal": true}"#, "").await;
    let report = granted.result.expect("a report");
    assert_eq!(report.quota_remaining, u32::try_from(SECRET.len()).ok());
    assert!(!detail(&report, "shown").contains(SECRET));
    assert_eq!(granted.evidence.reveals, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_call_begins_anew() {
    let plugin = load(&runtime(), guests::STATEFUL, "{}").await;
    let first = call(&plugin, "").await.result;
    assert!(first.is_ok(), "{first:?}");
    assert_eq!(call(&plugin, "").await.result, first);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_good_calls_beside_hostile_ones_succeed() {
    let runtime = runtime();
    let echo = load(&runtime, guests::ECHO, "{}").await;
    let mut hostile = Vec::new();
    for wasm in [
        guests::ENDLESS_LOOP,
        guests::MEMORY_BOMB,
        guests::ENDLESS_RECURSION,
        guests::PANIC,
    ] {
        let plugin = load(&runtime, wasm, r#"{"timeout": "500ms"}"#).await;
        hostile.push(tokio::spawn(async move { call(&plugin, "").await.result }));
    }
    for turn in 0..1000 {
        let outcome = call(&echo, "").await;
        assert!(outcome.result.is_ok(), "call {turn}: {:?}", outcome.result);
    }
    for call in hostile {
        assert!(call.await.expect("a result").is_err());
    }
    assert_eq!(runtime.statistics().live_calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abandoned_call_leaves_nothing() {
    let runtime = runtime();
    let plugin = load(&runtime, guests::SLEEP, "{}").await;
    for _ in 0..100 {
        let abandoned = tokio::time::timeout(Duration::from_millis(1), call(&plugin, "")).await;
        assert!(abandoned.is_err());
    }
    assert_eq!(runtime.statistics().live_calls, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_are_refused() {
    let options = RuntimeOptions {
        max_calls: 1,
        ..RuntimeOptions::default()
    };
    let runtime = Runtime::new(options).expect("a runtime");
    let sleeper = load(&runtime, guests::SLEEP, "{}").await;
    let echo = load(&runtime, guests::ECHO, r#"{"timeout": "50ms"}"#).await;
    let mut asleep = Box::pin(call(&sleeper, ""));
    // Polled until it holds the one permit; it never gets further than its sleep.
    while runtime.statistics().live_calls == 0 {
        tokio::select! { biased; _ = &mut asleep => panic!("it woke up"), () = tokio::task::yield_now() => {} }
    }
    assert_eq!(call(&echo, "").await.result, Err(CallError::Busy));
    drop(asleep);
    assert!(call(&echo, "").await.result.is_ok());
}

/// Answers no one, ever.
struct Silence;

impl Resolve for Silence {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_call_ends_with_its_call() {
    let options = RuntimeOptions {
        resolver: Arc::new(Silence),
        ..RuntimeOptions::default()
    };
    let runtime = Runtime::new(options).expect("a runtime");
    let plugin = load(
        &runtime,
        guests::HANG_IN_HOST_CALL,
        r#"{"timeout": "200ms"}"#,
    )
    .await;
    let outcome = call(&plugin, "").await;
    // The request and the call end at the same time: the guest may be just quick enough to say so itself.
    match outcome.result {
        Err(CallError::TimedOut { .. }) => {}
        Ok(report) => assert!(!detail(&report, "never").starts_with("200")),
        other => panic!("it had to end: {other:?}"),
    }
    assert!(outcome.evidence.duration < Duration::from_secs(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_of_a_trap_is_told_without_secrets() {
    let outcome = call_new(guests::LEAKER, "{}", "panic").await;
    let message = trap(&outcome);
    let evidence = format!("{:?} {:?}", outcome.evidence.denials, outcome.evidence.log);
    assert!(!outcome.evidence.denials.is_empty());
    assert_eq!(outcome.evidence.log.len(), 4);
    for text in [message, &evidence] {
        assert!(!text.contains(SECRET), "{text}");
        assert!(text.contains("clv"), "{text}");
    }
}
