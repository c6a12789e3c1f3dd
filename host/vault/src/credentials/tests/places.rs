//! Credentials put to use in places, and given their new secrets there.

use std::time::Duration;

use super::shelf::{ADDRESS, TOKEN, at, boxed, desk, serve, token, work};
use super::support::{Desk, named, opaque};
use crate::audit::action;
use crate::credentials::NewCredential;
use crate::error::VaultError;
use crate::ids::ApplicationId;
use crate::permission::{credential, workspace};
use crate::places::Apply;
use crate::store::places as rows;

const NEWER: &str = "a-newer-token-0123456789";

fn code(error: &VaultError) -> &str {
    match error {
        VaultError::Provider { code, .. } => code,
        other => panic!("not a provider's: {other:?}"),
    }
}

impl Desk {
    async fn refresh(&self, name: &str, version: u32) -> Vec<(String, Option<String>)> {
        let credential = self.read(name).await.unwrap();
        let refreshed = self.vault().refresh_places(&credential, version).await;
        let refreshed = refreshed.unwrap().into_iter();
        let pair =
            |it: crate::places::Refreshed| (format!("{}/{}", it.container, it.slot), it.stale);
        refreshed.map(pair).collect()
    }

    async fn stale(&self, name: &str) -> usize {
        let places = self.places(name).await;
        places.iter().filter(|place| !place.is_current).count()
    }

    async fn advance(&self, by: Duration) -> usize {
        self.house.clock.advance(by);
        self.work().await
    }

