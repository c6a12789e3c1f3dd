//! Many at once: callers, hosts, and a database that goes away.

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all};

use super::support::{CANARY, Desk, named, opaque, value};
use crate::audit::{Applied, AuditError, Author, Change, NewEntry, action};
use crate::credentials::{CredentialPatch, CredentialRef};
use crate::error::VaultError;
use crate::identity::tests::support::password_of;
use crate::permission::{Lapsed, credential, workspace};
use crate::store::{StoreError, Transaction};

#[tokio::test]
async fn of_many_that_want_a_name_one_gets_it() {
    let desk = Desk::new().await;
    let results = join_all((0..20).map(|_| desk.create(opaque("wanted")))).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(
        results
            .iter()
            .filter_map(|result| result.as_ref().err())
            .all(|error| matches!(error, VaultError::NameTaken { .. }))
    );

    let names: Vec<_> = (0..10).map(|number| format!("rival {number}")).collect();
    join_all(names.iter().map(|name| desk.create(opaque(name)))).await;
    let update = desk.permit::<credential::Update>().await;
    let patch = CredentialPatch {
        name: Some("won".to_owned()),
        ..CredentialPatch::default()
    };
    let rename = |name: &str| {
        let (vault, reference, update, patch) =
            (desk.vault().clone(), named(name), &update, &patch);
        async move { vault.update_credential(update, &reference, patch).await }
    };
    let renamed = join_all(names.iter().map(|name| rename(name))).await;
    assert_eq!(renamed.iter().filter(|result| result.is_ok()).count(), 1);
    desk.close().await;
}

#[tokio::test]
async fn changes_that_meet_are_all_made() {
    let desk = Desk::new().await;
    desk.create(opaque("busy")).await.unwrap();
    let update = desk.permit::<credential::Update>().await;
    let changes = [
        CredentialPatch {
            description: Some(Some("said".to_owned())),
            ..CredentialPatch::default()
        },
        CredentialPatch {
            tags: Some(vec!["tag".to_owned()]),
            ..CredentialPatch::default()
        },
        CredentialPatch {
            rotation_interval_hours: Some(24),
            ..CredentialPatch::default()
        },
    ];
    let reference = named("busy");
    let results = join_all(
        changes
            .iter()
            .map(|patch| desk.vault().update_credential(&update, &reference, patch)),
    )
    .await;
    assert!(results.iter().all(Result::is_ok));
    let after = desk.read("busy").await.unwrap();
    assert_eq!(after.description.as_deref(), Some("said"));
    assert_eq!(
        (after.tags.as_slice(), after.rotation.interval_hours),
        (&["tag".to_owned()][..], 24)
    );
    desk.close().await;
}

/// A change that the database refuses with an error.
struct Bad;

impl Change for Bad {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            execute!(
                transaction,
                "INSERT INTO workspaces (id) VALUES ($1)",
                "bad"
            )?;
            Ok(Applied::Done)
        }
        .boxed()
    }
}

#[tokio::test]
async fn one_bad_job_of_a_group_hurts_only_itself() {
    let desk = Desk::new().await;
    let before = desk.house.entries().await.len();
    let audit = &desk.vault().inner.audit;
    let jobs = (0..50).map(|number| {
        let change: Option<Box<dyn Change>> = (number == 25).then(|| Box::new(Bad) as _);
        audit.commit(NewEntry::new(Author::System, "test"), change)
    });
    let results = join_all(jobs).await;
    for (number, result) in results.iter().enumerate() {
        match result {
            Ok(committed) => assert!(number != 25 && committed.number.is_some()),
            Err(error) => assert!(
                number == 25 && matches!(error, AuditError::Failed(_)),
                "{number}: {error}"
            ),
        }
    }
    assert_eq!(desk.house.entries().await.len(), before + 49);
    assert!(desk.vault().verify_audit(None).await.unwrap().holds());
    desk.close().await;
}

#[tokio::test]
async fn another_hosts_change_is_never_missed_by_a_reveal() {
    let desk = Desk::new().await;
    desk.create(opaque("shared")).await.unwrap();
    let other = desk.house.another().await.vault;
    let reveal = desk.permit::<credential::Reveal>().await;
    // Both remember it.
    assert_eq!(value(&desk.reveal("shared").await.unwrap()), CANARY);
    assert_eq!(
        value(&other.reveal(&reveal, &named("shared")).await.unwrap()),
        CANARY
    );

    let update = desk.permit::<credential::Update>().await;
    let patch = CredentialPatch {
        description: Some(Some("new".to_owned())),
        ..CredentialPatch::default()
    };
    desk.vault()
        .update_credential(&update, &named("shared"), &patch)
        .await
        .unwrap();
    let revealed = other.reveal(&reveal, &named("shared")).await.unwrap();
    assert_eq!(revealed.credential.description.as_deref(), Some("new"));

    let delete = desk.permit::<credential::Delete>().await;
    let by_id = CredentialRef::Id(revealed.credential.id);
    desk.vault()
        .delete_credential(&delete, &by_id)
        .await
        .unwrap();
    assert!(matches!(
        other.reveal(&reveal, &by_id).await,
        Err(VaultError::NotFound)
    ));
    assert!(other.verify_audit(None).await.unwrap().holds());
    other.close().await;
    desk.close().await;
}

