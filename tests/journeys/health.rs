//! What a test says of a credential, for every answer that a provider may give.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::client::User;
use super::support::providers::{
    Provider, anthropic, cut_off, garbage, not_json, openai, slack, too_large,
};
use super::support::server::{Server, Site};
use super::support::upstream::Reply;

/// What a test comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Healthy,
    Unhealthy,
    Unknown,
}

impl Health {
    fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Unknown => "unknown",
        }
    }
}

struct Case {
    name: &'static str,
    reply: Reply,
    health: Health,
    remaining: Option<u64>,
}

fn case(name: &'static str, reply: Reply, health: Health) -> Case {
    Case {
        name,
        reply,
        health,
        remaining: None,
    }
}

/// Answers that come from anything that calls itself an HTTP server.
fn any_provider() -> Vec<Case> {
    use Health::Unknown;
    vec![
        case("not-http", garbage(), Unknown),
        case("not-json", not_json(), Unknown),
        case("cut-off", cut_off(), Unknown),
        case("too-large", too_large(), Unknown),
        case(
            "bad-gateway",
            Reply::body(502, "text/html", "<h1>Bad Gateway</h1>"),
            Unknown,
        ),
        case(
            "unavailable",
            Reply::body(503, "text/plain", "").header("Retry-After", "60"),
            Unknown,
        ),
        case(
            "redirect",
            Reply::body(302, "text/plain", "").header("Location", "http://169.254.169.254/latest"),
            Unknown,
        ),
        case(
            "teapot",
            Reply::body(418, "text/plain", "short and stout"),
            Unknown,
        ),
        case(
            "compressed",
            Reply::body(200, "application/json", vec![0x1f, 0x8b, 8, 0])
                .header("Content-Encoding", "gzip"),
            Unknown,
        ),
    ]
}

async fn run(
    server: &Server,
    provider: &Provider,
    kind: &str,
    key: impl Fn(&str) -> String,
    cases: Vec<Case>,
) {
    let admin = server.admin().await;
    for Case {
        name,
        reply,
        health,
        remaining,
    } in cases
    {
        let key = key(name);
        provider.answers(&key, reply);
        admin.store(name, kind, provider.plugin, &key).await;
        let began = Instant::now();
        let tested = admin.test(name).await;
        let took = began.elapsed();
        assert!(took < Duration::from_secs(8), "{name} took {took:?}");

        assert_eq!(tested["status"], health.as_str(), "{name}: {tested}");
        assert_eq!(tested["credential"], name);
        assert!(tested["tested_at"].is_string(), "{tested}");
        let told = tested["response_time_ms"]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {tested}"));
        assert!(
            Duration::from_millis(told) <= took,
            "{name}: {told} ms of {took:?}"
        );
        if health == Health::Healthy {
            assert_eq!(tested["details"]["authenticated"], true, "{tested}");
        }
        match remaining {
            Some(count) => assert_eq!(tested["details"]["rate_limit_remaining"], count, "{tested}"),
            None => assert!(
                tested["details"]["rate_limit_remaining"].is_null(),
                "{tested}"
            ),
        }
        if health != Health::Healthy {
            assert!(tells_why(&tested), "{name}: {tested}");
        }
        assert!(!tested.to_string().contains(&key), "{name}: {tested}");
        assert_eq!(
            listed_as(&admin, name).await,
            expected_status(health),
            "{name}"
        );
    }
}

/// A person is told why, somewhere in the answer.
fn tells_why(tested: &Value) -> bool {
    let texts = [
        &tested["error"],
        &tested["message"],
        &tested["reason"],
        &tested["details"]["error"],
        &tested["details"]["reason"],
        &tested["details"]["message"],
    ];
    texts
        .iter()
        .any(|text| text.as_str().is_some_and(|text| text.len() > 5))
}

async fn listed_as(admin: &User, name: &str) -> String {
    let got = admin
        .get(&format!("/credentials/{name}"))
        .await
        .expect(200)
        .json();
    got["status"].as_str().expect("a status").to_owned()
}

/// Only what the provider refused has failed; what isn't known leaves the credential as it was.
fn expected_status(health: Health) -> &'static str {
    if health == Health::Unhealthy {
        "failed"
    } else {
        "active"
    }
}

