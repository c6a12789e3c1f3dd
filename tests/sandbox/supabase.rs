//! The plugin `supabase`: a project's keys, through the Management API.

use serde_json::json;

use super::bundled::{Bundled, Stored, assert_kept, code, detail, message, stated};
use super::first_party::answered;
use super::support::fakes::Fault;
use super::support::fakes::supabase::{ACCESS_TOKEN, FIRST_KEY, FIRST_KEY_ID, PROJECT, Supabase};

fn named(name: &str) -> Stored {
    stored(&[("project_ref", PROJECT), ("key_name", name)])
}

fn stored(texts: &[(&str, &str)]) -> Stored {
    let secrets = [("api_key", FIRST_KEY), ("access_token", ACCESS_TOKEN)];
    Stored::new("supabase", &secrets, texts)
}

async fn stage() -> Bundled<Supabase> {
    Bundled::of(Supabase::default()).await
}

#[tokio::test]
async fn a_key_is_made_with_the_rights_of_the_one_that_ends() {
    let stage = stage().await;
    let outcome = stage.create("a1b2c3d4", &named("default")).await;
    let made = stage.fake.state().working()[1].to_owned();
    assert_kept(&outcome, "api_key", &made);
    let second = named("default").replaced(&answered(outcome));
    assert_eq!(second.text("key_name"), "claviger_a1b2c3d4");
    assert_eq!(second.secret("access_token"), ACCESS_TOKEN);
    assert_eq!(
        *stage.fake.state().rights(&made),
        json!({"role": "reporting"})
    );
    assert_eq!(stage.fake.state().working(), [FIRST_KEY, &made]);
    assert_eq!(code(&stage.validate(&second).await), "ok");

    // The first one is known by its name, the second one by its id.
    for _ in 0..2 {
        answered(stage.retire(&named("default")).await);
        assert_eq!(stage.fake.state().working(), [made.as_str()]);
    }
    let third = second.replaced(&answered(stage.create("r-2", &second).await));
    for _ in 0..2 {
        answered(stage.retire(&second).await);
        assert_eq!(stage.fake.state().working(), [third.secret("api_key")]);
    }
    assert_eq!(third.text("key_name"), "claviger_r_2");
    let ended = stage.validate(&second).await;
    assert!(ended.evidence.subject_sent);
    assert_eq!(code(&ended), "rejected");
}

#[tokio::test]
async fn the_same_operation_twice_makes_one_key() {
    let stage = stage().await;
    let first = answered(stage.create("r1", &named("default")).await);
    let second = answered(stage.create("r1", &named("default")).await);
    assert_ne!(first.external_id, second.external_id);
    let names = ["anon", "default", "claviger_r1"];
    assert_eq!(stage.fake.state().names(), names);
    // Another operation's is none of its business.
    answered(stage.abandon("r2", &named("default")).await);
    assert_eq!(stage.fake.state().names(), names);
    for _ in 0..2 {
        answered(stage.abandon("r1", &named("default")).await);
        assert_eq!(stage.fake.state().names(), ["anon", "default"]);
    }
}

#[tokio::test]
async fn each_fault_has_its_code_and_is_undone() {
    for fault in Fault::ALL {
        // What an earlier try left is listed, ended, and made anew.
        for (failing, method) in ["GET", "DELETE", "POST"].into_iter().enumerate() {
            let at = format!("{fault:?} of {method}");
            let stage = Bundled::before(fault, Supabase::default()).await;
            answered(stage.create("r1", &named("default")).await);
            stage.fake.fail_after(failing, fault, |_| true);
            let outcome = stage.create("r1", &named("default")).await;
            assert_eq!(stage.fake.hits(), 1, "{at}");
            let expected = stated(fault, method);
            assert!(
                expected.contains(&code(&outcome)),
                "{at}: {}",
                code(&outcome)
            );
            answered(stage.abandon("r1", &named("default")).await);
            assert_eq!(stage.fake.state().working(), [FIRST_KEY], "{at}");
        }
    }
}