#[tokio::test]
async fn leave_that_ended_on_another_host_ends_here_at_once() {
    let desk = Desk::new().await;
    if desk.database().shared().is_none() {
        // SQLite has one host.
        return desk.close().await;
    }
    let here = desk.house.default_workspace;
    desk.create(opaque("shared")).await.unwrap();
    let other = desk.house.another().await.vault;
    let manage = desk.permit::<workspace::Manage>().await;
    let both = ["credential:reveal", "credential:create"];
    for name in ["removed", "restricted", "disabled", "revoked"] {
        let user = desk.house.user(name).await;
        let put = async |held: &[&str]| {
            let put = desk.vault().put_member(&manage, user.id, held).await;
            assert!(put.is_ok(), "{put:?}");
        };
        put(&both).await;
        let caller = desk.house.log_in(name, &password_of(name)).await;
        // What the other host let them do before it hears of the change.
        let reveal = other
            .permit::<credential::Reveal>(&caller, here)
            .await
            .unwrap();
        let create = other
            .permit::<credential::Create>(&caller, here)
            .await
            .unwrap();
        assert!(other.reveal(&reveal, &named("shared")).await.is_ok());
        match name {
            "removed" => desk.vault().remove_member(&manage, user.id).await.unwrap(),
            "restricted" => put(&["credential:read"]).await,
            "disabled" => {
                let users = desk.vault().server_permit(&desk.caller).await.unwrap();
                desk.vault()
                    .set_user_active(&users, user.id, false)
                    .await
                    .unwrap();
            }
            _ => desk.vault().revoke_token(&caller).await.unwrap(),
        }
        let revealed = other.reveal(&reveal, &named("shared")).await.map(drop);
        let created = other
            .create_credential(&create, opaque(name))
            .await
            .map(drop);
        for refused in [revealed, created] {
            let Err(VaultError::Lapsed(lapsed)) = refused else {
                panic!("{name}: {refused:?}")
            };
            assert!(
                matches!(
                    (name, lapsed),
                    ("removed", Lapsed::Membership { .. })
                        | ("restricted", Lapsed::Permission { .. })
                        | ("disabled" | "revoked", Lapsed::Token)
                ),
                "{name}: {lapsed:?}"
            );
        }
        assert!(matches!(desk.read(name).await, Err(VaultError::NotFound)));
    }
    let denied = desk.house.entries().await;
    let denied = denied.iter().filter(|row| row.action == action::DENIED);
    assert_eq!(denied.count(), 4, "of those whose tokens were good");
    assert!(other.verify_audit(None).await.unwrap().holds());
    other.close().await;
    desk.close().await;
}

#[tokio::test]
async fn a_log_that_cannot_be_written_stops_secrets_and_changes_and_nothing_else() {
    let desk = Desk::new().await;
    let stored = desk.create(opaque("kept")).await.unwrap();
    let read = desk.permit::<credential::Read>().await;
    let reveal = desk.permit::<credential::Reveal>().await;
    let create = desk.permit::<credential::Create>().await;
    let by_id = CredentialRef::Id(stored.id);

    let rename = async |from: &str, to: &str| {
        let mut transaction = desk.database().begin().await.unwrap();
        let text = format!("ALTER TABLE {from} RENAME TO {to}");
        execute!(transaction, values Vec::new(), text).unwrap();
        transaction.commit().await.unwrap();
    };
    rename("audit", "gone").await;
    let revealed = desk.vault().reveal(&reveal, &by_id).await;
    assert!(matches!(revealed, Err(VaultError::Unavailable)));
    let created = desk.vault().create_credential(&create, opaque("new")).await;
    assert!(matches!(created, Err(VaultError::Unavailable)));
    assert!(desk.vault().credential(&read, &by_id).await.is_ok());

    rename("gone", "audit").await;
    assert!(
        desk.vault().reveal(&reveal, &by_id).await.is_ok(),
        "it works again by itself"
    );
    assert!(desk.vault().verify_audit(None).await.unwrap().holds());

    desk.database().close().await;
    let revealed = desk.vault().reveal(&reveal, &by_id).await;
    assert!(matches!(revealed, Err(VaultError::Unavailable)));
    desk.close().await;
}

#[tokio::test]
async fn closing_writes_all_that_waits() {
    let desk = Desk::new().await;
    let before = desk.house.entries().await.len();
    let audit = desk.vault().inner.audit.clone();
    let jobs: Vec<_> = (0..300)
        .map(|_| {
            let audit = audit.clone();
            tokio::spawn(async move {
                audit
                    .commit(NewEntry::new(Author::System, "test"), None)
                    .await
            })
        })
        .collect();
    tokio::task::yield_now().await;
    audit.close().await;
    let done = join_all(jobs)
        .await
        .into_iter()
        .filter(|job| matches!(job, Ok(Ok(_))))
        .count();
    assert_eq!(
        desk.house.entries().await.len(),
        before + done,
        "what was answered is written, and nothing else"
    );
    assert!(matches!(
        audit
            .commit(NewEntry::new(Author::System, "test"), None)
            .await,
        Err(AuditError::Closed)
    ));
    desk.close().await;
}
