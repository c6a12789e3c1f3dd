//! The plugin `aws`.

use std::time::Duration;

use claviger_runtime::{
    CallContext, CallOutcome, Clock as _, Field, IssueRequest, Issued, Replacement, Revocation,
    Subject, SystemClock,
};
use serde_json::{Value, json};

use super::super::support::fakes::aws::{Aws, ROLE};
use super::super::support::fakes::{Fake, Fault};
use super::super::support::upstream::Recorded;
use super::{answered, assert_untold, credential, failure, operation, plugin, secret, text};

const ID: &str = "AKIAIOSFODNN7EXAMPLE";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn of_key(id: &str, key: &str) -> Subject {
    let fields = [
        ("access_key_id", id),
        ("secret_access_key*", key),
        ("region", "eu-central-1"),
        ("role_arn", ROLE),
    ];
    let origins = ["https://sts.amazonaws.com", "https://iam.amazonaws.com"];
    credential("aws_access_key", &fields, &origins)
}

async fn account() -> Fake<Aws> {
    Fake::start(Aws::with_key(ID, KEY)).await
}

/// A rotation that begins now.
fn rotation() -> CallContext {
    let now = SystemClock.now_ms().to_string();
    CallContext {
        options: vec![("started-at-ms".to_owned(), now)],
        ..operation("0123456789abcdef")
    }
}

fn is(action: &'static str) -> impl Fn(&Recorded) -> bool + Send + 'static {
    move |request| request.text().starts_with(&format!("Action={action}&"))
}

fn wanted(seconds: u64, scopes: &[&str], parameters: &[(&str, &str)]) -> IssueRequest {
    IssueRequest {
        ttl: Duration::from_secs(seconds),
        scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        parameters: parameters
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
    }
}

async fn issue(fake: &Fake<Aws>, request: IssueRequest) -> CallOutcome<Issued> {
    let root = of_key(ID, KEY);
    plugin(fake)
        .await
        .issue(operation("lease-1"), root, request)
        .await
}

async fn create(fake: &Fake<Aws>) -> CallOutcome<Replacement> {
    plugin(fake).await.create(rotation(), of_key(ID, KEY)).await
}

#[tokio::test]
async fn a_key_that_works_is_valid_and_one_that_doesnt_is_rejected() {
    let fake = account().await;
    let plugin = plugin(&fake).await;
    let outcome = plugin.validate(operation("1"), of_key(ID, KEY)).await;
    assert!(outcome.evidence.subject_sent);
    let report = answered(outcome);
    assert_eq!(report.account.as_deref(), Some("123456789012"));
    for (id, key) in [
        (ID, "wrong/secret+0123456789"),
        ("AKIAUNKNOWN000000000", KEY),
    ] {
        let outcome = plugin.validate(operation("1"), of_key(id, key)).await;
        assert!(
            outcome.evidence.subject_sent,
            "it is held against this version"
        );
        assert_eq!(failure(outcome).0, "rejected", "{id}");
    }
    fake.state().denied.push("GetCallerIdentity");
    let outcome = plugin.validate(operation("1"), of_key(ID, KEY)).await;
    let (code, message) = failure(outcome);
    assert_eq!(code, "restricted");
    assert!(
        message.contains("no \"identity-based\" policy"),
        "{message}"
    );
}

#[tokio::test]
async fn a_wrong_clock_says_nothing_of_the_key() {
    let fake = account().await;
    let plugin = plugin(&fake).await;
    for hours in [-1, 1] {
        fake.state().ahead_ms = hours * 3_600_000;
        let (code, message) = failure(plugin.validate(operation("1"), of_key(ID, KEY)).await);
        assert_eq!(code, "unreachable");
        assert!(message.contains("clock"), "{message}");
    }
}

#[tokio::test]
async fn a_provider_in_trouble_says_nothing_of_the_key() {
    let fake = account().await;
    let plugin = plugin(&fake).await;
    for fault in Fault::ALL {
        fake.fail_after(0, fault, |_| true);
        let (code, _) = failure(plugin.validate(operation("1"), of_key(ID, KEY)).await);
        let expected = match fault {
            Fault::RateLimited => "rate-limited",
            Fault::FrozenBefore | Fault::FrozenAfter => "timed-out",
            _ => "unreachable",
        };
        assert!(
            code == expected || code == "unreachable",
            "{fault:?}: {code}"
        );
    }
}

#[tokio::test]
async fn a_session_is_issued_for_what_was_asked_and_no_more() {
    let fake = account().await;
    let resource = [("resource", "arn:aws:s3:::site/*"), ("external-id", "acme")];
    fake.state().external_id = Some("acme");
    let outcome = issue(&fake, wanted(900, &["s3:GetObject"], &resource)).await;
    assert!(outcome.evidence.subject_sent);
    let issued = answered(outcome);
    let state = fake.state();
    let session = &state.sessions[0];
    assert_eq!(secret(&issued.fields, "token"), session.token);
    assert_eq!(secret(&issued.fields, "secret_access_key"), session.secret);
    assert_eq!(text(&issued.fields, "access_key_id"), session.id);
    assert_eq!(text(&issued.fields, "region"), "eu-central-1");
    assert_untold(&session.token, &issued.details);
    assert_eq!(issued.scopes, ["s3:GetObject"]);
    let left = issued.expires_at_ms.expect("an end") - SystemClock.now_ms();
    assert!((890_000..=901_000).contains(&left), "{left}");
    assert_eq!(session.asked["RoleSessionName"], "claviger-lease-1");
    let policy: Value = serde_json::from_str(&session.asked["Policy"]).expect("JSON");
    assert_eq!(
        policy["Statement"],
        json!([{ "Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::site/*"] }])
    );
}

