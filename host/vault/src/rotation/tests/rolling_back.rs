//! Going back to an earlier version.

use std::time::Duration;

use super::provider::Fault;
use super::support::{FIRST, Place, refusal};
use crate::credentials::VersionState::{Current, Previous, Retired};
use crate::credentials::tests::support::named;
use crate::error::VaultError;
use crate::health::Health;
use crate::permission::credential;

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_works_is_current_again() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place.rotate("key").await.unwrap();
    let second = place.secret("key").await;
    let back = place.roll_back("key", None).await.unwrap();
    assert_eq!((back.from_version, back.to_version), (2, 1));
    assert_eq!(back.credential.health, Health::Valid);
    assert_eq!(
        back.credential.provider_credential_id.as_deref(),
        Some("id-key")
    );
    assert_eq!(place.secret("key").await, FIRST);
    assert_eq!(place.states(&credential).await, [Current, Previous]);
    // What was gone back from ends in its time, and what was gone back to doesn't.
    place.later(Duration::from_hours(1));
    place.work().await;
    assert_eq!(place.states(&credential).await, [Current, Retired]);
    assert!(place.provider.works(FIRST) && !place.provider.works(&second));
    let permit = place.desk.permit::<credential::Read>().await;
    let details = place
        .vault()
        .credential_details(&permit, &named("key"))
        .await
        .unwrap();
    let reasons: Vec<_> = details
        .versions
        .iter()
        .map(|version| &*version.reason)
        .collect();
    assert_eq!(reasons, ["rotation", "rollback"]);
    // A new one has a number of its own.
    assert_eq!(place.rotate("key").await.unwrap().to_version, 3);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_was_ended_is_made_to_work_again_where_its_provider_can() {
    let place = Place::new().await;
    let credential = place.key("key").await;
    place.rotate("key").await.unwrap();
    place.later(Duration::from_hours(1));
    place.work().await;
    assert_eq!(place.states(&credential).await, [Retired, Current]);
    place
        .provider
        .break_down("POST", "/allowed/restored", Fault::Answers(403), 1);
    let (code, message) = refusal(place.roll_back("key", Some(1)).await);
    assert_eq!(code, "rejected");
    assert!(message.contains("version 1 no longer works"), "{message}");
    place.work().await;
    assert_eq!(place.states(&credential).await, [Retired, Current]);
    // Where the answer was lost it works again, and is ended once more.
    place
        .provider
        .break_down("POST", "/allowed/restored", Fault::LosesAnswer, 1);
    refusal(place.roll_back("key", Some(1)).await);
    assert!(place.provider.works(FIRST));
    place.work().await;
    assert_eq!(place.states(&credential).await, [Retired, Current]);
    assert!(!place.provider.works(FIRST));
    let after = place.desk.read("key").await.unwrap();
    assert_eq!((after.rotation_failures, after.rotating), (0, false));
    assert_eq!(after.health, Health::Valid);

    place.roll_back("key", Some(1)).await.unwrap();
    assert_eq!(place.states(&credential).await, [Current, Previous]);
    assert!(place.provider.works(FIRST));
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn there_is_nothing_else_to_go_back_to() {
    let place = Place::new().await;
    place.key("key").await;
    let nothing = place.roll_back("key", None).await;
    assert!(matches!(nothing, Err(VaultError::Conflict { .. })));
    place.rotate("key").await.unwrap();
    let current = place.roll_back("key", Some(2)).await;
    assert!(matches!(current, Err(VaultError::Conflict { .. })));
    let unknown = place.roll_back("key", Some(7)).await;
    assert!(matches!(unknown, Err(VaultError::Invalid(_))));
    place
        .provider
        .break_down("GET", "/allowed", Fault::Answers(503), 1);
    let (code, message) = refusal(place.roll_back("key", None).await);
    assert_eq!(code, "unreachable");
    assert!(message.contains("stays the current one"), "{message}");
    assert!(place.roll_back("key", None).await.is_ok());
    place.desk.close().await;
}
