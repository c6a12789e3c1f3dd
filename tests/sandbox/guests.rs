//! One test for each of the test guests, by its name. Hostile ones are stopped within their limits, for a reason that
//! their author understands, while a thousand good calls beside them succeed.

use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::sync::Arc;
use std::time::{Duration, Instant};

use claviger_runtime::{
    CallContext, CallError, CallOutcome, Capability, Catalogue, LoadError, PluginSettings,
    Provenance, Report, Secret,
};
use claviger_test_guests as guest;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::stage::{
    Names, SECRET, Stage, UPSTREAM, assert_nothing_leaked, context, detail, load, runtime, said,
    subject, unwatched,
};
use super::support::upstream::{Reply, Upstream};

/// A guest that no test here is named after doesn't compile.
macro_rules! has_a_test {
    ($name:ident) => {
        const _: fn() = $name;
    };
}
guest::each_guest!(has_a_test);

/// How many good calls run beside a hostile one.
const GOOD_CALLS: usize = 1000;

/// What the runtime may take, at the very most, to stop a guest whose limit is a second.
const STOPPED: Duration = Duration::from_secs(10);

/// Calls a hostile guest with these settings while good calls run beside it in the same runtime.
async fn beside_good_calls(
    hostile: &'static [u8],
    settings: Value,
    what: Option<&str>,
) -> CallOutcome<Report> {
    let runtime = unwatched(Names::default());
    let stage = Stage::on(runtime, hostile, settings, |_| Reply::Hang).await;
    let good = load(&stage.runtime, guest::ECHO, json!({}))
        .await
        .expect("it loads");
    let mut calls = JoinSet::new();
    for lane in 0..4 {
        let good = Arc::clone(&good);
        calls.spawn(async move {
            for number in 0..GOOD_CALLS / 4 {
                let subject = subject("test", &[("secret", SECRET)], Some(("what", "good")));
                let outcome = good.validate(context(), subject).await;
                assert!(
                    outcome.result.is_ok(),
                    "good call {number} of lane {lane}: {}",
                    said(&outcome)
                );
            }
        });
    }
    let began = Instant::now();
    let outcome = stage.test(what).await;
    let took = began.elapsed();
    assert!(took < STOPPED, "stopped only after {took:?}");
    while let Some(lane) = calls.join_next().await {
        lane.expect("every good call succeeds");
    }
    assert_nothing_leaked(&outcome);
    // And one more, after it.
    let outcome_of_good = good
        .validate(context(), subject("test", &[("secret", SECRET)], None))
        .await;
    assert!(outcome_of_good.result.is_ok());
    outcome
}

#[track_caller]
fn error(outcome: &CallOutcome<Report>) -> &CallError {
    outcome
        .result
        .as_ref()
        .expect_err("it can't have succeeded")
}

#[track_caller]
fn trap(outcome: &CallOutcome<Report>) -> &str {
    match error(outcome) {
        CallError::Trap { message } => message,
        other => panic!("not a trap: {other}"),
    }
}

async fn refused(guest: &'static [u8]) -> LoadError {
    let began = Instant::now();
    let loaded = load(&runtime(Names::default()), guest, json!({})).await;
    assert!(
        began.elapsed() < Duration::from_mins(1),
        "{:?}",
        began.elapsed()
    );
    loaded
        .map(|plugin| panic!("{plugin:?} was loaded"))
        .expect_err("refused")
}

