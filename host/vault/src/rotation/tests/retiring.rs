//! Ending what was replaced.

use std::time::Duration;

use super::provider::Fault;
use super::support::{FIRST, Place, emergency, given};
use crate::credentials::Credential;
use crate::credentials::VersionState::{self, Current, Previous, RetireFailed, Retired, Retiring};
use crate::credentials::tests::support::named;
use crate::permission::credential;

/// Something in the database that another part of the vault writes.
async fn written(place: &Place, text: &'static str, credential: &Credential) {
    let mut transaction = place.desk.database().begin().await.unwrap();
    let id = credential.id.to_string();
    execute!(transaction, text, &id).unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_does_not_end_it_is_asked_again_for_days_and_then_somebody_is_told() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place.rotate("key").await.unwrap();
    place
        .provider
        .break_down("DELETE", "/allowed/keys", Fault::Answers(500), 7);
    let ended = "DELETE /allowed/keys/id-key";
    place.later(Duration::from_hours(1));
    for (attempt, minutes) in [0, 1, 5, 30, 120, 480].into_iter().enumerate() {
        place.later(Duration::from_mins(minutes));
        place.work().await;
        assert_eq!(place.provider.times(ended), attempt + 1);
        assert_eq!(place.states(&credential).await, [Retiring, Current]);
    }
    place.later(Duration::from_hours(24));
    place.work().await;
    assert_eq!(place.states(&credential).await, [RetireFailed, Current]);
    place.later(Duration::from_hours(1000));
    place.work().await;
    assert_eq!(place.provider.times(ended), 7);
    let entries = place.desk.house.entries().await;
    let last = entries
        .iter()
        .rfind(|entry| entry.action == "credential.version.retire.failed")
        .unwrap();
    assert!(last.detail.contains(r#""alert":true"#), "{}", last.detail);
    // An emergency has it tried once more.
    place.rotate_with("key", emergency()).await.unwrap();
    place.work().await;
    assert_eq!(place.states(&credential).await, [Retired, Retired, Current]);
    assert_eq!(place.provider.working(), [place.secret("key").await]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_waits_for_nothing() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place.rotate("key").await.unwrap();
    place.rotate("key").await.unwrap();
    assert_eq!(
        place.states(&credential).await,
        [Previous, Previous, Current]
    );
    place.rotate_with("key", emergency()).await.unwrap();
    place.work().await;
    assert_eq!(
        place.states(&credential).await,
        [Retired, Retired, Retired, Current]
    );
    assert_eq!(place.provider.working(), [place.secret("key").await]);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_already_is_ended_and_what_nobody_can_end_now_is_tried_again() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place.rotate("key").await.unwrap();
    place.provider.state().keys[0].works = false;
    place.later(Duration::from_hours(1));
    place
        .provider
        .break_down("DELETE", "/allowed/keys", Fault::Answers(404), 1);
    place.work().await;
    assert_eq!(place.states(&credential).await, [Retired, Current]);

    place.rotate("key").await.unwrap();
    place.later(Duration::from_hours(1));
    place.desk.serve(Vec::new());
    place.work().await;
    assert_eq!(
        place.states(&credential).await,
        [Retired, Retiring, Current]
    );
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_kept_while_somebody_has_it() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    let lease = "INSERT INTO leases (id, workspace, backend, provider, root, root_version, holder, holder_name, scopes, \
         metadata, parameters, ttl_s, state, created_at, expires_at, ends_at, attempts, claimed_until, fence) \
         SELECT 'l', workspace, 'b', 'keys', id, 1, owner, 'ada', '[]', '{}', '[]', 60, 'active', 0, 0, 0, 0, 0, 0 \
         FROM credentials WHERE id = $1";
    written(&place, lease, &credential).await;
    place.rotate("key").await.unwrap();
    place.later(Duration::from_hours(48));
    place.work().await;
    assert_eq!(place.states(&credential).await, [Previous, Current]);
    let over = "UPDATE leases SET state = 'revoked' WHERE root = $1";
    written(&place, over, &credential).await;
    let application = "INSERT INTO applications (id, workspace, credential, plugin, connection, details, version, \
         attempts, claimed_until, fence, updated_at) SELECT 'a', workspace, id, 'n8n', id, '[]', 1, 0, 0, 0, 0 \
         FROM credentials WHERE id = $1";
    written(&place, application, &credential).await;
    let stale = "INSERT INTO places (application, container, slot, parameters, state, applied_at, updated_at) \
         SELECT id, 'workflow', 'node', '[]', 'stale', 0, 0 FROM applications WHERE credential = $1";
    written(&place, stale, &credential).await;
    place.work().await;
    assert_eq!(place.states(&credential).await, [Previous, Current]);
    assert!(place.provider.works(FIRST));
    // In an emergency a place that still has it loses it.
    place.rotate_with("key", emergency()).await.unwrap();
    place.work().await;
    let states: [VersionState; 3] = [Retired, Retired, Current];
    assert_eq!(place.states(&credential).await, states);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_is_in_use_again_is_not_ended_with_the_version_that_had_it() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place.rotate("key").await.unwrap();
    place.rotate_with("key", given(FIRST)).await.unwrap();
    assert_eq!(
        place.states(&credential).await,
        [Previous, Previous, Current]
    );
    place.later(Duration::from_hours(1));
    place.work().await;
    assert_eq!(
        place.states(&credential).await,
        [Previous, Retired, Current]
    );
    assert_eq!(place.provider.working(), [FIRST]);
    let permit = place.desk.permit::<credential::Delete>().await;
    let (vault, name) = (place.vault(), named("key"));
    vault.delete_credential(&permit, &name).await.unwrap();
    place.desk.close().await;
}
