//! Slack's token rotation: one request for the next pair of tokens, and never a second.

use std::sync::Arc;

use claviger_runtime::{CallOutcome, FieldValue, Plugin, Replacement, Subject};

use super::first_party::{answered, assert_absent, before, credential, failure, secret};
use super::stage::context;
use super::support::fakes::slack::{LIFE, Slack};
use super::support::fakes::{Fake, Fault};
use super::support::upstream::Recorded;

const ORIGIN: &str = "https://slack.com";

fn is_refresh(request: &Recorded) -> bool {
    request.path() == "/api/oauth.v2.access"
}

fn refreshes(fake: &Fake<Slack>) -> usize {
    let requests = fake.upstream.requests();
    requests.iter().filter(|it| is_refresh(it)).count()
}

/// The newest access token, and the refresh token that is good.
fn tokens(fake: &Fake<Slack>) -> (String, String) {
    let slack = fake.state();
    (slack.token(), slack.refresh_token())
}

/// The app's credential as it is at Slack now.
fn app(fake: &Fake<Slack>) -> Subject {
    let slack = fake.state();
    with(&slack.token(), &slack.refresh_token(), slack.client_secret)
}

fn with(token: &str, refresh: &str, client_secret: &str) -> Subject {
    credential(
        "slack",
        &[
            ("bot_token", token),
            ("client_secret", client_secret),
            ("refresh_token", refresh),
        ],
        &[("client_id", "1234567890.9876543210")],
        &[ORIGIN],
    )
}

fn bot(token: &str) -> Subject {
    credential("slack", &[("bot_token", token)], &[], &[ORIGIN])
}

async fn create(plugin: &Arc<Plugin>, app: Subject) -> CallOutcome<Replacement> {
    plugin.create(context(), app).await
}

#[tokio::test]
async fn a_refresh_gives_the_next_pair_and_the_old_token_works_on() {
    for service in [Slack::bot(), Slack::user()] {
        let fake = Fake::start(service).await;
        let plugin = before(&fake, "10s").await;
        let (old, spent) = tokens(&fake);
        let current = app(&fake);
        let outcome = create(&plugin, current).await;
        let (new, next) = tokens(&fake);
        assert!(outcome.evidence.subject_sent);
        assert_absent(&outcome.evidence, &[&old, &spent, &new, &next]);
        let replacement = answered(outcome);
        assert_eq!(secret(&replacement.fields, "bot_token"), new);
        assert_eq!(secret(&replacement.fields, "refresh_token"), next);
        assert_eq!(replacement.fields.len(), 2);
        assert_absent(&replacement.details, &[&new, &next]);
        let ends = replacement.expires_at_ms.expect("it ends") / 1000;
        let in_seconds = ends - now_in_seconds();
        assert!((LIFE - 60..=LIFE).contains(&in_seconds), "{in_seconds}");
        assert_eq!((fake.state().made(), refreshes(&fake)), (2, 1));

        // Both work; the old one until its time is over, which ends nothing else.
        for token in [&old, &new] {
            answered(plugin.validate(context(), bot(token)).await);
        }
        answered(plugin.retire(context(), bot(&old)).await);
        assert!(fake.state().takes(&old));
        fake.state().now = LIFE;
        let ended = failure(plugin.validate(context(), bot(&old)).await);
        assert_eq!(ended.code, "rejected");
    }
}

/// In seconds since the Unix epoch.
fn now_in_seconds() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).expect("after 1970")
}

#[tokio::test]
async fn a_third_refresh_ends_the_oldest_token() {
    let fake = Fake::start(Slack::bot()).await;
    let plugin = before(&fake, "10s").await;
    let first = fake.state().token();
    for _ in 0..2 {
        let current = app(&fake);
        answered(create(&plugin, current).await);
    }
    assert!(!fake.state().takes(&first));
    let newest = fake.state().token();
    answered(plugin.validate(context(), bot(&newest)).await);
}