// What computes, recurses or takes without an end.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_loop() {
    let outcome = beside_good_calls(guest::ENDLESS_LOOP, json!({}), None).await;
    assert!(
        matches!(error(&outcome), CallError::OutOfCpu { .. }),
        "{}",
        said(&outcome)
    );
    assert!(error(&outcome).to_string().contains("processor time"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_recursion() {
    let outcome = beside_good_calls(guest::ENDLESS_RECURSION, json!({}), None).await;
    assert!(trap(&outcome).contains("stack"), "{}", said(&outcome));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_bomb() {
    let outcome = beside_good_calls(guest::MEMORY_BOMB, json!({"memory": "16MiB"}), None).await;
    let CallError::OutOfMemory { limit } = error(&outcome) else {
        panic!("{}", said(&outcome))
    };
    assert_eq!(*limit, 16 << 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_memories() {
    let outcome = beside_good_calls(guest::MANY_MEMORIES, json!({"memory": "64MiB"}), None).await;
    assert!(
        matches!(error(&outcome), CallError::OutOfMemory { .. }),
        "{}",
        said(&outcome)
    );
    // It says so each time it got 16 MiB: the limit is over all of its memories.
    assert!(
        outcome.evidence.log.len() <= 4,
        "{:?}",
        outcome.evidence.log
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handle_bomb() {
    let outcome = beside_good_calls(guest::HANDLE_BOMB, json!({}), None).await;
    let told = trap(&outcome);
    assert!(
        told.contains("handle") || told.contains("table") || told.contains("resource"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_flood() {
    let outcome = beside_good_calls(guest::LOG_FLOOD, json!({}), None).await;
    let kept: usize = outcome
        .evidence
        .log
        .iter()
        .map(|line| line.message.len())
        .sum();
    assert!(kept < 5 << 20, "{kept} bytes of log were kept");
    let ended = matches!(
        outcome.result,
        Ok(_) | Err(CallError::OutOfCpu { .. } | CallError::Trap { .. })
    );
    assert!(ended, "{:?}", outcome.result);
    let told = outcome
        .evidence
        .log
        .last()
        .is_some_and(|line| line.message.contains("dropped"));
    assert!(
        told || outcome.evidence.log.len() <= 1000,
        "nothing says that lines were dropped"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stdout_flood() {
    let outcome = beside_good_calls(guest::STDOUT_FLOOD, json!({}), None).await;
    let ended = matches!(
        outcome.result,
        Ok(_) | Err(CallError::OutOfCpu { .. } | CallError::Trap { .. })
    );
    assert!(ended, "{:?}", outcome.result);
    assert!(said(&outcome).len() < 1 << 20);
}

// What waits without an end.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hang_in_host_call() {
    let outcome =
        beside_good_calls(guest::HANG_IN_HOST_CALL, json!({"timeout": "500ms"}), None).await;
    let limit = Duration::from_millis(500);
    match &outcome.result {
        Err(CallError::TimedOut { limit: told }) => assert_eq!(*told, limit),
        // The host call ends a little before the call, so the guest may still say so.
        Ok(_) => assert!(
            detail(&outcome, "never").starts_with("un"),
            "{}",
            said(&outcome)
        ),
        Err(other) => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sleep() {
    let outcome = beside_good_calls(guest::SLEEP, json!({"timeout": "500ms"}), None).await;
    assert_eq!(
        *error(&outcome),
        CallError::TimedOut {
            limit: Duration::from_millis(500)
        }
    );
}

// What goes wrong by itself.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn panic() {
    let outcome = beside_good_calls(guest::PANIC, json!({}), Some("account")).await;
    let told = trap(&outcome);
    assert!(
        told.contains("no field `account` in the answer"),
        "the author doesn't see the panic's message: {told}"
    );
    assert!(
        told.contains("about to go wrong"),
        "the author doesn't see what was printed before: {told}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_results() {
    let stage = Stage::of(guest::GARBAGE_RESULTS).await;
    for what in [
        "huge-list",
        "many-details",
        "long-text",
        "long-message",
        "long-code",
    ] {
        let outcome = stage.test(Some(what)).await;
        assert!(
            said(&outcome).len() < 4 << 20,
            "{what}: {} bytes",
            said(&outcome).len()
        );
        if let Ok(report) = &outcome.result {
            assert!(
                report.scopes.len() <= 1000 && report.details.len() <= 1000,
                "{what}"
            );
        } else {
            assert!(error(&outcome).to_string().len() > 10, "{what}");
        }
    }
    let outcome = stage.test(Some("control-characters")).await;
    let account = outcome
        .result
        .as_ref()
        .expect("a report")
        .account
        .clone()
        .expect("an account");
    assert!(!account.contains(['\0', '\u{1b}', '\r']), "{account:?}");
    let outcome = stage.test(Some("bad-utf8")).await;
    assert!(
        error(&outcome).to_string().to_lowercase().contains("utf"),
        "{}",
        said(&outcome)
    );
    for (what, named) in [
        ("impossible-numbers", "quota-remaining"),
        ("weird-code", "code"),
        ("empty-code", "code"),
        ("long-code", "code"),
    ] {
        let outcome = stage.test(Some(what)).await;
        let CallError::InvalidResult { what: told } = error(&outcome) else {
            panic!("{what}: {}", said(&outcome))
        };
        assert!(told.contains(named), "{what}: {told}");
    }
    let outcome = stage.test(Some("retry-never")).await;
    assert!(
        matches!(error(&outcome), CallError::Failure(_)),
        "{}",
        said(&outcome)
    );
    // It says `rejected` and never asked anyone: the host knows.
    let outcome = stage.test(Some("rejected-unsent")).await;
    let CallError::Failure(failure) = error(&outcome) else {
        panic!("{}", said(&outcome))
    };
    assert_eq!(failure.code, "rejected");
    assert!(!outcome.evidence.subject_sent);
    beside_good_calls(guest::GARBAGE_RESULTS, json!({}), Some("huge-list")).await;
}

#[tokio::test]
async fn stateful() {
    let stage = Stage::of(guest::STATEFUL).await;
    for _ in 0..10 {
        let outcome = stage.test(None).await;
        assert_eq!(
            outcome.result.expect("a report").rate_limit_remaining,
            Some(1),
            "it remembers an earlier call"
        );
    }
}

// What looks around.

#[track_caller]
fn assert_all_refused(outcome: &CallOutcome<Report>) {
    let report = outcome
        .result
        .as_ref()
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(!report.details.is_empty());
    for (attempt, came_of_it) in &report.details {
        assert!(came_of_it.starts_with("refused"), "{attempt}: {came_of_it}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets() {
    assert_all_refused(&beside_good_calls(guest::SOCKETS, json!({}), None).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files() {
    assert_all_refused(&beside_good_calls(guest::FILES, json!({}), None).await);
    assert!(!std::path::Path::new("/tmp/claviger-guest").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_of_a_directory_that_was_lent() {
    let lent = TempDir::new().expect("a directory");
    let beside = TempDir::new().expect("a directory");
    std::fs::write(beside.path().join("passwd"), "of the host").expect("a file");
    std::fs::write(lent.path().join("greeting"), "hello").expect("a file");
    symlink("greeting", lent.path().join("within")).expect("a link");
    symlink(beside.path().join("passwd"), lent.path().join("link")).expect("a link");
    symlink(beside.path(), lent.path().join("linked")).expect("a link");
    let settings = json!({"directory": lent.path()});
    let stage = Stage::with(guest::FILES, settings, Names::default(), |_| Reply::Hang).await;
    let outcome = stage.test(Some("data")).await;
    for (what, came_of_it) in [
        ("greeting", "worked: hello"),
        ("written", "worked: written"),
        ("list", "worked: 5 entries"),
        ("within", "worked: hello"),
    ] {
        assert_eq!(detail(&outcome, what), came_of_it, "{what}");
    }
    for what in [
        "link", "linked", "through", "climb", "deeper", "over", "root",
    ] {
        let came_of_it = detail(&outcome, what);
        assert!(came_of_it.starts_with("refused"), "{what}: {came_of_it}");
    }
    let written = std::fs::read_to_string(lent.path().join("written"));
    assert_eq!(written.expect("what the guest wrote"), "was here");
    let others: Vec<_> = std::fs::read_dir(beside.path())
        .expect("a directory")
        .collect();
    assert_eq!(others.len(), 1, "{others:?}");

    // Taken away since, it isn't there, and nothing else is in its place.
    drop(lent);
    let outcome = stage.test(Some("data")).await;
    assert_all_refused(&outcome);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn environment() {
    let outcome = beside_good_calls(guest::ENVIRONMENT, json!({}), None).await;
    for what in ["variables", "arguments", "input"] {
        assert_eq!(detail(&outcome, what), "", "{what}");
    }
    let directory = detail(&outcome, "directory");
    assert!(
        directory == "/" || directory.starts_with("refused"),
        "{directory}"
    );
}

#[tokio::test]
async fn environment_that_was_lent() {
    let settings = json!({"environment": ["CARGO_PKG_NAME"]});
    let stage = Stage::with(guest::ENVIRONMENT, settings, Names::default(), |_| {
        Reply::Hang
    })
    .await;
    let outcome = stage.test(None).await;
    assert_eq!(
        detail(&outcome, "variables"),
        format!("CARGO_PKG_NAME={}", env!("CARGO_PKG_NAME"))
    );
    assert_eq!(detail(&outcome, "arguments"), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_addresses() {
    let trap = Upstream::start(|_| Reply::body(200, "text/plain", "caught")).await;
    let loopback: SocketAddr = format!("127.0.0.1:{}", trap.port())
        .parse()
        .expect("an address");
    let metadata: SocketAddr = "169.254.169.254:443".parse().expect("an address");
    let names = || {
        Names(
            [
                ("rebind.example", loopback),
                ("localhost", loopback),
                ("metadata.example", metadata),
            ]
            .into_iter()
            .collect(),
        )
    };
    let stage = Stage::with(guest::PRIVATE_ADDRESSES, json!({}), names(), |_| {
        Reply::Hang
    })
    .await;
    let outcome = stage.test(None).await;
    let report = outcome
        .result
        .as_ref()
        .unwrap_or_else(|error| panic!("{error}"));
    for (url, came_of_it) in &report.details {
        assert!(
            came_of_it.starts_with("denied") || came_of_it.starts_with("invalid-input"),
            "{url}: {came_of_it}"
        );
    }
    for (name, words) in [
        ("https://rebind.example/", "rebind.example"),
        ("https://metadata.example/", "metadata.example"),
    ] {
        assert!(
            detail(&outcome, name).contains(words),
            "{name}: {}",
            detail(&outcome, name)
        );
    }
    assert_eq!(trap.connections(), 0);

    // Metadata stays out of reach whatever the operator writes; a network that is granted doesn't.
    let granted = json!({"allow-private": ["169.254.0.0/16", "https://169.254.169.254", "https://metadata.example"]});
    let stage = Stage::with(guest::PRIVATE_ADDRESSES, granted, names(), |_| Reply::Hang).await;
    for url in [
        "https://169.254.169.254/latest/meta-data/",
        "https://metadata.example/",
    ] {
        let outcome = stage.test(Some(url)).await;
        assert!(
            detail(&outcome, url).starts_with("denied"),
            "{url}: {}",
            detail(&outcome, url)
        );
    }
    let granted = json!({"allow-private": ["127.0.0.0/8"]});
    let stage = Stage::with(guest::PRIVATE_ADDRESSES, granted, names(), |_| Reply::Hang).await;
    let outcome = stage.test(Some("https://rebind.example/")).await;
    // It is let through, to a port where nobody listens.
    assert!(
        detail(&outcome, "https://rebind.example/").starts_with("un"),
        "{}",
        said(&outcome)
    );
    beside_good_calls(guest::PRIVATE_ADDRESSES, json!({}), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redirect_follower() {
    let trap = Upstream::start(|_| Reply::body(200, "text/plain", "caught")).await;
    let targets = [
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        format!("{}/", trap.origin()),
        "https://evil.example/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "https://upstream.example@127.0.0.1/".to_owned(),
    ];
    for target in targets {
        let location = target.clone();
        let stage = Stage::answering(guest::REDIRECT_FOLLOWER, move |_| {
            Reply::body(302, "text/plain", "").header("location", &location)
        })
        .await;
        // The start is `/redirect`, where no secret goes, so it begins where one does.
        let start = format!("{UPSTREAM}/allowed/redirect");
        let outcome = stage.test(Some(&start)).await;
        assert!(
            detail(&outcome, &start).starts_with("302"),
            "the host follows nothing by itself: {}",
            said(&outcome)
        );
        let end = detail(&outcome, &target);
        assert!(
            end.starts_with("denied") || end.starts_with("invalid-input"),
            "{target}: {end}"
        );
        assert_nothing_leaked(&outcome);
        assert_eq!(stage.upstream.requests().len(), 1);
    }
    assert_eq!(trap.connections(), 0);
    beside_good_calls(guest::REDIRECT_FOLLOWER, json!({"timeout": "1s"}), None).await;
}

// What isn't loaded, and why.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn describe_loop() {
    let told = refused(guest::DESCRIBE_LOOP).await.to_string();
    assert!(
        told.contains("describe") && told.contains("processor time"),
        "{told}"
    );
}

#[tokio::test]
async fn describe_trap() {
    let told = refused(guest::DESCRIBE_TRAP).await.to_string();
    assert!(
        told.contains("describe") && told.contains("there is no manifest"),
        "{told}"
    );
}

#[tokio::test]
async fn describe_garbage() {
    let told = refused(guest::DESCRIBE_GARBAGE).await;
    assert!(matches!(told, LoadError::Manifest(_)), "{told}");
}

#[tokio::test]
async fn describe_huge() {
    let told = refused(guest::DESCRIBE_HUGE).await.to_string();
    assert!(told.len() < 10_000, "a message of {} bytes", told.len());
}

#[tokio::test]
async fn describe_unknown_key() {
    let told = refused(guest::DESCRIBE_UNKNOWN_KEY).await.to_string();
    assert!(
        told.contains("path-prefx") && told.contains("path-prefix"),
        "{told}"
    );
}

#[tokio::test]
async fn describe_calls_http() {
    // Loaded or not, nobody was asked.
    let upstream = Upstream::start(|_| Reply::body(200, "text/plain", "")).await;
    let written = json!({"replace-origins": {UPSTREAM: upstream.origin()}});
    let _ = load(
        &runtime(Names::default()),
        guest::DESCRIBE_CALLS_HTTP,
        written,
    )
    .await;
    assert_eq!(upstream.connections(), 0);
}

#[tokio::test]
async fn unknown_import() {
    let told = refused(guest::UNKNOWN_IMPORT).await;
    assert!(matches!(told, LoadError::UnknownImport { .. }), "{told}");
    assert!(told.to_string().contains("evil:host/shell"), "{told}");
}

#[tokio::test]
async fn wrong_version_import() {
    let told = refused(guest::WRONG_VERSION_IMPORT).await;
    assert!(matches!(told, LoadError::Version { .. }), "{told}");
    assert!(
        told.to_string().contains("9.0.0") && told.to_string().contains("0.1.0"),
        "{told}"
    );
}

#[tokio::test]
async fn wrong_version_export() {
    let told = refused(guest::WRONG_VERSION_EXPORT).await.to_string();
    assert!(told.contains("9.0.0") && told.contains("0.1.0"), "{told}");
}

#[tokio::test]
async fn no_capability() {
    let stage = Stage::of(guest::NO_CAPABILITY).await;
    assert!(stage.plugin.capabilities().is_empty());
    let outcome = stage.test(None).await;
    assert_eq!(
        *error(&outcome),
        CallError::Unsupported {
            capability: "validation"
        }
    );
}

#[tokio::test]
async fn all_rounder() {
    let stage = Stage::of(guest::ALL_ROUNDER).await;
    assert!(stage.plugin.capabilities().iter().eq(&Capability::ALL));
}

// What claims to be more than it is.

#[tokio::test]
async fn recognises_everything() {
    let runtime = runtime(Names::default());
    let greedy = load(&runtime, guest::RECOGNISES_EVERYTHING, json!({}))
        .await
        .expect("it loads");
    let catalogue = Catalogue::new(vec![greedy]);
    // A file that was dropped into a directory draws nothing to itself.
    assert!(
        catalogue
            .recognise("test", &Secret::from("sk-1234567890abcdef".to_owned()))
            .is_none()
    );
}

#[tokio::test]
async fn takes_openai() {
    let plugin = load(&runtime(Names::default()), guest::TAKES_OPENAI, json!({}))
        .await
        .expect("it loads");
    assert_eq!(
        (plugin.name(), plugin.provenance()),
        ("openai", Provenance::Directory)
    );
    // By itself it is granted no more than it asked for: nothing at OpenAI.
    let reaches = |origin: &str| {
        let origin = origin.parse().expect("an origin");
        plugin
            .grant()
            .origins
            .iter()
            .any(|pattern| pattern.matches(&origin, |_| None))
    };
    assert!(!reaches("https://api.openai.com"));
}

// The good ones, of which more is said elsewhere.

#[tokio::test]
async fn echo() {
    let stage = Stage::of(guest::ECHO).await;
    assert_eq!(
        stage
            .plugin
            .capabilities()
            .iter()
            .copied()
            .collect::<Vec<_>>(),
        [Capability::Validation]
    );
    let outcome = stage.test(Some("said")).await;
    assert_eq!(detail(&outcome, "what"), "said");
    assert_eq!(detail(&outcome, "version"), "3");
    assert_eq!(detail(&outcome, "idempotency-key"), "one-operation");
    let first = detail(&outcome, "secret");
    assert!(super::stage::has_stand_in(&first), "{first}");
    // Another call, another word.
    assert_ne!(detail(&stage.test(None).await, "secret"), first);
    assert!(!outcome.evidence.subject_sent);
}

#[tokio::test]
async fn keys() {
    // What it does is told by the suite of `claviger plugin test`, whose tests it is for.
    let plugin = load(&runtime(Names::default()), guest::KEYS, json!({})).await;
    let capabilities = plugin.expect("it loads").capabilities().clone();
    assert_eq!(capabilities, Capability::ALL.into());
}

#[tokio::test]
async fn shelf() {
    // What it does is told by the vault's tests of places, which it is for.
    let plugin = load(&runtime(Names::default()), guest::SHELF, json!({})).await;
    let capabilities = plugin.expect("it loads").capabilities().clone();
    assert!(
        capabilities
            .into_iter()
            .eq([Capability::Application, Capability::Inventory])
    );
}

#[tokio::test]
async fn assigner() {
    // What it does is told by the vault's tests of rotation, which it is for.
    let plugin = load(&runtime(Names::default()), guest::ASSIGNER, json!({})).await;
    let capabilities = plugin.expect("it loads").capabilities().clone();
    assert_eq!(
        capabilities,
        [Capability::Validation, Capability::Assignment].into()
    );
}

#[tokio::test]
async fn issuer() {
    // What it issues is told by the journeys of leases.
    let plugin = load(&runtime(Names::default()), guest::ISSUER, json!({})).await;
    let capabilities = plugin.expect("it loads").capabilities().clone();
    assert_eq!(capabilities, [Capability::Issuance].into());
}

#[tokio::test]
async fn dropped() {
    // Of what it becomes, the journeys tell.
    let becomes = guest::dropped(
        r#"{"name": "other", "version": "7.0.0", "description": "Another.", "origins": [], "kinds": []}"#,
    );
    let plugin = runtime(Names::default())
        .load(becomes, Provenance::Directory, &PluginSettings::default())
        .await
        .expect("it loads");
    assert_eq!((plugin.name(), plugin.version().major), ("other", 7));
}

#[tokio::test]
async fn leaker() {
    // See `leaks`.
    assert!(
        load(&runtime(Names::default()), guest::LEAKER, json!({}))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn sender() {
    // See `positions`, `echoes`, `captures`, `signatures` and `random`.
    let stage = Stage::of(guest::SENDER).await;
    let outcome = stage
        .step(json!({"url": "https://upstream.example/"}))
        .await;
    assert_eq!(detail(&outcome, "one.status"), "200");
}

#[tokio::test]
async fn fetcher() {
    // See `fetching`.
    let stage = Stage::of(guest::FETCHER).await;
    let script = json!([[{"name": "one", "url": "https://upstream.example/"}]]);
    let outcome = stage.script(script).await;
    assert_eq!(detail(&outcome, "one.status"), "200");
}

#[tokio::test]
async fn borrower() {
    let stage = Stage::of(guest::BORROWER).await;
    let loan = || subject("loan", &[("secret", SECRET)], None);
    let account = subject(
        "account",
        &[("token", "account-token-0123456789")],
        Some(("base_url", UPSTREAM)),
    );
    let alone = stage.plugin.validate(context(), loan()).await;
    assert!(said(&alone).contains("connection"), "{}", said(&alone));
    let through = CallContext {
        connection: Some(account),
        ..context()
    };
    let outcome = stage.plugin.validate(through, loan()).await;
    assert!(outcome.result.is_ok(), "{}", said(&outcome));
    let sent = &stage.upstream.requests()[0];
    assert_eq!(
        sent.header("authorization"),
        Some("account-token-0123456789")
    );
    // What is known of the account says nothing of the loan.
    assert!(!outcome.evidence.subject_sent);
}

#[tokio::test]
async fn signer() {
    // See `signatures`.
    assert!(
        load(&runtime(Names::default()), guest::SIGNER, json!({}))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn revealer() {
    // See `disclosure`.
    assert!(
        load(&runtime(Names::default()), guest::REVEALER, json!({}))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn reveals_unasked() {
    // See `disclosure`.
    let loaded = load(
        &runtime(Names::default()),
        guest::REVEALS_UNASKED,
        json!({}),
    )
    .await;
    assert!(loaded.is_err() || loaded.is_ok_and(|plugin| !plugin.grant().reveal));
}