#[tokio::test]
async fn what_goes_wrong_while_ending_a_key_is_told_and_can_be_done_again() {
    for fault in Fault::ALL {
        for (failing, method) in ["GET", "DELETE"].into_iter().enumerate() {
            let at = format!("{fault:?} of {method}");
            let stage = Bundled::before(fault, Supabase::default()).await;
            stage.fake.fail_after(failing, fault, |_| true);
            let outcome = stage.retire(&named("default")).await;
            let expected = stated(fault, method);
            assert!(
                expected.contains(&code(&outcome)),
                "{at}: {}",
                code(&outcome)
            );
            answered(stage.retire(&named("default")).await);
            assert!(stage.fake.state().working().is_empty(), "{at}");
        }
    }
}

#[tokio::test]
async fn a_key_is_valid_as_far_as_it_is_known() {
    let stage = stage().await;
    let nothing = stored(&[("project_ref", PROJECT)]);
    for (credential, known) in [
        (nothing.clone().known_as(FIRST_KEY_ID), "a key of this id"),
        (named("default"), "can't be told"),
        (nothing.clone(), "not checked"),
    ] {
        let report = answered(stage.validate(&credential).await);
        let said = detail(&report, "api-key");
        assert!(said.contains(known), "{said}");
    }
    assert_eq!(code(&stage.validate(&named("misspelt")).await), "not-found");
    stage.fake.state().delete(FIRST_KEY);
    let deleted = stage.validate(&nothing.known_as(FIRST_KEY_ID)).await;
    assert_eq!(code(&deleted), "rejected");
    assert!(message(&deleted).contains("deleted"));
}

#[tokio::test]
async fn an_access_token_is_refused_wrong_or_missing() {
    let stage = stage().await;
    let secrets = [
        ("api_key", FIRST_KEY),
        ("access_token", "sbp_wrong-0123456789"),
    ];
    let texts = [("project_ref", PROJECT), ("key_name", "default")];
    let wrong = Stored::new("supabase", &secrets, &texts);
    let without = Stored::new("supabase", &secrets[..1], &texts);
    for (credential, expected) in [(wrong, "rejected"), (without, "invalid-input")] {
        assert_eq!(code(&stage.validate(&credential).await), expected);
        assert_eq!(code(&stage.create("r1", &credential).await), expected);
        assert_eq!(code(&stage.retire(&credential).await), expected);
        assert_eq!(code(&stage.abandon("r1", &credential).await), expected);
    }
    let elsewhere = stored(&[("project_ref", "zzzzzzzzzzzzzzzzzzzz")]);
    assert_eq!(code(&stage.validate(&elsewhere).await), "restricted");
}

#[tokio::test]
async fn legacy_keys_are_neither_replaced_nor_ended() {
    let stage = stage().await;
    for outcome in [
        stage.create("r1", &named("anon")).await.result.map(|_| ()),
        stage.retire(&named("anon")).await.result,
    ] {
        let error = outcome.expect_err("a legacy key").to_string();
        assert!(
            error.starts_with("unsupported") && error.contains("dashboard"),
            "{error}"
        );
    }
    assert_eq!(stage.fake.state().names(), ["anon", "default"]);
}

#[tokio::test]
async fn a_key_that_is_not_known_is_not_replaced_by_one_that_may_do_more() {
    let stage = stage().await;
    let unknown = stored(&[("project_ref", PROJECT)]);
    assert_eq!(code(&stage.create("r1", &unknown).await), "invalid-input");
    assert_eq!(
        code(&stage.create("r1", &named("misspelt")).await),
        "not-found"
    );
    assert_eq!(code(&stage.retire(&unknown).await), "unsupported");
    assert_eq!(stage.fake.state().names(), ["anon", "default"]);
}

#[tokio::test]
async fn of_several_keys_of_a_name_none_is_ended() {
    let stage = stage().await;
    stage.fake.state().make("default", json!(null));
    assert_eq!(code(&stage.retire(&named("default")).await), "unsupported");
    assert_eq!(stage.fake.state().working().len(), 2);
}