#[tokio::test]
async fn each_fault_has_its_code_and_one_request() {
    for fault in Fault::ALL {
        let fake = Fake::start(Slack::bot()).await;
        let plugin = before(&fake, "3s").await;
        let made = fake.state().made();
        fake.fail_after(0, fault, is_refresh);
        let current = app(&fake);
        let old = fake.state().token();
        let outcome = create(&plugin, current).await;
        let (new, next) = tokens(&fake);
        assert_absent(&outcome.evidence, &[&new, &next]);
        let failure = failure(outcome);
        assert_absent(&failure, &[&old, &new, &next]);
        let expected = match fault {
            Fault::RateLimited => "rate-limited",
            Fault::Unauthorized => "unreachable",
            // Nobody here knows whether it was before or after.
            Fault::Closed
            | Fault::FrozenBefore
            | Fault::FrozenAfter
            | Fault::ServerError
            | Fault::Garbage
            | Fault::CutOff => "unknown-outcome",
        };
        assert_eq!(failure.code, expected, "{fault:?}: {failure:?}");
        if fault == Fault::RateLimited {
            assert_eq!(failure.retry_after_ms, Some(7_000));
        }
        assert_eq!(refreshes(&fake), 1, "{fault:?}");
        assert_eq!(fake.state().made() > made, fault.is_done(), "{fault:?}");
    }
}

#[tokio::test]
async fn what_slack_has_against_a_refresh_is_told() {
    for (code, expected) in [
        ("invalid_refresh_token", "rejected"),
        ("token_revoked", "rejected"),
        ("bad_client_secret", "rejected"),
        ("org_login_required", "restricted"),
        ("ratelimited", "rate-limited"),
        ("service_unavailable", "unreachable"),
        ("internal_error", "unknown-outcome"),
        ("fatal_error", "unknown-outcome"),
        ("something_new", "unknown-outcome"),
    ] {
        let fake = Fake::start(Slack::bot()).await;
        let plugin = before(&fake, "10s").await;
        fake.state().refuses = Some(code);
        let current = app(&fake);
        let failure = failure(create(&plugin, current).await);
        assert_eq!(failure.code, expected, "{code}");
        assert!(
            failure.message.contains(code) || code == "ratelimited",
            "{failure:?}"
        );
        assert_eq!(refreshes(&fake), 1, "{code}");
    }
}

#[tokio::test]
async fn a_spent_refresh_token_and_a_wrong_client_are_rejected() {
    let fake = Fake::start(Slack::bot()).await;
    let plugin = before(&fake, "10s").await;
    let (token, spent, secret) = {
        let slack = fake.state();
        (slack.token(), slack.refresh_token(), slack.client_secret)
    };
    let wrong = with(&token, &spent, "another-client-secret-0123456789");
    assert_eq!(failure(create(&plugin, wrong).await).code, "rejected");
    answered(create(&plugin, with(&token, &spent, secret)).await);
    let again = create(&plugin, with(&token, &spent, secret)).await;
    assert_eq!(failure(again).code, "rejected");
}

#[tokio::test]
async fn what_slack_can_not_rotate_is_said_without_asking_it() {
    let fake = Fake::start(Slack::bot()).await;
    let plugin = before(&fake, "10s").await;
    let token = fake.state().token();
    let unfit = failure(create(&plugin, bot(&token)).await);
    assert_eq!(unfit.code, "unsupported");
    assert!(unfit.message.contains("bring the new one"), "{unfit:?}");
    let secrets = [
        ("bot_token", token.as_str()),
        ("client_secret", "slack-client-secret-0123456789"),
    ];
    let without = credential("slack", &secrets, &[("client_id", "1.2")], &[ORIGIN]);
    let unfit = failure(create(&plugin, without).await);
    assert_eq!(unfit.code, "unsupported");
    assert!(unfit.message.contains("oauth.v2.exchange"), "{unfit:?}");
    let mut clientless = app(&fake);
    clientless
        .fields
        .retain(|field| !matches!(field.value, FieldValue::Text(_)));
    assert_eq!(
        failure(create(&plugin, clientless).await).code,
        "invalid-input"
    );
    let undo = failure(plugin.abandon(context(), app(&fake)).await);
    assert_eq!(undo.code, "unsupported");
    assert!(fake.upstream.requests().is_empty());
}
