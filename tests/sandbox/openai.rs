//! The plugin `openai`: API keys are replaced by those of service accounts, admin keys by admin keys.

use claviger_runtime::Replacement;

use super::bundled::{Bundled, Stored, assert_kept, code, message, stated};
use super::first_party::answered;
use super::support::fakes::Fault;
use super::support::fakes::openai::{ADMIN_KEY, OpenAi, PERSONS_KEY, PERSONS_KEY_ID, PROJECT};

fn api_key() -> Stored {
    Stored::new("api_key", &[("api_key", PERSONS_KEY)], &[])
}

fn admin() -> Stored {
    Stored::new(
        "openai_admin",
        &[("admin_key", ADMIN_KEY)],
        &[("project_id", PROJECT)],
    )
}

async fn stage() -> Bundled<OpenAi> {
    Bundled::of(OpenAi::default()).await.connected(admin())
}

#[tokio::test]
async fn a_key_is_made_works_and_the_one_before_it_ends() {
    let stage = stage().await;
    let outcome = stage.create("r-1", &api_key()).await;
    // The admin key is what was sent, so a refusal would have said nothing of the key.
    assert!(!outcome.evidence.subject_sent);
    let made = stage.fake.state().api_keys()[1].to_owned();
    assert_kept(&outcome, "api_key", &made);
    let second = api_key().replaced(&answered(outcome));
    assert_eq!(stage.fake.state().account_names(), ["claviger-r-1"]);
    assert_eq!(code(&stage.validate(&second).await), "ok");
    assert_eq!(code(&stage.validate(&api_key()).await), "ok");

    let third = second.replaced(&answered(stage.create("r-2", &second).await));
    for _ in 0..2 {
        answered(stage.retire(&second).await);
        let openai = stage.fake.state();
        assert_eq!(openai.account_names(), ["claviger-r-2"]);
        assert_eq!(openai.api_keys(), [PERSONS_KEY, third.secret("api_key")]);
    }
    assert_eq!(code(&stage.validate(&second).await), "rejected");
}

#[tokio::test]
async fn a_new_key_takes_a_while_to_work() {
    let service = OpenAi::with_propagation(2);
    let stage = Bundled::of(service).await.connected(admin());
    let made = api_key().replaced(&answered(stage.create("r-1", &api_key()).await));
    for expected in ["rejected", "rejected", "ok"] {
        assert_eq!(code(&stage.validate(&made).await), expected);
    }
}

#[tokio::test]
async fn the_same_operation_twice_leaves_one_service_account() {
    // An organization in which the account isn't on the first page.
    let service = OpenAi::with_accounts(250);
    let stage = Bundled::of(service).await.connected(admin());
    let first = answered(stage.create("r-1", &api_key()).await);
    let second = answered(stage.create("r-1", &api_key()).await);
    assert_ne!(first.external_id, second.external_id);
    let made = api_key().replaced(&second);
    let named = |openai: &OpenAi| {
        let names = openai.account_names();
        let own = names.iter().filter(|name| name.starts_with("claviger-"));
        (own.count(), names.len())
    };
    assert_eq!(named(&stage.fake.state()), (1, 251));
    assert_eq!(code(&stage.validate(&made).await), "ok");
    for _ in 0..2 {
        answered(stage.abandon("r-1", &api_key()).await);
        assert_eq!(named(&stage.fake.state()), (0, 250));
    }
    // Another operation's is none of its business.
    answered(stage.create("r-2", &api_key()).await);
    answered(stage.abandon("r-1", &api_key()).await);
    assert_eq!(named(&stage.fake.state()), (1, 251));
}

#[tokio::test]
async fn each_fault_has_its_code_and_is_undone() {
    let (keys, admins) = ([PERSONS_KEY], [ADMIN_KEY]);
    for subject in [api_key(), admin()] {
        for fault in Fault::ALL {
            // What an earlier try left is listed, ended, and made anew.
            for (failing, method) in ["GET", "DELETE", "POST"].into_iter().enumerate() {
                let at = format!("{fault:?} of {method}");
                let stage = Bundled::before(fault, OpenAi::default()).await;
                let stage = stage.connected(admin());
                answered(stage.create("r-1", &subject).await);
                stage.fake.fail_after(failing, fault, |_| true);
                let outcome = stage.create("r-1", &subject).await;
                assert_eq!(stage.fake.hits(), 1, "{at}");
                let expected = stated(fault, method);
                assert!(
                    expected.contains(&code(&outcome)),
                    "{at}: {}",
                    code(&outcome)
                );
                answered(stage.abandon("r-1", &subject).await);
                let openai = stage.fake.state();
                assert_eq!(openai.api_keys(), keys, "{at}");
                assert_eq!(openai.admin_keys(), admins, "{at}");
                assert!(openai.account_names().is_empty(), "{at}");
            }
        }
    }
}

