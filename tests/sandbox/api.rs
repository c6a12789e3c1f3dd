//! Any HTTP service: where and how it is asked is what the credential says, and nothing else.

use std::sync::Arc;

use claviger_runtime::{CallOutcome, Plugin, Report, Subject};

use super::first_party::{answered, assert_absent, before, credential, failure};
use super::stage::context;
use super::support::fakes::service::HttpService;
use super::support::fakes::{Fake, Fault};
use super::support::upstream::Recorded;

const KEY: &str = "service-key-0123456789";
const NEXT: &str = "service-next-9876543210";

/// A key of the service, with further fields.
fn key(fake: &Fake<HttpService>, value: &str, more: &[(&str, &str)]) -> Subject {
    let origin = fake.upstream.origin();
    let (test, rotate) = (format!("{origin}/me"), format!("{origin}/hooks/rotate"));
    let texts: Vec<_> = [("test_url", test.as_str()), ("rotation_webhook", &rotate)]
        .into_iter()
        .chain(more.iter().copied())
        .collect();
    credential("api_key", &[("api_key", value)], &texts, &[&origin])
}

/// The key that works, and how often it became another one.
fn set(fake: &Fake<HttpService>) -> (String, usize) {
    let service = fake.state();
    (service.key.clone(), service.sets())
}

async fn validate(plugin: &Arc<Plugin>, key: Subject) -> CallOutcome<Report> {
    plugin.validate(context(), key).await
}

#[tokio::test]
async fn the_key_stands_where_the_credential_says() {
    for (name, before_it, more) in [
        ("authorization", "Bearer ", &[][..]),
        ("x-api-key", "", &[("header", "X-API-Key")]),
        (
            "authorization",
            "Token ",
            &[("header_template", "Token {value}")],
        ),
        (
            "api_key",
            "key=",
            &[("header", "api_key"), ("header_template", "key={value}")],
        ),
        (
            "cookie",
            "session=",
            &[("header", "Cookie"), ("header_template", "session={value}")],
        ),
        ("authorization", "Bearer ", &[("test_method", "HEAD")]),
    ] {
        let fake = Fake::start(HttpService::new(KEY).in_header(name, before_it)).await;
        let plugin = before(&fake, "10s").await;
        let outcome = validate(&plugin, key(&fake, KEY, more)).await;
        assert!(outcome.evidence.subject_sent, "{more:?}");
        answered(outcome);
        let request = fake.upstream.only_request();
        assert_eq!(
            request.header(name),
            Some(format!("{before_it}{KEY}").as_str())
        );
        let unknown = validate(&plugin, key(&fake, NEXT, more)).await;
        assert_eq!(failure(unknown).code, "rejected", "{more:?}");
    }
}

#[tokio::test]
async fn what_the_service_says_is_told() {
    for (status, more, expected) in [
        (401, &[][..], "rejected"),
        (403, &[], "restricted"),
        (404, &[], "unreachable"),
        (404, &[("test_status", "404")], "valid"),
        (200, &[("test_status", "204")], "unreachable"),
        (302, &[], "unreachable"),
        (500, &[], "unreachable"),
        (429, &[("test_status", "429")], "rate-limited"),
    ] {
        let fake = Fake::start(HttpService::new(KEY)).await;
        fake.state().refuses = Some(status);
        let plugin = before(&fake, "10s").await;
        let outcome = validate(&plugin, key(&fake, KEY, more)).await;
        let code = match outcome.result {
            Ok(_) => "valid".to_owned(),
            Err(_) => failure(outcome).code,
        };
        assert_eq!(code, expected, "{status} {more:?}");
    }
}

