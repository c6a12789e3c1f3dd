//! Rotations that come by themselves.

use std::time::Duration;

use super::provider::Fault;
use super::support::{FIRST, Place, new_key, work};
use crate::credentials::tests::support::{named, opaque};
use crate::credentials::{
    Credential, CredentialFilter, CredentialPatch, NewCredential, Rotation, RotationStrategy,
};
use crate::permission::credential;

const DAY: Duration = Duration::from_hours(24);
const MAKES: &str = "POST /allowed/keys";

fn every(hours: u32) -> Rotation {
    Rotation {
        enabled: true,
        interval_hours: hours,
        strategy: RotationStrategy::Scheduled,
    }
}

impl Place {
    async fn daily(&self, name: &str) -> std::sync::Arc<Credential> {
        self.provider.add(name, FIRST);
        self.store(NewCredential {
            rotation: every(24),
            ..new_key(name)
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_rotates_week_after_week() {
    let mut place = Place::new().await;
    let credential = place.daily("key").await;
    place.work().await;
    assert_eq!(place.provider.times(MAKES), 0);
    for day in 1..=21 {
        // Up to a quarter of an hour later than a day, each time.
        place.later(DAY + Duration::from_mins(15));
        if day % 7 == 0 {
            place.crash().await;
        }
        place.work().await;
        assert_eq!(place.provider.times(MAKES), day);
    }
    let after = place.desk.read("key").await.unwrap();
    assert_eq!(after.version, 22);
    // The last one but one ends in an hour.
    assert_eq!(place.provider.working().len(), 2);
    assert_eq!(place.states(&credential).await.len(), 22);
    let permit = place.desk.permit::<credential::Read>().await;
    let schedule = place.vault().rotation_schedule(&permit).await.unwrap();
    assert_eq!(schedule.upcoming.len(), 1);
    assert!(schedule.overdue.is_empty());
    assert_eq!(Some(schedule.upcoming[0].at), after.next_rotation_at());
    place.later(DAY * 2);
    let schedule = place.vault().rotation_schedule(&permit).await.unwrap();
    assert_eq!((schedule.upcoming.len(), schedule.overdue.len()), (0, 1));
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_tried_again_less_and_less_often() {
    let place = Place::new().await;
    place.daily("key").await;
    place.later(DAY + Duration::from_mins(15));
    place
        .provider
        .break_down("POST", "/allowed/keys", Fault::Answers(500), 4);
    for (attempt, minutes) in [0, 5, 30, 120].into_iter().enumerate() {
        place.later(Duration::from_mins(minutes));
        place.work().await;
        place.work().await;
        assert_eq!(place.provider.times(MAKES), attempt + 1);
        let after = place.desk.read("key").await.unwrap();
        assert_eq!(usize::try_from(after.rotation_failures), Ok(attempt + 1));
    }
    place.later(Duration::from_hours(6));
    place.work().await;
    let after = place.desk.read("key").await.unwrap();
    assert_eq!((after.version, after.rotation_failures), (2, 0));
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_rotate_says_so_once() {
    let place = Place::new().await;
    place
        .store(NewCredential {
            rotation: every(1),
            ..opaque("opaque")
        })
        .await;
    for _ in 0..3 {
        place.later(DAY);
        place.work().await;
        let after = place.desk.read("opaque").await.unwrap();
        assert_eq!(after.rotation_failures, 1);
        let error = after.rotation_error.as_deref().unwrap();
        assert!(error.contains("bring the new `value`"), "{error}");
    }
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_nears_its_end_rotates_and_one_that_is_not_active_does_not() {
    let place = Place::new().await;
    let now = place.vault().now();
    place.provider.add("ends", FIRST);
    let ends = NewCredential {
        rotation: Rotation {
            strategy: RotationStrategy::OnExpiry,
            ..every(1)
        },
        expires_at: Some(now + jiff::SignedDuration::from_hours(240)),
        alert_threshold_hours: Some(48),
        ..new_key("ends")
    };
    place.store(ends).await;
    place.daily("idle").await;
    let permit = place.desk.permit::<credential::Update>().await;
    let idle = named("idle");
    place
        .vault()
        .deactivate_credential(&permit, &idle)
        .await
        .unwrap();
    place.later(DAY * 7 + Duration::from_secs(24 * 3600 - 1));
    place.work().await;
    assert_eq!(place.provider.times(MAKES), 0);
    place.later(Duration::from_secs(1));
    place.work().await;
    assert_eq!(place.provider.times(MAKES), 1);
    let after = place.desk.read("ends").await.unwrap();
    assert_eq!((after.version, after.expires_at), (2, None));
    // Somebody wants it no longer.
    let patch = CredentialPatch {
        rotation_enabled: Some(false),
        ..CredentialPatch::default()
    };
    place
        .vault()
        .activate_credential(&permit, &idle)
        .await
        .unwrap();
    place
        .vault()
        .update_credential(&permit, &idle, &patch)
        .await
        .unwrap();
    place.work().await;
    assert_eq!(place.provider.times(MAKES), 1);
    place.desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_that_are_due_at_once_rotate_once_each_and_few_at_a_time() {
    const MANY: usize = 1000;
    let mut place = Place::new().await;
    for number in 0..MANY {
        // One secret is as good as another to this provider: the first key of that value answers.
        let name = format!("key-{number}");
        place
            .store(NewCredential {
                rotation: every(24),
                ..new_key(&name)
            })
            .await;
    }
    place.provider.add("shared", FIRST);
    place.later(DAY + Duration::from_mins(15));
    for restart in 0..3 {
        // Some are done, some are under way.
        for _ in 0..20 * (restart + 1) {
            let begun = place.vault().begin_due_jobs().await.unwrap();
            for job in begun {
                job.await.unwrap();
            }
        }
        place.crash().await;
    }
    work(place.vault()).await;
    let permit = place.desk.permit::<credential::Read>().await;
    let filter = CredentialFilter {
        limit: Some(1000),
        ..CredentialFilter::default()
    };
    let page = place
        .vault()
        .list_credentials(&permit, &filter)
        .await
        .unwrap();
    let versions: Vec<_> = page.credentials.iter().map(|found| found.version).collect();
    assert_eq!(versions, [2; MANY]);
    assert_eq!(place.provider.times(MAKES), MANY);
    let at_once = place.provider.state().most_at_once;
    assert!((1..=4).contains(&at_once), "{at_once}");
    place.desk.close().await;
}