#[tokio::test]
async fn openai_keys() {
    use Health::{Healthy, Unhealthy, Unknown};
    let provider = openai::start().await;
    let server = Site::new()
        .await
        .provider(&provider)
        .plugin("openai", "timeout", "3s")
        .start()
        .await;
    let key = |name: &str| format!("sk-proj-{name}-T3BlbkFJ7hM2qZ");
    let mut cases = vec![
        case("good", openai::good(), Healthy),
        Case {
            remaining: Some(4999),
            ..case("good-with-limit", openai::good_with_limit(4999), Healthy)
        },
        case(
            "revoked",
            openai::revoked("sk-proj-revoked-T3BlbkFJ7hM2qZ"),
            Unhealthy,
        ),
        case("restricted", openai::restricted(), Healthy),
        case("quota", openai::quota(), Healthy),
        case("rate-limited", openai::rate_limited(20), Unknown),
        case("down", openai::down(), Unknown),
        case("hangs", Reply::Hang, Unknown),
        case("drips", Reply::Drip(Duration::from_millis(50)), Unknown),
        case(
            "slow",
            openai::good().after(Duration::from_secs(6)),
            Unknown,
        ),
        case(
            "not-slow-enough",
            openai::good().after(Duration::from_millis(300)),
            Healthy,
        ),
    ];
    cases.extend(any_provider());
    run(&server, &provider, "api_key", key, cases).await;
}

#[tokio::test]
async fn anthropic_keys() {
    use Health::{Healthy, Unhealthy, Unknown};
    let provider = anthropic::start().await;
    let server = Site::new()
        .await
        .provider(&provider)
        .plugin("anthropic", "timeout", "3s")
        .start()
        .await;
    let key = |name: &str| format!("sk-ant-api03-{name}-R2DT3BlbkFJ7hM2qZ-igAA");
    let mut cases = vec![
        case("good", anthropic::good(), Healthy),
        Case {
            remaining: Some(3999),
            ..case("good-with-limit", anthropic::good_with_limit(3999), Healthy)
        },
        case("revoked", anthropic::revoked(), Unhealthy),
        case("restricted", anthropic::restricted(), Healthy),
        case("quota", anthropic::quota(), Healthy),
        case("rate-limited", anthropic::rate_limited(20), Unknown),
        case("down", anthropic::down(), Unknown),
        case("overloaded", anthropic::overloaded(), Unknown),
        case("hangs", Reply::Hang, Unknown),
    ];
    cases.extend(any_provider());
    run(&server, &provider, "api_key", key, cases).await;
}

#[tokio::test]
async fn slack_tokens() {
    use Health::{Healthy, Unhealthy, Unknown};
    let provider = slack::start().await;
    let server = Site::new()
        .await
        .provider(&provider)
        .plugin("slack", "timeout", "3s")
        .start()
        .await;
    let key = |name: &str| format!("xoxb-1234567890-{name}-abcdefghij");
    let mut cases = vec![
        case("good", slack::good(), Healthy),
        case("hangs", Reply::Hang, Unknown),
    ];
    for error in [
        "invalid_auth",
        "not_authed",
        "token_revoked",
        "account_inactive",
        "token_expired",
    ] {
        cases.push(case(error, slack::refused(error), Unhealthy));
    }
    for error in [
        "not_allowed_token_type",
        "missing_scope",
        "no_permission",
        "org_login_required",
        "ekm_access_denied",
        "access_denied",
        "enterprise_is_restricted",
        "accesslimited",
        "team_added_to_org",
    ] {
        cases.push(case(error, slack::refused(error), Healthy));
    }
    for error in [
        "internal_error",
        "fatal_error",
        "request_timeout",
        "service_unavailable",
        "ratelimited",
        "an_error_that_nobody_knows",
    ] {
        cases.push(case(error, slack::refused(error), Unknown));
    }
    cases.push(case("rate-limited", slack::rate_limited(30), Unknown));
    cases.extend(any_provider());
    run(&server, &provider, "slack", key, cases).await;
}

