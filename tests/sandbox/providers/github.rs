//! The plugin `github`.

use std::time::Duration;

use claviger_runtime::{
    CallOutcome, Clock as _, IssueRequest, Issued, Revocation, Subject, SystemClock,
};
use serde_json::json;

use super::super::support::fakes::github::{APP, GitHub, INSTALLATION, PRIVATE_KEY};
use super::super::support::fakes::{Fake, Fault};
use super::{answered, assert_untold, credential, failure, operation, plugin, secret};

/// The same key as PKCS#8.
const AS_PKCS8: &str = include_str!("../../../host/runtime/src/egress/sign/rsa.pkcs8.pem");

fn app(id: &str, installation: &str, key: &str) -> Subject {
    let fields = [
        ("app_id", id),
        ("installation_id", installation),
        ("private_key*", key),
    ];
    credential("github_app", &fields, &["https://api.github.com"])
}

fn good() -> Subject {
    app(APP, INSTALLATION, PRIVATE_KEY)
}

async fn github() -> Fake<GitHub> {
    Fake::start(GitHub::default()).await
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

async fn issue(fake: &Fake<GitHub>, request: IssueRequest) -> CallOutcome<Issued> {
    plugin(fake)
        .await
        .issue(operation("lease-1"), good(), request)
        .await
}

#[tokio::test]
async fn an_app_that_github_knows_is_valid_whichever_pem_its_key_is_in() {
    let fake = github().await;
    let plugin = plugin(&fake).await;
    for key in [PRIVATE_KEY, AS_PKCS8] {
        let subject = app(APP, INSTALLATION, key);
        let outcome = plugin.validate(operation("1"), subject).await;
        assert!(outcome.evidence.subject_sent);
        let report = answered(outcome);
        assert_eq!(report.account.as_deref(), Some("acme"));
        assert_eq!(
            report.scopes,
            ["contents:write", "issues:write", "metadata:read"]
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_app_is_told_apart() {
    let fake = github().await;
    let plugin = plugin(&fake).await;
    let other = rcgen::KeyPair::generate().expect("a key").serialize_pem();
    for (subject, code) in [
        (app("654321", INSTALLATION, PRIVATE_KEY), "rejected"),
        (app(APP, "1", PRIVATE_KEY), "not-found"),
        (app(APP, INSTALLATION, &other), "invalid-input"),
    ] {
        assert_eq!(
            failure(plugin.validate(operation("1"), subject).await).0,
            code
        );
    }
    for ahead in [-3_600, 3_600] {
        fake.state().ahead = ahead;
        let (code, message) = failure(plugin.validate(operation("1"), good()).await);
        assert_eq!(code, "unreachable");
        assert!(message.contains("clock"), "{message}");
    }
    fake.state().ahead = 0;
    fake.state().limited = true;
    let outcome = plugin.validate(operation("1"), good()).await;
    let told = format!("{:?}", outcome.result.as_ref().err());
    assert!(told.contains("retry_after_ms: Some("), "{told}");
    assert_eq!(failure(outcome).0, "rate-limited");
    fake.state().limited = false;
    fake.state().suspended = true;
    let outcome = plugin.validate(operation("1"), good()).await;
    assert_eq!(failure(outcome).0, "restricted");
}

#[tokio::test]
async fn a_provider_in_trouble_says_nothing_of_the_app() {
    let fake = github().await;
    let plugin = plugin(&fake).await;
    for fault in Fault::ALL {
        for passes in [0, 1] {
            fake.fail_after(passes, fault, |_| true);
            let (code, _) = failure(plugin.validate(operation("1"), good()).await);
            assert!(
                ["unreachable", "rate-limited", "timed-out"].contains(&code.as_str()),
                "{fault:?}: {code}"
            );
            assert_eq!(code == "rate-limited", fault == Fault::RateLimited);
        }
    }
}

#[tokio::test]
async fn a_token_is_for_what_was_asked_and_no_more() {
    let fake = github().await;
    let asked = wanted(
        3_600,
        &["repo:read", "issues:write"],
        &[("repositories", "site, docs")],
    );
    let outcome = issue(&fake, asked).await;
    assert!(outcome.evidence.subject_sent);
    let issued = answered(outcome);
    let made = fake.state().tokens[0].clone();
    let token = secret(&issued.fields, "token");
    assert!(token == made.value && token.len() > 500, "{}", token.len());
    assert_untold(&token, &issued.details);
    assert_eq!(issued.scopes, ["repo:read", "issues:write"]);
    assert_eq!(
        made.permissions,
        json!({ "contents": "read", "issues": "write", "metadata": "read" })
    );
    assert_eq!(
        made.repositories,
        Some(vec!["site".to_owned(), "docs".to_owned()])
    );
    let left = issued.expires_at_ms.expect("an end") - SystemClock.now_ms();
    assert!((3_590_000..=3_601_000).contains(&left), "{left}");
}

#[tokio::test]
async fn without_scopes_and_repositories_a_token_is_the_installations() {
    let fake = github().await;
    let issued = answered(issue(&fake, wanted(60, &[], &[])).await);
    assert!(issued.scopes.is_empty());
    assert_eq!(fake.state().tokens[0].repositories, None);
}

#[tokio::test]
async fn a_token_that_may_more_than_was_asked_is_ended_at_once() {
    let fake = github().await;
    fake.state().is_generous = true;
    for asked in [
        wanted(60, &["contents:read"], &[]),
        wanted(60, &[], &[("repositories", "site")]),
    ] {
        let (code, message) = failure(issue(&fake, asked).await);
        assert_eq!(code, "unreachable");
        assert!(message.contains("it is revoked"), "{message}");
        assert!(fake.state().tokens.is_empty());
    }
}

#[tokio::test]
async fn what_github_has_no_token_for_is_said() {
    let fake = github().await;
    for (asked, part) in [
        (wanted(3_601, &[], &[]), "at most 1h"),
        (wanted(60, &["repo"], &[]), "`repo` is no permission"),
        (
            wanted(60, &[], &[("repositories", "")]),
            "`repositories` are names",
        ),
        (
            wanted(60, &[], &[("repositories", "acme/site")]),
            "without their owner",
        ),
        (
            wanted(60, &[], &[("repository", "site")]),
            "not with `repository`",
        ),
    ] {
        let (code, message) = failure(issue(&fake, asked).await);
        assert_eq!(code, "invalid-input");
        assert!(message.contains(part), "{message}");
    }
    assert!(fake.upstream.requests().is_empty());
    for asked in [
        wanted(60, &["administration:write"], &[]),
        wanted(60, &[], &[("repositories", "other")]),
    ] {
        assert_eq!(failure(issue(&fake, asked).await).0, "invalid-input");
    }
    assert!(fake.state().tokens.is_empty());
}

#[tokio::test]
async fn a_token_ends_itself_and_twice_is_once() {
    let fake = github().await;
    let plugin = plugin(&fake).await;
    for fault in Fault::ALL {
        let issued = || async { answered(issue(&fake, wanted(60, &["contents:read"], &[])).await) };
        let issued = issued().await;
        let again = |issued: &Issued| Issued {
            fields: vec![claviger_runtime::Field {
                name: "token".to_owned(),
                value: claviger_runtime::FieldValue::Secret(claviger_runtime::Secret::from(
                    secret(&issued.fields, "token"),
                )),
            }],
            scopes: issued.scopes.clone(),
            expires_at_ms: issued.expires_at_ms,
            handle: None,
            details: Vec::new(),
        };
        fake.fail_after(0, fault, |request| request.method == "DELETE");
        let outcome = plugin.revoke(operation("r"), good(), again(&issued)).await;
        if fault == Fault::CutOff {
            // A 204 has no body that could be cut off.
            assert_eq!(answered(outcome), Revocation::Revoked);
        } else {
            let (code, _) = failure(outcome);
            assert!(
                ["unreachable", "rate-limited", "timed-out"].contains(&code.as_str()),
                "{fault:?}: {code}"
            );
        }
        let expected = if fault.is_done() {
            Revocation::AlreadyGone
        } else {
            Revocation::Revoked
        };
        let outcome = plugin.revoke(operation("r"), good(), again(&issued)).await;
        assert_eq!(answered(outcome), expected, "{fault:?}");
        let outcome = plugin.revoke(operation("r"), good(), issued).await;
        assert_eq!(answered(outcome), Revocation::AlreadyGone);
        assert!(fake.state().tokens.is_empty());
    }
}

#[tokio::test]
async fn an_issue_that_went_wrong_is_told_as_what_it_is() {
    for fault in Fault::ALL {
        let fake = github().await;
        fake.fail_after(0, fault, |request| request.method == "POST");
        let (code, _) = failure(issue(&fake, wanted(60, &["contents:read"], &[])).await);
        let expected = match fault {
            Fault::RateLimited => &["rate-limited"][..],
            Fault::Unauthorized => &["unreachable"],
            Fault::FrozenBefore | Fault::FrozenAfter => &["timed-out", "unknown-outcome"],
            Fault::Closed | Fault::ServerError | Fault::Garbage | Fault::CutOff => {
                &["unknown-outcome"]
            }
        };
        assert!(expected.contains(&code.as_str()), "{fault:?}: {code}");
        assert_eq!(
            fake.state().tokens.len(),
            usize::from(fault.is_done()),
            "{fault:?}"
        );
    }
}