#[tokio::test]
async fn without_scopes_a_session_may_what_its_role_may() {
    let fake = account().await;
    answered(issue(&fake, wanted(3_600, &[], &[])).await);
    let arns = [(
        "policy-arns",
        "arn:aws:iam::aws:policy/A,arn:aws:iam::aws:policy/B",
    )];
    answered(issue(&fake, wanted(3_600, &[], &arns)).await);
    let state = fake.state();
    assert!(!state.sessions[0].asked.contains_key("Policy"));
    let second = &state.sessions[1].asked;
    assert_eq!(
        second["PolicyArns.member.2.arn"],
        "arn:aws:iam::aws:policy/B"
    );
}

#[tokio::test]
async fn what_aws_has_no_session_for_is_said() {
    let fake = account().await;
    let plugin = plugin(&fake).await;
    for (seconds, limit) in [(899, "15m (900 s)"), (43_201, "12h (43200 s)")] {
        let (code, message) = failure(issue(&fake, wanted(seconds, &[], &[])).await);
        assert_eq!(code, "invalid-input");
        assert!(message.contains(limit), "{message}");
    }
    let chained = of_key("ASIAIOSFODNN7EXAMPLE", KEY);
    let outcome = plugin
        .issue(operation("l"), chained, wanted(3_601, &[], &[]))
        .await;
    let (code, message) = failure(outcome);
    assert!(
        code == "invalid-input" && message.contains("at most 1h"),
        "{message}"
    );
    for (scopes, parameters) in [
        (&["s3"][..], &[][..]),
        (&["s3:GetObject"], &[("policy", "{}")]),
        (&[], &[("resorce", "arn:aws:s3:::site")]),
        (&[], &[("policy-arns", "")]),
    ] {
        let (code, _) = failure(issue(&fake, wanted(900, scopes, parameters)).await);
        assert_eq!(code, "invalid-input", "{scopes:?} {parameters:?}");
    }
    assert!(fake.upstream.requests().is_empty());

    fake.state().longest = 3_600;
    let (code, message) = failure(issue(&fake, wanted(7_200, &[], &[])).await);
    assert_eq!(code, "invalid-input");
    assert!(message.contains("MaxSessionDuration"), "{message}");
    fake.state().external_id = Some("acme");
    let (code, _) = failure(issue(&fake, wanted(900, &[], &[])).await);
    assert_eq!(code, "restricted");
    let mut without = of_key(ID, KEY);
    without.fields.retain(|field| field.name != "role_arn");
    let outcome = plugin
        .issue(operation("l"), without, wanted(900, &[], &[]))
        .await;
    assert_eq!(failure(outcome).0, "invalid-input");
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let fake = account().await;
    let issued = answered(issue(&fake, wanted(900, &[], &[])).await);
    let before = fake.upstream.requests().len();
    let outcome = plugin(&fake)
        .await
        .revoke(operation("l"), of_key(ID, KEY), issued)
        .await;
    assert_eq!(answered(outcome), Revocation::UntilExpiry);
    assert_eq!(fake.upstream.requests().len(), before);
}

#[tokio::test]
async fn an_issue_that_went_wrong_is_told_as_what_it_is() {
    for fault in Fault::ALL {
        let fake = account().await;
        fake.fail_after(0, fault, is("AssumeRole"));
        let outcome = issue(&fake, wanted(900, &[], &[])).await;
        let (code, _) = failure(outcome);
        assert!(
            codes_of_making(fault).contains(&code.as_str()),
            "{fault:?}: {code}"
        );
    }
}

/// What may be said of a request that makes something and goes wrong.
fn codes_of_making(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::RateLimited => &["rate-limited"],
        Fault::Unauthorized => &["unreachable"],
        Fault::FrozenBefore | Fault::FrozenAfter => &["timed-out", "unknown-outcome"],
        Fault::Closed | Fault::ServerError | Fault::Garbage | Fault::CutOff => &["unknown-outcome"],
    }
}

