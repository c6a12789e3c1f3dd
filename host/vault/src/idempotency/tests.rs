use std::time::Duration;

use tokio::task::JoinSet;

use super::*;
use crate::credentials::{CredentialFilter, CredentialPatch, CredentialRef, NewCredential};
use crate::identity::Caller;
use crate::identity::tests::support::{House, secret};
use crate::permission::credential;

struct Desk {
    house: House,
    caller: Caller,
}

impl Desk {
    async fn new() -> Self {
        let house = House::new().await;
        let caller = house.admin().await;
        Self { house, caller }
    }

    async fn permit<P: InWorkspace>(&self) -> Permit<P> {
        let workspace = self.house.default_workspace;
        let permit = self.house.vault.permit(&self.caller, workspace).await;
        permit.unwrap()
    }

    async fn plan(&self, key: &str, request: &[u8]) -> Result<Planned, VaultError> {
        let permit = self.permit::<credential::Create>().await;
        let vault = &self.house.vault;
        vault.planned(&permit, "create", Some(key), request).await
    }

    /// Stores a credential with what a request of this key made of it, as a surface does.
    async fn store(&self, key: &str, name: &str) -> Result<CredentialId, VaultError> {
        let planned = self.plan(key, name.as_bytes()).await?;
        self.store_planned(planned, name).await
    }

    async fn store_planned(
        &self,
        planned: Planned,
        name: &str,
    ) -> Result<CredentialId, VaultError> {
        let permit = self.permit::<credential::Create>().await;
        let new = new(planned, name);
        let stored = self.house.vault.create_credential(&permit, new).await;
        stored.map(|credential| credential.id)
    }

    async fn kept(&self) -> usize {
        let mut reader = self.house.vault.inner.database.read().await.unwrap();
        let text = "SELECT scope FROM idempotency_keys";
        fetch_all!(reader, (String,), text).unwrap().len()
    }
}

fn new(planned: Planned, name: &str) -> NewCredential {
    NewCredential {
        planned: Some(planned),
        name: name.to_owned(),
        kind: "database".to_owned(),
        value: Some(secret("a secret of some length")),
        ..NewCredential::default()
    }
}

#[tokio::test]
async fn the_same_request_has_one_id_and_another_is_refused() {
    let desk = Desk::new().await;
    let first = desk.plan("key", b"body").await.unwrap();
    assert!(!first.is_repeat());
    let again = desk.plan("key", b"body").await.unwrap();
    assert!(again.is_repeat());
    assert_eq!(again.credential(), first.credential());
    let Err(VaultError::Invalid(problems)) = desk.plan("key", b"other body").await else {
        panic!("it was taken")
    };
    assert_eq!(problems[0].field, "Idempotency-Key");

    // Another operation and another user have keys of their own.
    let permit = desk.permit::<credential::Rotate>().await;
    let vault = &desk.house.vault;
    let rotation = vault.planned(&permit, "rotate", Some("key"), b"other body");
    assert!(!rotation.await.unwrap().is_repeat());
    let without = vault.planned(&permit, "rotate", None, b"other body").await;
    assert!(!without.unwrap().is_repeat());
    assert_eq!(desk.kept().await, 2);
    desk.house.close().await;
}

#[tokio::test]
async fn only_short_printable_keys_are_taken() {
    let desk = Desk::new().await;
    for key in ["", "a\tb", "schlüssel", &"k".repeat(256)] {
        let planned = desk.plan(key, b"body").await;
        assert!(matches!(planned, Err(VaultError::Invalid(_))), "{key:?}");
    }
    for key in [" ", "~", &"k".repeat(255)] {
        assert!(desk.plan(key, b"body").await.is_ok(), "{key:?}");
    }
    desk.house.close().await;
}