#[tokio::test]
async fn what_goes_wrong_while_ending_a_key_is_told_and_can_be_done_again() {
    for fault in Fault::ALL {
        let stage = Bundled::before(fault, OpenAi::default()).await;
        let stage = stage.connected(admin());
        let made = api_key().replaced(&answered(stage.create("r-1", &api_key()).await));
        stage.fake.fail_after(0, fault, |_| true);
        let outcome = stage.retire(&made).await;
        let expected = stated(fault, "DELETE");
        assert!(
            expected.contains(&code(&outcome)),
            "{fault:?}: {}",
            code(&outcome)
        );
        answered(stage.retire(&made).await);
        assert_eq!(stage.fake.state().api_keys(), [PERSONS_KEY], "{fault:?}");
    }
}

#[tokio::test]
async fn a_key_of_a_person_ends_by_its_id() {
    let stage = stage().await;
    let outcome = stage.retire(&api_key()).await;
    assert_eq!(code(&outcome), "unsupported");
    assert!(
        message(&outcome).contains("dashboard"),
        "{}",
        message(&outcome)
    );
    for _ in 0..2 {
        answered(stage.retire(&api_key().known_as(PERSONS_KEY_ID)).await);
        assert!(stage.fake.state().api_keys().is_empty());
    }
}

#[tokio::test]
async fn a_service_account_that_others_may_use_is_left_alone() {
    let stage = stage().await;
    let made: Replacement = answered(stage.create("r-1", &api_key()).await);
    let mut known = api_key().replaced(&made);
    known.handle = None;
    let outcome = stage.retire(&known).await;
    assert_eq!(code(&outcome), "unsupported");
    assert!(message(&outcome).contains("service account"));
    assert_eq!(stage.fake.state().account_names(), ["claviger-r-1"]);
}

#[tokio::test]
async fn without_a_project_nobody_knows_where() {
    let mut stage = stage().await;
    stage.connection = Some(Stored::new(
        "openai_admin",
        &[("admin_key", ADMIN_KEY)],
        &[],
    ));
    for outcome in [
        stage.create("r-1", &api_key()).await.result.map(|_| ()),
        stage.abandon("r-1", &api_key()).await.result,
        stage
            .retire(&api_key().known_as(PERSONS_KEY_ID))
            .await
            .result,
    ] {
        let error = outcome.expect_err("no project").to_string();
        assert!(
            error.starts_with("invalid-input") && error.contains("`project_id`"),
            "{error}"
        );
    }
    assert!(stage.fake.upstream.requests().is_empty());
}

#[tokio::test]
async fn an_admin_key_that_does_not_work_is_told_without_a_copy_of_it() {
    let mut stage = stage().await;
    let wrong = "sk-admin-wrong-0123456789abcdef";
    stage.connection = Some(Stored::new(
        "openai_admin",
        &[("admin_key", wrong)],
        &[("project_id", PROJECT)],
    ));
    let outcome = stage.create("r-1", &api_key()).await;
    assert_eq!(code(&outcome), "rejected");
    assert!(!outcome.evidence.subject_sent);
    let told = format!("{:?}", outcome.result.err());
    // OpenAI repeats the key, masked.
    assert!(!told.contains("cdef") && !told.contains("***"), "{told}");
}

#[tokio::test]
async fn an_admin_key_makes_its_own_successor() {
    let mut stage = stage().await;
    stage.connection = None;
    let outcome = stage.create("r-1", &admin()).await;
    assert!(outcome.evidence.subject_sent);
    let made = stage.fake.state().admin_keys()[1].to_owned();
    assert_kept(&outcome, "admin_key", &made);
    let second = admin().replaced(&answered(outcome));
    assert_eq!(second.text("project_id"), PROJECT);
    assert_eq!(code(&stage.validate(&second).await), "ok");
    let outcome = stage.retire(&admin()).await;
    assert_eq!(code(&outcome), "unsupported");
    // Ended with itself: the second time it is refused, and that is the end of it, too.
    for _ in 0..2 {
        answered(stage.retire(&second).await);
        assert_eq!(stage.fake.state().admin_keys(), [ADMIN_KEY]);
    }
}