/// The credential as the host stores it after a rotation.
fn next(replacement: &Replacement) -> Subject {
    let fields: &[Field] = &replacement.fields;
    of_key(
        &text(fields, "access_key_id"),
        &secret(fields, "secret_access_key"),
    )
}

#[tokio::test]
async fn a_rotation_makes_a_key_and_retires_the_old_one() {
    let fake = account().await;
    let plugin = plugin(&fake).await;
    let made = answered(create(&fake).await);
    let id = text(&made.fields, "access_key_id");
    assert_eq!(made.external_id.as_deref(), Some(id.as_str()));
    assert_untold(&secret(&made.fields, "secret_access_key"), &made.details);
    assert_eq!(fake.state().ids(), [ID, &id]);
    for subject in [of_key(ID, KEY), next(&made)] {
        answered(plugin.validate(operation("1"), subject).await);
    }
    for _ in 0..2 {
        answered(plugin.retire(rotation(), of_key(ID, KEY)).await);
    }
    assert_eq!(fake.state().ids(), [id]);
    answered(plugin.validate(operation("1"), next(&made)).await);
}

#[tokio::test]
async fn a_key_that_nobody_here_knows_of_is_left_alone() {
    let fake = account().await;
    fake.state().add_key("AKIASOMEONEELSES0000");
    let (code, message) = failure(create(&fake).await);
    assert_eq!(code, "conflict");
    assert!(message.contains("AKIASOMEONEELSES0000"), "{message}");
    let plugin = plugin(&fake).await;
    answered(plugin.abandon(rotation(), of_key(ID, KEY)).await);
    assert_eq!(fake.state().ids(), [ID, "AKIASOMEONEELSES0000"]);
}

#[tokio::test]
async fn what_a_lost_answer_left_behind_is_found_and_deleted() {
    for fault in Fault::ALL {
        for (number, action) in [(0, "ListAccessKeys"), (1, "CreateAccessKey")] {
            let fake = account().await;
            let plugin = plugin(&fake).await;
            let begun = rotation();
            let again = CallContext {
                options: begun.options.clone(),
                ..operation(&begun.idempotency_key)
            };
            fake.fail_after(0, fault, is(action));
            let (code, _) = failure(plugin.create(begun, of_key(ID, KEY)).await);
            let expected = match (number, fault) {
                (0, Fault::RateLimited) => &["rate-limited"][..],
                (0, Fault::FrozenBefore | Fault::FrozenAfter) => &["timed-out", "unreachable"],
                (0, _) => &["unreachable"],
                (_, fault) => codes_of_making(fault),
            };
            assert!(
                expected.contains(&code.as_str()),
                "{action} {fault:?}: {code}"
            );
            let left = usize::from(number == 1 && fault.is_done());
            assert_eq!(fake.state().keys.len(), 1 + left, "{action} {fault:?}");
            for _ in 0..2 {
                let context = CallContext {
                    options: again.options.clone(),
                    ..operation(&again.idempotency_key)
                };
                answered(plugin.abandon(context, of_key(ID, KEY)).await);
            }
            assert_eq!(fake.state().ids(), [ID], "{action} {fault:?}");
        }
    }
}

#[tokio::test]
async fn retiring_and_abandoning_can_be_asked_for_again() {
    for fault in Fault::ALL {
        let fake = account().await;
        let plugin = plugin(&fake).await;
        let made = answered(create(&fake).await);
        fake.fail_after(0, fault, is("DeleteAccessKey"));
        let (code, _) = failure(plugin.retire(rotation(), of_key(ID, KEY)).await);
        assert_ne!(code, "unknown-outcome", "{fault:?}");
        assert_ne!(code, "rejected", "{fault:?}");
        answered(plugin.retire(rotation(), of_key(ID, KEY)).await);
        assert_eq!(fake.state().ids(), [text(&made.fields, "access_key_id")]);
    }
}

#[tokio::test]
async fn an_abandoned_lease_touches_no_key() {
    let fake = account().await;
    answered(create(&fake).await);
    answered(
        plugin(&fake)
            .await
            .abandon(operation("lease-1"), of_key(ID, KEY))
            .await,
    );
    assert_eq!(fake.state().keys.len(), 2);
}

#[tokio::test]
async fn a_key_that_was_made_long_after_a_rotation_began_is_kept() {
    let fake = account().await;
    let made = answered(create(&fake).await);
    let key = text(&made.fields, "access_key_id").clone();
    let hour_ago = SystemClock.now_ms() - 3_600_000;
    let long_ago = CallContext {
        options: vec![("started-at-ms".to_owned(), hour_ago.to_string())],
        ..operation("0123456789abcdef")
    };
    let plugin = plugin(&fake).await;
    let (code, message) = failure(plugin.abandon(long_ago, of_key(ID, KEY)).await);
    assert_eq!(code, "conflict");
    assert!(message.contains(&key), "{message}");
    assert_eq!(fake.state().keys.len(), 2);
}
