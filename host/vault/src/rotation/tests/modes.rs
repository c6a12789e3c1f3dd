//! Each mode, where nothing goes wrong.

use std::time::Duration;

use super::support::{FIRST, Place, generated, given, new_key};
use crate::credentials::tests::support::{CANARY, named, opaque};
use crate::credentials::{NewCredential, VersionState};
use crate::error::VaultError;
use crate::health::Health;
use crate::ids::RotationId;
use crate::permission::credential;
use crate::rotation::RotateRequest;

use VersionState::{Current, Previous, Retired};

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_makes_a_new_key_and_the_old_one_ends_after_a_while() {
    let place = Place::new().await;
    let before = place.key("key").await;
    let rotated = place.rotate("key").await.unwrap();
    assert_eq!((rotated.from_version, rotated.to_version), (1, 2));
    let after = rotated.credential;
    assert_eq!(after.provider_credential_id.as_deref(), Some("id-1"));
    assert_eq!((after.version, after.health), (2, Health::Valid));
    assert_eq!(after.last_rotated_at, Some(rotated.rotated_at));
    assert!(!after.rotating && after.rotation_error.is_none());
    let new = place.secret("key").await;
    assert_eq!(place.provider.working(), [FIRST, &new]);
    assert_eq!(place.states(&before).await, [Previous, Current]);

    // Nothing is due before the overlap is over.
    place.later(Duration::from_mins(59));
    place.work().await;
    assert_eq!(place.states(&before).await, [Previous, Current]);
    place.later(Duration::from_mins(1));
    place.work().await;
    assert_eq!(place.states(&before).await, [Retired, Current]);
    assert_eq!(place.provider.working(), [new]);
    assert_eq!(
        place.log().await,
        [
            "credential.rotate.intent",
            "credential.rotate.created",
            "credential.rotate.verified",
            "credential.rotate",
            "credential.version.retire.intent",
            "credential.version.retire",
        ]
    );
    let permit = place.desk.permit::<credential::Read>().await;
    let details = place
        .vault()
        .credential_details(&permit, &named("key"))
        .await
        .unwrap();
    let told: Vec<_> = details
        .versions
        .iter()
        .map(|version| (version.version, version.reason.as_str()))
        .collect();
    assert_eq!(told, [(2, "rotation"), (1, "initial")]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_makes_a_new_password_and_has_it_set() {
    let place = Place::new().await;
    let before = place.password("login").await;
    let rotated = place.rotate("login").await.unwrap();
    assert_eq!(rotated.credential.health, Health::Valid);
    let new = place.secret("login").await;
    assert_eq!(new.len(), 32);
    assert_eq!(place.provider.working(), [new.clone()]);
    let again = place.rotate_with("login", generated(64)).await.unwrap();
    assert_eq!(again.to_version, 3);
    assert_eq!(place.secret("login").await.len(), 64);
    // Nobody can end what was replaced by being set.
    place.later(Duration::from_hours(48));
    place.work().await;
    assert_eq!(place.states(&before).await, [Previous, Previous, Current]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_bring_the_new_secret() {
    let place = Place::new().await;
    let before = place.key("key").await;
    let new = "brought-secret-01234";
    let unknown = place.rotate_with("key", given(new)).await;
    let (code, message) = super::support::refusal(unknown);
    assert_eq!(code, "rejected");
    assert!(
        message.contains("the current one is as it was"),
        "{message}"
    );
    place.provider.add("brought", new);
    let rotated = place.rotate_with("key", given(new)).await.unwrap();
    assert_eq!((rotated.from_version, rotated.to_version), (1, 3));
    assert_eq!(rotated.credential.provider_credential_id, None);
    assert_eq!(place.secret("key").await, new);
    place.later(Duration::from_hours(1));
    place.work().await;
    assert_eq!(
        place.states(&before).await,
        [Retired, VersionState::Discarded, Current]
    );
    assert_eq!(place.provider.working(), [new]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_plugin_knows_is_brought_or_made_here() {
    let place = Place::new().await;
    place.store(opaque("database")).await;
    let (code, message) = super::support::refusal(place.rotate("database").await);
    assert_eq!(code, "unsupported");
    assert!(message.contains("bring the new `value`"), "{message}");
    place
        .rotate_with("database", given("brought-secret-01234"))
        .await
        .unwrap();
    assert_eq!(place.secret("database").await, "brought-secret-01234");
    let made = place.rotate_with("database", generated(20)).await.unwrap();
    assert_eq!(made.credential.health, Health::Unknown);
    assert_eq!(place.secret("database").await.len(), 20);
    place.roll_back("database", Some(1)).await.unwrap();
    assert_eq!(place.secret("database").await, CANARY);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_for_wrongly_changes_nothing() {
    let place = Place::new().await;
    place.key("key").await;
    place
        .store(NewCredential {
            kind: "password".to_owned(),
            provider: Some("assigner".to_owned()),
            ..new_key("login")
        })
        .await;
    let with_connection = RotateRequest {
        connection: Some("nobody".to_owned()),
        ..RotateRequest::default()
    };
    let mut both = given("brought-secret-01234");
    both.generate = generated(32).generate;
    for (name, request) in [
        ("key", generated(32)),
        ("key", given(FIRST)),
        ("key", given("short")),
        ("key", both),
        ("login", generated(4)),
        ("login", given("has blanks in it")),
    ] {
        let refused = place.rotate_with(name, request).await;
        assert!(
            matches!(refused, Err(VaultError::Invalid(_))),
            "{refused:?}"
        );
    }
    // A plugin that needs none takes none.
    assert!(place.rotate_with("key", with_connection).await.is_ok());
    assert!(matches!(
        place.rotate("nobody").await,
        Err(VaultError::NotFound)
    ));
    assert_eq!(place.journal().await.len(), 1);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_asked_for_before_is_answered_again() {
    let place = Place::new().await;
    place.key("key").await;
    place.key("other").await;
    let with_id = |id| RotateRequest {
        id: Some(id),
        ..RotateRequest::default()
    };
    let id = RotationId::random();
    let first = place.rotate_with("key", with_id(id)).await.unwrap();
    let again = place.rotate_with("key", with_id(id)).await.unwrap();
    assert_eq!(
        (first.from_version, first.to_version, first.rotated_at),
        (again.from_version, again.to_version, again.rotated_at)
    );
    assert_eq!(place.provider.times("POST /allowed/keys"), 1);
    let other = place.rotate_with("other", with_id(id)).await;
    assert!(matches!(other, Err(VaultError::Conflict { .. })));
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_rivals_one_is_told_to_come_later() {
    let place = Place::new().await;
    place.key("key").await;
    let rivals = tokio::join!(
        place.rotate("key"),
        place.rotate("key"),
        place.rotate("key")
    );
    let rivals = [rivals.0, rivals.1, rivals.2];
    let done = rivals.iter().filter(|rival| rival.is_ok()).count();
    assert!(done >= 1);
    for rival in rivals.into_iter().filter_map(Result::err) {
        let VaultError::Conflict {
            message,
            retry_after_ms,
        } = rival
        else {
            panic!("{rival:?}");
        };
        assert_eq!(message, "Credential is currently being rotated");
        assert_eq!(retry_after_ms, Some(5000));
    }
    assert_eq!(place.provider.times("POST /allowed/keys"), done);
    place.desk.close().await;
}