#[tokio::test]
async fn a_request_that_is_sent_again_finds_what_it_made() {
    let desk = Desk::new().await;
    let made = desk.store("key", "one").await.unwrap();
    assert_eq!(desk.store("key", "one").await.unwrap(), made);
    let taken = desk.store("other key", "one").await;
    assert!(matches!(taken, Err(VaultError::NameTaken { .. })));

    // It is what it is now, under whatever name.
    let vault = &desk.house.vault;
    let patch = CredentialPatch {
        name: Some("renamed".to_owned()),
        ..CredentialPatch::default()
    };
    let reference = CredentialRef::Id(made);
    let update = desk.permit().await;
    let updated = vault.update_credential(&update, &reference, &patch).await;
    updated.unwrap();
    assert_eq!(desk.store("key", "one").await.unwrap(), made);

    // What was deleted since stays deleted.
    let delete = desk.permit().await;
    let deleted = vault.delete_credential(&delete, &reference).await;
    deleted.unwrap();
    let again = desk.store("key", "one").await;
    assert!(
        matches!(again, Err(VaultError::Conflict { .. })),
        "{again:?}"
    );
    desk.house.close().await;
}

#[tokio::test]
async fn one_that_was_planned_before_the_other_made_it_and_comes_after_its_end_makes_nothing() {
    let desk = Desk::new().await;
    let late = desk.plan("key", b"one").await.unwrap();
    let made = desk.store("key", "one").await.unwrap();
    let delete = desk.permit().await;
    let reference = CredentialRef::Id(made);
    let deleted = desk
        .house
        .vault
        .delete_credential(&delete, &reference)
        .await;
    deleted.unwrap();
    let stored = desk.store_planned(late, "one").await;
    assert!(
        matches!(stored, Err(VaultError::Conflict { .. })),
        "{stored:?}"
    );
    desk.house.close().await;
}

#[tokio::test]
async fn many_at_once_make_one() {
    let desk = Desk::new().await;
    let mut requests = JoinSet::new();
    for _ in 0..16 {
        let vault = desk.house.vault.clone();
        let permit = desk.permit::<credential::Create>().await;
        requests.spawn(async move {
            let planned = vault
                .planned(&permit, "create", Some("key"), b"body")
                .await?;
            let stored = vault.create_credential(&permit, new(planned, "one")).await;
            stored.map(|credential| credential.id)
        });
    }
    let ids: Vec<_> = requests
        .join_all()
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    let read = desk.permit().await;
    let filter = CredentialFilter::default();
    let page = desk.house.vault.list_credentials(&read, &filter).await;
    assert_eq!(page.unwrap().counts.total, 1);
    desk.house.close().await;
}

#[tokio::test]
async fn a_request_outlives_a_restart_and_is_forgotten_after_a_day() {
    let desk = Desk::new().await;
    let first = desk.plan("key", b"body").await.unwrap();
    let other = desk.house.another().await.vault;
    let permit = desk.permit::<credential::Create>().await;
    let again = other
        .planned(&permit, "create", Some("key"), b"body")
        .await
        .unwrap();
    assert_eq!(again.credential(), first.credential());
    other.close().await;

    desk.house.clock.advance(Duration::from_hours(24));
    desk.house.vault.begin_due_jobs().await.unwrap();
    assert_eq!(desk.kept().await, 1, "24 hours are over when they are over");
    desk.house.clock.advance(Duration::from_hours(1));
    desk.house.vault.begin_due_jobs().await.unwrap();
    assert_eq!(desk.kept().await, 0);
    desk.house.close().await;
}

#[tokio::test]
async fn a_key_may_be_used_anew_after_a_day_even_where_nothing_was_forgotten_yet() {
    let desk = Desk::new().await;
    let first = desk.plan("key", b"body").await.unwrap();
    desk.house.clock.advance(Duration::from_hours(25));
    let anew = desk.plan("key", b"other body").await.unwrap();
    assert!(!anew.is_repeat());
    assert_ne!(anew.credential(), first.credential());
    assert_eq!(desk.kept().await, 1);
    desk.house.close().await;
}
