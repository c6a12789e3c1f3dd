//! The plugin `anthropic`: old keys are made inactive, and active again.

use super::bundled::{Bundled, Stored, code, message, stated};
use super::first_party::answered;
use super::support::fakes::Fault;
use super::support::fakes::anthropic::{ADMIN_KEY, Anthropic};

const OLD: &str = "sk-ant-api03-old-0123456789abcdef";
const NEW: &str = "sk-ant-api03-new-0123456789abcdef";

fn admin() -> Stored {
    Stored::new("anthropic_admin", &[("admin_key", ADMIN_KEY)], &[])
}

fn api_key(value: &str) -> Stored {
    Stored::new("api_key", &[("api_key", value)], &[])
}

/// Two keys at Anthropic, and the old one as it is stored.
fn two_keys() -> (Anthropic, Stored) {
    let mut service = Anthropic::default();
    let old = api_key(OLD).known_as(&service.make(OLD));
    service.make(NEW);
    (service, old)
}

#[tokio::test]
async fn an_old_key_is_made_inactive_and_active_again() {
    let (service, old) = two_keys();
    let stage = Bundled::of(service).await.connected(admin());
    for _ in 0..2 {
        let outcome = stage.retire(&old).await;
        assert!(!outcome.evidence.subject_sent);
        answered(outcome);
        assert_eq!(stage.fake.state().working(), [NEW]);
    }
    assert_eq!(code(&stage.validate(&old).await), "rejected");
    for _ in 0..2 {
        answered(stage.restore(&old).await);
        assert_eq!(stage.fake.state().working(), [OLD, NEW]);
    }
    assert_eq!(code(&stage.validate(&old).await), "ok");
}

#[tokio::test]
async fn an_archived_key_has_ended_for_good() {
    let (service, old) = two_keys();
    let stage = Bundled::of(service).await.connected(admin());
    stage.fake.state().archive(OLD);
    answered(stage.retire(&old).await);
    let outcome = stage.restore(&old).await;
    assert_eq!(code(&outcome), "conflict");
    assert!(
        message(&outcome).contains("archived"),
        "{}",
        message(&outcome)
    );
}

#[tokio::test]
async fn a_key_that_is_not_there_has_ended() {
    let stage = Bundled::of(Anthropic::default()).await.connected(admin());
    let old = api_key(OLD).known_as("apikey_01unknown");
    answered(stage.retire(&old).await);
    assert_eq!(code(&stage.restore(&old).await), "not-found");
}

#[tokio::test]
async fn what_anthropic_can_not_do_is_said_with_what_to_do() {
    let (service, old) = two_keys();
    let stage = Bundled::of(service).await.connected(admin());
    let made = stage.create("r-1", &old).await;
    assert_eq!(code(&made), "unsupported");
    assert!(message(&made).contains("bring"), "{}", message(&made));
    answered(stage.abandon("r-1", &old).await);
    let unknown = stage.retire(&api_key(OLD)).await;
    assert_eq!(code(&unknown), "unsupported");
    assert!(message(&unknown).contains("`provider_credential_id`"));
    for outcome in [stage.retire(&admin()).await, stage.restore(&admin()).await] {
        assert_eq!(code(&outcome), "unsupported");
    }
    assert!(stage.fake.upstream.requests().is_empty());
    assert_eq!(stage.fake.state().working(), [OLD, NEW]);
}

#[tokio::test]
async fn admin_keys_are_checked_by_what_they_alone_may_list() {
    let stage = Bundled::of(Anthropic::default()).await;
    let outcome = stage.validate(&admin()).await;
    assert!(outcome.evidence.subject_sent);
    assert_eq!(code(&outcome), "ok");
    let wrong = Stored::new(
        "anthropic_admin",
        &[("admin_key", "sk-ant-admin01-wrong-0123456789")],
        &[],
    );
    assert_eq!(code(&stage.validate(&wrong).await), "rejected");
}

#[tokio::test]
async fn each_fault_has_its_code_and_can_be_done_again() {
    for fault in Fault::ALL {
        let (service, old) = two_keys();
        let stage = Bundled::before(fault, service).await.connected(admin());
        stage.fake.fail_after(0, fault, |_| true);
        let outcome = stage.retire(&old).await;
        let expected = stated(fault, "POST");
        assert!(
            expected.contains(&code(&outcome)),
            "{fault:?}: {}",
            code(&outcome)
        );
        answered(stage.retire(&old).await);
        assert_eq!(stage.fake.state().working(), [NEW], "{fault:?}");

        stage.fake.fail_after(0, fault, |_| true);
        let outcome = stage.restore(&old).await;
        assert!(
            expected.contains(&code(&outcome)),
            "{fault:?}: {}",
            code(&outcome)
        );
        answered(stage.restore(&old).await);
        assert_eq!(stage.fake.state().working(), [OLD, NEW], "{fault:?}");
        assert_eq!(stage.fake.hits(), 2);
    }
}

#[tokio::test]
async fn each_fault_on_the_way_to_an_archived_key_has_its_code() {
    for fault in Fault::ALL {
        let (service, old) = two_keys();
        let stage = Bundled::before(fault, service).await.connected(admin());
        stage.fake.state().archive(OLD);
        stage.fake.fail_after(1, fault, |_| true);
        let outcome = stage.retire(&old).await;
        let expected = stated(fault, "GET");
        assert!(
            expected.contains(&code(&outcome)),
            "{fault:?}: {}",
            code(&outcome)
        );
        answered(stage.retire(&old).await);
    }
}