#[tokio::test]
async fn only_a_true_refusal_changes_what_was_known() {
    let provider = openai::start().await;
    let server = Site::new().await.provider(&provider).start().await;
    let admin = server.admin().await;
    let key = "sk-proj-changing-T3BlbkFJ7hM2qZ";
    admin.store("changing", "api_key", "openai", key).await;

    provider.answers(key, openai::good());
    assert_eq!(admin.test("changing").await["status"], "healthy");
    // A provider that is down says nothing of the key, before and after.
    provider.answers(key, openai::down());
    assert_eq!(admin.test("changing").await["status"], "unknown");
    assert_eq!(listed_as(&admin, "changing").await, "active");
    provider.revokes(key);
    assert_eq!(admin.test("changing").await["status"], "unhealthy");
    assert_eq!(listed_as(&admin, "changing").await, "failed");
    provider.answers(key, openai::rate_limited(1));
    assert_eq!(admin.test("changing").await["status"], "unknown");
    assert_eq!(listed_as(&admin, "changing").await, "failed");
    provider.answers(key, openai::good());
    assert_eq!(admin.test("changing").await["status"], "healthy");
    assert_eq!(listed_as(&admin, "changing").await, "active");
}

#[tokio::test]
async fn a_provider_that_nobody_listens_for_is_unknown() {
    let provider = openai::start().await;
    let server = {
        let site = Site::new().await.provider(&provider);
        drop(provider);
        site.start().await
    };
    let admin = server.admin().await;
    admin
        .store(
            "nobody",
            "api_key",
            "openai",
            "sk-proj-nobody-T3BlbkFJ7hM2qZ",
        )
        .await;
    let tested = admin.test("nobody").await;
    assert_eq!(tested["status"], "unknown", "{tested}");
    assert!(tells_why(&tested), "{tested}");
}

#[tokio::test]
async fn a_key_of_provider_api_finds_its_plugin_by_its_looks() {
    let openai = openai::start().await;
    let anthropic = anthropic::start().await;
    let server = Site::new()
        .await
        .provider(&openai)
        .provider(&anthropic)
        .start()
        .await;
    let admin = server.admin().await;
    let (key, claude) = (
        "sk-proj-looks-T3BlbkFJ7hM2qZ",
        "sk-ant-api03-looks-R2DT3BlbkFJ7hM2qZ-igAA",
    );
    openai.answers(key, openai::good());
    anthropic.answers(claude, anthropic::good());
    admin.store("one", "api_key", "api", key).await;
    admin.store("other", "api_key", "api", claude).await;
    assert_eq!(admin.test("one").await["status"], "healthy");
    assert_eq!(admin.test("other").await["status"], "healthy");
    assert_eq!(openai.upstream.requests().len(), 1);
    assert_eq!(
        anthropic.upstream.only_request().header("x-api-key"),
        Some(claude)
    );
}

#[tokio::test]
async fn a_kind_that_no_plugin_knows_is_stored_and_its_health_is_unknown() {
    let server = Server::plain().await;
    let admin = server.admin().await;
    admin
        .store("database", "database", "postgres", "a database's password")
        .await;
    let tested = admin.test("database").await;
    assert_eq!(tested["status"], "unknown", "{tested}");
    assert!(tells_why(&tested), "{tested}");
}

#[tokio::test]
async fn all_are_checked_at_once() {
    let provider = openai::start().await;
    let server = Site::new().await.provider(&provider).start().await;
    let admin = server.admin().await;
    for number in 0..12 {
        let key = format!("sk-proj-all-{number:02}-T3BlbkFJ7hM2qZ");
        if number != 7 {
            provider.answers(&key, openai::good().after(Duration::from_millis(100)));
        }
        admin
            .store(&format!("key-{number:02}"), "api_key", "openai", &key)
            .await;
    }
    let checked = admin.post("/health/check-all").await.expect(200).json();
    assert_eq!(
        (
            &checked["checked"],
            &checked["healthy"],
            &checked["unhealthy"]
        ),
        (&json!(12), &json!(11), &json!(1)),
        "{checked}"
    );
    assert!(
        checked["checked_at"].is_string() && checked["duration_ms"].is_u64(),
        "{checked}"
    );
    let details = checked["details"].as_array().expect("a list");
    let bad: Vec<_> = details
        .iter()
        .filter(|one| one["status"] == "unhealthy")
        .collect();
    assert_eq!(bad.len(), 1, "{checked}");
    assert_eq!(bad[0]["name"], "key-07");
    assert!(
        bad[0]["error"].is_string() && bad[0]["response_time_ms"].is_u64(),
        "{checked}"
    );
    assert_eq!(provider.upstream.requests().len(), 12);
    assert_eq!(listed_as(&admin, "key-07").await, "failed");
}