    async fn applications(&self, name: &str) -> usize {
        let credential = self.read(name).await.unwrap();
        let found = rows::applications(self.database(), &credential.id.to_string()).await;
        found.unwrap().len()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_place_uses_the_copy_of_the_first() {
    let (desk, shelf) = desk().await;
    let id = ApplicationId::random();
    let first = Apply {
        id: Some(id),
        requested_by: Some("HEPHAESTUS".to_owned()),
        parameters: vec![("type".to_owned(), "header".to_owned())],
        ..at("flow", "node 1")
    };
    let applied = desk.apply("token", first).await.unwrap();
    assert_eq!(
        (applied.container.as_str(), applied.slot.as_str()),
        ("flow", "node 1")
    );
    desk.apply("token", at("flow", "node 2")).await.unwrap();
    // Again, which changes nothing.
    desk.apply("token", at("flow", "node 2")).await.unwrap();
    {
        let state = shelf.state();
        let copies: Vec<_> = state.copies.iter().collect();
        let kept = ("copy-0".to_owned(), (id.to_string(), TOKEN.to_owned()));
        assert_eq!(copies, [(&kept.0, &kept.1)]);
        assert_eq!(state.places["flow/node%202"], "copy-0");
    }
    let places = desk.places("token").await;
    let told: Vec<_> = places
        .iter()
        .map(|it| (it.slot.as_str(), it.is_current, it.requested_by.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            ("node 1", true, Some("HEPHAESTUS")),
            ("node 2", true, Some("admin"))
        ]
    );
    assert_eq!(
        (places[0].target.as_str(), places[0].connection.as_str()),
        ("n8n", "box")
    );
    assert_eq!(desk.applications("token").await, 1);
    assert_eq!(desk.work().await, 0, "nothing is due");

    let entries = desk.house.entries().await;
    let of = |action: &str| entries.iter().filter(|it| it.action == action).count();
    assert_eq!(of(action::CREDENTIAL_APPLY_INTENT), 3);
    assert_eq!(of(action::CREDENTIAL_APPLY), 3);
    assert!(entries.iter().all(|entry| !entry.detail.contains(TOKEN)));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_secret_gets_everywhere_and_a_stale_place_is_tried_for_days() {
    let (desk, shelf) = desk().await;
    desk.apply("token", at("flow", "1")).await.unwrap();
    desk.apply("token", at("flow", "2")).await.unwrap();
    desk.replace("token", NEWER).await;
    shelf.state().places.remove("flow/2");
    let refreshed = desk.refresh("token", 2).await;
    let stale = Some("the place answers 404".to_owned());
    assert_eq!(
        refreshed,
        [("flow/1".to_owned(), None), ("flow/2".to_owned(), stale)]
    );
    assert_eq!(shelf.state().copies["copy-0"].1, NEWER);
    assert_eq!(desk.told("token").await, ["flow/1 current", "flow/2 stale"]);
    assert_eq!(desk.stale("token").await, 1);

    // Less and less often, at last once a day.
    let minute = Duration::from_mins(1);
    assert_eq!(desk.advance(minute / 3).await, 0);
    for wait in [
        minute / 2,
        2 * minute,
        10 * minute,
        60 * minute,
        360 * minute,
    ] {
        assert_eq!(desk.advance(wait).await, 1, "{wait:?}");
        assert_eq!(desk.work().await, 0, "{wait:?}");
    }
    for _ in 0..3 {
        assert_eq!(desk.advance(1439 * minute).await, 0);
        assert_eq!(desk.advance(minute).await, 1);
    }
    // While it rotates nothing is done, and not while it is out of use.
    desk.set_rotating("token", 1).await;
    assert_eq!(desk.advance(1440 * minute).await, 0);
    desk.set_rotating("token", 0).await;

    shelf
        .state()
        .places
        .insert("flow/2".to_owned(), "copy-0".to_owned());
    assert_eq!(desk.work().await, 1);
    assert_eq!(
        desk.told("token").await,
        ["flow/1 current", "flow/2 current"]
    );
    assert_eq!(desk.stale("token").await, 0);
    assert_eq!(
        desk.advance(1440 * minute).await,
        0,
        "nothing is due any more"
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_current_secret_is_what_a_retry_brings() {
    let (desk, shelf) = desk().await;
    desk.apply("token", at("flow", "1")).await.unwrap();
    desk.replace("token", NEWER).await;
    shelf.state().broken.push(("PUT /copies", 503));
    let refreshed = desk.refresh("token", 2).await;
    assert!(refreshed[0].1.is_some(), "{refreshed:?}");
    assert_eq!(shelf.state().copies["copy-0"].1, TOKEN);
    desk.replace("token", "the-newest-token-0123456789").await;
    shelf.state().broken.clear();
    assert_eq!(desk.advance(Duration::from_mins(1)).await, 1);
    assert_eq!(
        shelf.state().copies["copy-0"].1,
        "the-newest-token-0123456789"
    );
    assert_eq!(desk.told("token").await, ["flow/1 current"]);

    // A place that comes to a copy which is behind is seen to at once.
    desk.replace("token", NEWER).await;
    desk.apply("token", at("flow", "2")).await.unwrap();
    assert_eq!(desk.told("token").await, ["flow/1 current", "flow/2 stale"]);
    assert_eq!(desk.work().await, 1);
    assert_eq!(shelf.state().copies["copy-0"].1, NEWER);
    assert_eq!(
        desk.told("token").await,
        ["flow/1 current", "flow/2 current"]
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_definite_failure_leaves_nothing_and_an_unclear_one_is_finished() {
    let (desk, shelf) = desk().await;
    let error = desk.apply("token", at("nowhere", "1")).await.unwrap_err();
    assert_eq!(code(&error), "not-found");
    assert!(error.to_string().contains("`nowhere`"), "{error}");
    assert!(desk.places("token").await.is_empty());
    assert_eq!(desk.applications("token").await, 0);
    assert_eq!(desk.advance(Duration::from_hours(24)).await, 0);

    // The answer to what was done is lost: it is on record, and done once more under the same name.
    shelf.state().copies.clear();
    shelf.state().garbled.push(("POST /copies", 418));
    let error = desk.apply("token", at("flow", "1")).await.unwrap_err();
    assert_eq!(code(&error), "unknown-outcome");
    assert_eq!(desk.told("token").await, ["flow/1 stale?"]);
    assert_eq!(desk.stale("token").await, 1);
    // Nothing is lost where it then surely fails.
    shelf.state().garbled.clear();
    shelf.state().broken.push(("POST /copies", 500));
    let error = desk.apply("token", at("flow", "1")).await.unwrap_err();
    assert_ne!(code(&error), "unknown-outcome");
    assert_eq!(desk.told("token").await, ["flow/1 stale?"]);
    shelf.state().broken.clear();
    assert_eq!(desk.advance(Duration::from_mins(3)).await, 1);
    assert_eq!(desk.told("token").await, ["flow/1 current"]);
    assert_eq!(shelf.state().copies.len(), 1, "the same copy");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_leaves_undone_another_finishes() {
    let (desk, shelf) = desk().await;
    if desk.database().shared().is_some() {
        // There a claim ends by the database's own clock, which no test sets.
        return desk.close().await;
    }
    let origin = shelf.state().pages["origin"].clone();
    shelf.state().broken.push(("PUT /places", 0));
    let permit = desk.permit::<credential::Apply>().await;
    let vault = desk.vault().clone();
    let hanging = tokio::spawn(async move {
        vault
            .apply_credential(&permit, &named("token"), at("flow", "1"))
            .await
    });
    while !shelf
        .state()
        .asked
        .iter()
        .any(|line| line.starts_with("PUT /places"))
    {
        tokio::task::yield_now().await;
    }
    // The intent is there, whatever becomes of this host.
    assert_eq!(desk.told("token").await, ["flow/1 stale?"]);
    let second = desk.apply("token", at("flow", "2")).await.unwrap_err();
    let VaultError::Conflict { retry_after_ms, .. } = second else {
        panic!("{second}")
    };
    assert!(retry_after_ms.is_some());

    let another = desk.house.another().await.vault;
    serve(&another, &origin).await;
    shelf.state().broken.clear();
    assert_eq!(work(&another).await, 0, "it isn't due yet");
    desk.house.clock.advance(Duration::from_mins(2));
    assert_eq!(work(&another).await, 1);
    assert_eq!(desk.told("token").await, ["flow/1 current"]);
    // The first host comes back to itself, and what it knows counts no more.
    let late = hanging.await.unwrap().unwrap_err();
    assert_eq!(code(&late), "unknown-outcome");
    assert_eq!(desk.told("token").await, ["flow/1 current"]);
    assert_eq!(shelf.state().copies.len(), 1);
    another.close().await;
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_can_be_put_to_use_is() {
    let (desk, shelf) = desk().await;
    desk.create(opaque("opaque")).await.unwrap();
    let known = NewCredential {
        value: None,
        secretless: true,
        ..token("known")
    };
    desk.create(known).await.unwrap();
    for name in ["opaque", "known"] {
        let error = desk.apply(name, at("flow", "1")).await.unwrap_err();
        assert_eq!(code(&error), "unsupported");
        assert!(error.to_string().contains(name), "{error}");
    }
    desk.set_rotating("token", 1).await;
    let error = desk.apply("token", at("flow", "1")).await.unwrap_err();
    assert!(
        matches!(
            &error,
            VaultError::Conflict {
                retry_after_ms: Some(_),
                ..
            }
        ),
        "{error:?}"
    );
    desk.set_rotating("token", 0).await;
    let retire = desk.permit::<credential::Delete>().await;
    let reference = named("token");
    let retiring = desk.vault().retire_credential(&retire, &reference);
    assert!(retiring.await.unwrap().1.is_empty());
    let error = desk.apply("token", at("flow", "1")).await.unwrap_err();
    assert!(error.to_string().contains("isn't active"), "{error}");
    let update = desk.permit::<credential::Update>().await;
    desk.vault()
        .activate_credential(&update, &reference)
        .await
        .unwrap();

    for (apply, field) in [
        (at("", "1"), "workflow_id"),
        (at("flow", "a\nb"), "node_name"),
        (
            Apply {
                target: Some("acme".to_owned()),
                ..at("flow", "1")
            },
            "target",
        ),
        (
            Apply {
                connection: Some("acme".to_owned()),
                ..at("flow", "1")
            },
            "connection",
        ),
    ] {
        let error = desk.apply("token", apply).await.unwrap_err();
        let VaultError::Invalid(problems) = error else {
            panic!("{error}")
        };
        assert_eq!(problems[0].field, field);
    }
    assert!(shelf.state().asked.is_empty(), "nobody was asked");
    assert!(desk.places("token").await.is_empty());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_one_that_was_approved_and_named_where_there_are_several() {
    let (desk, shelf) = desk().await;
    desk.create(boxed("second box")).await.unwrap();
    let error = desk.apply("token", at("flow", "1")).await.unwrap_err();
    assert!(error.to_string().contains("`box`, `second box`"), "{error}");
    let manage = desk.permit::<workspace::Manage>().await;
    let origin = ADDRESS.to_owned();
    let withdrawing = desk.vault().withdraw_origin(&manage, "n8n", &origin);
    withdrawing.await.unwrap();
    let through = Apply {
        connection: Some("box".to_owned()),
        ..at("flow", "1")
    };
    let error = desk.apply("token", through.clone()).await.unwrap_err();
    assert!(error.to_string().contains("nobody has approved"), "{error}");
    assert!(shelf.state().asked.is_empty());
    desk.vault()
        .approve_origin(&manage, "n8n", &origin)
        .await
        .unwrap();
    desk.apply("token", through).await.unwrap();
    let other = Apply {
        connection: Some("second box".to_owned()),
        ..at("flow", "1")
    };
    desk.apply("token", other).await.unwrap();
    assert_eq!(desk.applications("token").await, 2);
    // Where the target can't be reached any more, the place is stale and says why.
    desk.vault()
        .withdraw_origin(&manage, "n8n", &origin)
        .await
        .unwrap();
    desk.replace("token", NEWER).await;
    let refreshed = desk.refresh("token", 2).await;
    assert_eq!(refreshed.len(), 2);
    for (_, stale) in refreshed {
        assert!(stale.unwrap().contains("nobody has approved"));
    }
    assert_eq!(desk.stale("token").await, 2);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_use_is_not_deleted_and_a_place_can_be_forgotten() {
    let (desk, _shelf) = desk().await;
    desk.apply("token", at("flow", "1")).await.unwrap();
    let delete = desk.permit::<credential::Delete>().await;
    for (name, part) in [("token", "flow/1"), ("box", "1 others")] {
        let reference = named(name);
        let deleting = desk.vault().delete_credential(&delete, &reference);
        let error = deleting.await.unwrap_err();
        assert!(matches!(error, VaultError::Conflict { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let reference = named("token");
    let (_, places) = desk
        .vault()
        .retire_credential(&delete, &reference)
        .await
        .unwrap();
    assert_eq!(places.len(), 1);

    let apply = desk.permit::<credential::Apply>().await;
    let forget = || desk.vault().forget_place(&apply, &reference, "flow", "1");
    assert!(forget().await.unwrap());
    assert!(!forget().await.unwrap());
    assert!(desk.places("token").await.is_empty());
    for name in ["token", "box"] {
        desk.vault()
            .delete_credential(&delete, &named(name))
            .await
            .unwrap();
    }
    desk.close().await;
}
