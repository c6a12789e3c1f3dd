//! What goes wrong, and what is left then.

use std::time::Duration;

use super::provider::Fault;
use super::support::{FIRST, Place, refusal};
use crate::credentials::VersionState::{self, Current, Discarded, Previous};
use crate::credentials::tests::support::named;
use crate::credentials::{Credential, CredentialPatch, RotationStrategy};
use crate::error::VaultError;
use crate::health::Health;
use crate::permission::credential;
use crate::rotation::{RotationFilter, RotationPhase};

/// That the secret is the one that it was, and that nothing is left of the attempt.
async fn nothing_happened(place: &Place, credential: &Credential, states: &[VersionState]) {
    assert_eq!(place.states(credential).await, states);
    assert_eq!(place.secret("key").await, FIRST);
    assert_eq!(place.provider.working(), [FIRST]);
    let after = place.desk.read("key").await.unwrap();
    assert_eq!(
        after.health,
        Health::Unknown,
        "it says nothing of the health"
    );
    assert!(!after.rotating);
    assert_eq!(after.rotation_failures, 1);
    assert!(after.rotation_error.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_makes_nothing_leaves_the_secret_as_it_was() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place
        .provider
        .break_down("POST", "/allowed/keys", Fault::Answers(429), 1);
    let (code, message) = refusal(place.rotate("key").await);
    assert_eq!(code, "rate-limited", "{message}");
    nothing_happened(&place, &credential, &[Current]).await;
    assert_eq!(place.journal().await[0].0, "failed");
    assert!(place.rotate("key").await.is_ok());
    let after = place.desk.read("key").await.unwrap();
    assert_eq!(
        (after.rotation_failures, after.rotation_error.as_deref()),
        (0, None)
    );
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_answer_left_behind_is_undone() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place
        .provider
        .break_down("POST", "/allowed/keys", Fault::LosesAnswer, 1);
    let (code, _) = refusal(place.rotate("key").await);
    assert_eq!(code, "unknown-outcome");
    nothing_happened(&place, &credential, &[Current]).await;
    assert!(
        place
            .provider
            .state()
            .keys
            .iter()
            .any(|key| key.name.starts_with("key-"))
    );
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_goes_on_until_it_is_done() {
    let mut place = Place::new().await;
    let credential = place.key("key").await;
    place
        .provider
        .break_down("POST", "/allowed/keys", Fault::LosesAnswer, 1);
    place
        .provider
        .break_down("DELETE", "/allowed/keys", Fault::Answers(500), 3);
    let (_, message) = refusal(place.rotate("key").await);
    assert!(message.contains("is tried again"), "{message}");
    assert!(place.desk.read("key").await.unwrap().rotating);
    let rival = place.rotate("key").await;
    assert!(
        matches!(rival, Err(VaultError::Conflict { .. })),
        "{rival:?}"
    );
    // What is open is open after a start, too.
    for hours in 0..3 {
        place.crash().await;
        place.later(Duration::from_hours(hours));
        place.work().await;
        assert!(place.desk.read("key").await.unwrap().rotating, "{hours}");
    }
    place.later(Duration::from_hours(24));
    place.work().await;
    nothing_happened(&place, &credential, &[Current]).await;
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_ends_some_day_or_when_an_operator_says_so() {
    for by_hand in [false, true] {
        let place = Place::new().await;
        place.key("key").await;
        place
            .provider
            .break_down("POST", "/allowed/keys", Fault::Answers(403), 1);
        place
            .provider
            .break_down("GET", "/allowed/keys", Fault::Answers(403), 99);
        refusal(place.rotate("key").await);
        assert!(place.desk.read("key").await.unwrap().rotating);
        if by_hand {
            let admin = place.desk.house.admin().await;
            let permit = place.vault().server_permit(&admin).await.unwrap();
            let filter = RotationFilter::default();
            let listed = place.vault().rotations(&permit, &filter).await.unwrap();
            let given_up = place.vault().give_up_rotation(&permit, listed[0].id).await;
            assert_eq!(given_up.unwrap().phase, RotationPhase::Failed);
            let again = place.vault().give_up_rotation(&permit, listed[0].id).await;
            assert!(matches!(again, Err(VaultError::Conflict { .. })));
        } else {
            for _ in 0..6 {
                assert!(place.desk.read("key").await.unwrap().rotating);
                place.later(Duration::from_hours(24));
                place.work().await;
            }
        }
        let after = place.desk.read("key").await.unwrap();
        assert!(!after.rotating);
        let error = after.rotation_error.clone().unwrap();
        assert!(error.contains("was given up"), "{error}");
        let log = place.log().await;
        assert!(log.contains(&"credential.rotate.abandon.failed".to_owned()));
        place.provider.heal();
        assert!(place.rotate("key").await.is_ok());
        place.desk.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_takes_its_time_until_it_works() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place.provider.state().refuses_new = 3;
    let rotated = place.rotate("key").await.unwrap();
    assert_eq!(place.provider.times("GET /allowed"), 4);
    assert_eq!(rotated.to_version, 2);
    assert_eq!(place.states(&credential).await, [Previous, Current]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_that_never_works_is_undone() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place.provider.state().refuses_new = usize::MAX;
    let (code, message) = refusal(place.rotate("key").await);
    assert_eq!(code, "rejected", "{message}");
    nothing_happened(&place, &credential, &[Current, Discarded]).await;
    place.provider.state().refuses_new = 0;
    let rotated = place.rotate("key").await.unwrap();
    assert_eq!((rotated.from_version, rotated.to_version), (1, 3));
    assert_eq!(
        place.states(&credential).await,
        [Previous, Discarded, Current]
    );
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_making_replaces_a_lost_answer_is_an_alert_and_never_tried_again() {
    let place = Place::that_replaces().await;
    let credential = place.key("key").await;
    let permit = place.desk.permit::<credential::Update>().await;
    let patch = CredentialPatch {
        rotation_enabled: Some(true),
        rotation_interval_hours: Some(1),
        rotation_strategy: Some(RotationStrategy::Scheduled),
        ..CredentialPatch::default()
    };
    place
        .vault()
        .update_credential(&permit, &named("key"), &patch)
        .await
        .unwrap();
    place
        .provider
        .break_down("POST", "/allowed/keys", Fault::LosesAnswer, 1);
    let (code, message) = refusal(place.rotate("key").await);
    assert_eq!(code, "unknown-outcome");
    assert!(message.contains("bring the new `value`"), "{message}");
    assert_eq!(place.journal().await[0].0, "outcome-unknown");
    assert!(
        place
            .log()
            .await
            .contains(&"credential.rotate.unknown".to_owned())
    );
    let after = place.desk.read("key").await.unwrap();
    assert_eq!(after.rotation_error.as_deref(), Some(message.as_str()));
    assert!(!after.rotating);
    assert_eq!(place.states(&credential).await, [Current]);
    // Nor where somebody changes its settings.
    let patch = CredentialPatch {
        rotation_interval_hours: Some(2),
        ..CredentialPatch::default()
    };
    place
        .vault()
        .update_credential(&permit, &named("key"), &patch)
        .await
        .unwrap();
    place.later(Duration::from_hours(24 * 30));
    place.work().await;
    assert_eq!(place.provider.times("POST /allowed/keys"), 1);

    // Somebody brings what they find in the provider's console: from then on it goes by itself again.
    let lost = place.provider.working().remove(0);
    place
        .rotate_with("key", super::support::given(&lost))
        .await
        .unwrap();
    place.later(Duration::from_hours(3));
    place.work().await;
    assert_eq!(place.provider.times("POST /allowed/keys"), 2);
    assert_eq!(place.provider.working(), [place.secret("key").await]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_making_replaces_the_new_one_is_taken_whatever_its_test_says() {
    let place = Place::that_replaces().await;
    let credential = place.key("key").await;
    place.provider.state().refuses_new = usize::MAX;
    let rotated = place.rotate("key").await.unwrap();
    assert_eq!(rotated.credential.health, Health::Invalid);
    assert_eq!(place.states(&credential).await, [Previous, Current]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_whose_setting_fails_stays_or_goes_forward_but_is_never_lost() {
    // The provider refuses: the old one stays.
    let place = Place::new().await;
    place.password("key").await;
    place
        .provider
        .break_down("PUT", "/allowed/current", Fault::Answers(400), 9);
    refusal(place.rotate("key").await);
    assert_eq!(place.provider.working(), [FIRST]);
    assert_eq!(place.secret("key").await, FIRST);
    place.provider.heal();

    // The answer is lost: asked again, the provider refuses the old one, and the new one turns out to work.
    place
        .provider
        .break_down("PUT", "/allowed/current", Fault::LosesAnswer, 1);
    place.rotate("key").await.unwrap();
    assert_eq!(place.provider.working(), [place.secret("key").await]);
    let second = place.secret("key").await;

    // Nobody can be asked: neither is thrown away, until one of them works.
    place
        .provider
        .break_down("PUT", "/allowed/current", Fault::LosesAnswer, 3);
    place
        .provider
        .break_down("GET", "/allowed", Fault::Answers(503), 2);
    refusal(place.rotate("key").await);
    assert!(place.desk.read("key").await.unwrap().rotating);
    assert_eq!(place.secret("key").await, second);
    place.provider.heal();
    place.later(Duration::from_hours(1));
    place.work().await;
    let third = place.secret("key").await;
    assert_ne!(third, second);
    assert_eq!(place.provider.working(), [third]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_does_not_work_is_set_back() {
    let place = Place::new().await;
    let credential = place.password("key").await;
    place.provider.state().refuses_new = usize::MAX;
    refusal(place.rotate("key").await);
    place.provider.state().refuses_new = 0;
    assert_eq!(place.provider.working(), [FIRST]);
    assert_eq!(place.secret("key").await, FIRST);
    assert_eq!(place.states(&credential).await, [Current, Discarded]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_being_rotated_is_not_deleted_nor_deactivated_but_may_be_described() {
    let place = Place::new().await;
    place.key("key").await;
    place
        .provider
        .break_down("POST", "/allowed/keys", Fault::LosesAnswer, 1);
    place
        .provider
        .break_down("DELETE", "/allowed/keys", Fault::Answers(500), 1);
    refusal(place.rotate("key").await);
    let (vault, name) = (place.vault(), named("key"));
    let update = place.desk.permit::<credential::Update>().await;
    let delete = place.desk.permit::<credential::Delete>().await;
    for refused in [
        vault.delete_credential(&delete, &name).await,
        vault
            .retire_credential(&delete, &name)
            .await
            .map(|(retired, _)| retired),
        vault.deactivate_credential(&update, &name).await,
    ] {
        assert!(
            matches!(refused, Err(VaultError::Conflict { .. })),
            "{refused:?}"
        );
    }
    let patch = CredentialPatch {
        description: Some(Some("in use".to_owned())),
        ..CredentialPatch::default()
    };
    vault
        .update_credential(&update, &name, &patch)
        .await
        .unwrap();
    place.later(Duration::from_mins(1));
    place.work().await;
    vault.deactivate_credential(&update, &name).await.unwrap();
    let inactive = place.rotate("key").await;
    assert!(matches!(inactive, Err(VaultError::Conflict { .. })));
    vault.delete_credential(&delete, &name).await.unwrap();
    place.desk.close().await;
}