#[tokio::test]
async fn each_fault_of_a_test_has_its_code() {
    for fault in Fault::ALL {
        let fake = Fake::start(HttpService::new(KEY)).await;
        let plugin = before(&fake, "2s").await;
        // A request that changes nothing may be sent again over another connection.
        fake.fail_times(0, 9, fault, |request: &Recorded| request.path() == "/me");
        let outcome = validate(&plugin, key(&fake, KEY, &[])).await;
        let expected = match fault {
            Fault::RateLimited => "rate-limited",
            Fault::Unauthorized => "rejected",
            _ => "unreachable",
        };
        assert_eq!(failure(outcome).code, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn without_an_address_nobody_is_asked() {
    let fake = Fake::start(HttpService::new(KEY)).await;
    let plugin = before(&fake, "10s").await;
    let bare = || credential("api_key", &[("api_key", KEY)], &[], &[]);
    let untold = failure(validate(&plugin, bare()).await);
    assert_eq!(untold.code, "unsupported");
    assert!(untold.message.contains("test_url"), "{untold:?}");
    let untold = failure(plugin.assign(context(), bare(), bare()).await);
    assert_eq!(untold.code, "unsupported");
    assert!(untold.message.contains("rotation_webhook"), "{untold:?}");
}

#[tokio::test]
async fn headers_of_the_hosts_own_and_other_origins_get_no_key() {
    let fake = Fake::start(HttpService::new(KEY)).await;
    let plugin = before(&fake, "10s").await;
    for header in [
        "host",
        "Content-Length",
        "transfer-encoding",
        "proxy-authorization",
        "content-type",
        "x-original-url",
    ] {
        let outcome = validate(&plugin, key(&fake, KEY, &[("header", header)])).await;
        assert!(!outcome.evidence.subject_sent, "{header}");
        assert_eq!(outcome.evidence.denials.len(), 1, "{header}");
        assert_eq!(failure(outcome).code, "denied", "{header}");
    }
    // Where the secrets may go was fixed when they were stored.
    let mut elsewhere = key(&fake, KEY, &[]);
    elsewhere.origins = vec!["https://service.example".parse().expect("an origin")];
    let outcome = validate(&plugin, elsewhere).await;
    assert_eq!(failure(outcome).code, "denied");
    assert!(fake.upstream.requests().is_empty());
}

#[tokio::test]
async fn a_new_key_is_set_and_set_again() {
    for remembers in [true, false] {
        let fake = Fake::start(HttpService::new(KEY).in_header("x-api-key", "")).await;
        fake.state().remembers = remembers;
        let plugin = before(&fake, "10s").await;
        let header = [("header", "x-api-key")];
        for _ in 0..2 {
            let (current, proposed) = (key(&fake, KEY, &header), key(&fake, NEXT, &header));
            let outcome = plugin.assign(context(), current, proposed).await;
            assert_absent(&outcome.evidence, &[KEY, NEXT]);
            answered(outcome);
        }
        assert_eq!(set(&fake), (NEXT.to_owned(), 1));
        answered(validate(&plugin, key(&fake, NEXT, &header)).await);
        let told = fake.upstream.requests().remove(0);
        let told: serde_json::Value = serde_json::from_slice(&told.body).expect("JSON");
        assert_eq!(
            told,
            serde_json::json!({"value": NEXT, "idempotency_key": "one-operation"})
        );
    }
}

#[tokio::test]
async fn each_fault_of_the_webhook_has_its_code_and_a_repeat_mends_it() {
    for remembers in [true, false] {
        for fault in Fault::ALL {
            let fake = Fake::start(HttpService::new(KEY)).await;
            fake.state().remembers = remembers;
            let plugin = before(&fake, "3s").await;
            let assign = || plugin.assign(context(), key(&fake, KEY, &[]), key(&fake, NEXT, &[]));
            fake.fail_after(0, fault, |request: &Recorded| request.method == "POST");
            let outcome = assign().await;
            assert_absent(&outcome.evidence, &[KEY, NEXT]);
            let failure = failure(outcome);
            assert_absent(&failure, &[KEY, NEXT]);
            let expected = match fault {
                Fault::RateLimited => "rate-limited",
                // A service that says so to both keys, as it does where the 401 is a stranger's.
                Fault::Unauthorized => "rejected",
                Fault::Closed
                | Fault::FrozenBefore
                | Fault::FrozenAfter
                | Fault::ServerError
                | Fault::Garbage
                | Fault::CutOff => "unknown-outcome",
            };
            assert_eq!(failure.code, expected, "{fault:?}: {failure:?}");
            fake.heal();
            answered(assign().await);
            assert_eq!(set(&fake), (NEXT.to_owned(), 1));
        }
    }
}

#[tokio::test]
async fn what_the_webhook_has_against_a_key_is_told() {
    for (status, expected) in [
        (403, "restricted"),
        (404, "not-found"),
        (409, "conflict"),
        (422, "invalid-input"),
        (503, "unknown-outcome"),
        (302, "unreachable"),
    ] {
        let fake = Fake::start(HttpService::new(KEY)).await;
        fake.state().refuses = Some(status);
        let plugin = before(&fake, "10s").await;
        let outcome = plugin
            .assign(context(), key(&fake, KEY, &[]), key(&fake, NEXT, &[]))
            .await;
        assert_eq!(failure(outcome).code, expected, "{status}");
        assert_eq!(fake.state().key, KEY);
    }
}
