//! One credential, from its storing to its end.

use std::time::Duration;

use jiff::Timestamp;

use super::support::{CANARY, Desk, named, opaque, value};
use crate::audit::AuditFilter;
use crate::credentials::{CredentialFilter, CredentialPatch, CredentialRef, NewCredential, Status};
use crate::error::VaultError;
use crate::health::Health;
use crate::identity::tests::support::secret;
use crate::permission::{audit, credential, workspace};
use crate::store::listen::Heed as _;

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one life, told in one go")]
async fn it_is_stored_read_revealed_changed_and_deleted() {
    let desk = Desk::new().await;
    let stored = desk.create(opaque("the database")).await.unwrap();
    assert_eq!(
        (stored.kind.as_str(), stored.provider.as_deref()),
        ("database", Some("acme"))
    );
    assert_eq!(
        (stored.plugin.as_deref(), stored.version, stored.health),
        (None, 1, Health::Unknown)
    );
    assert_eq!(desk.read("the database").await.unwrap().id, stored.id);
    assert_eq!(
        desk.read("the database").await.unwrap().last_used_at(),
        None
    );

    let revealed = desk.reveal("the database").await.unwrap();
    assert_eq!(
        (revealed.fields[0].name.as_str(), value(&revealed)),
        ("value", CANARY)
    );
    assert!(
        desk.read("the database")
            .await
            .unwrap()
            .last_used_at()
            .is_some()
    );

    let update = desk.permit::<credential::Update>().await;
    let patch = CredentialPatch {
        name: Some("renamed".to_owned()),
        tags: Some(vec!["one".to_owned()]),
        rotation_enabled: Some(false),
        ..CredentialPatch::default()
    };
    let (updated, changed) = desk
        .vault()
        .update_credential(&update, &named("the database"), &patch)
        .await
        .unwrap();
    assert_eq!(changed, ["name", "tags"], "what is as it was is not told");
    assert_eq!(updated.name.as_str(), "renamed");
    assert!(matches!(
        desk.read("the database").await,
        Err(VaultError::NotFound)
    ));
    assert_eq!(
        value(&desk.reveal("renamed").await.unwrap()),
        CANARY,
        "the secret is as it was"
    );

    let inactive = desk
        .vault()
        .deactivate_credential(&update, &named("renamed"))
        .await
        .unwrap();
    assert_eq!(inactive.status(desk.vault().now()), Status::Retired);
    assert!(!desk.read("renamed").await.unwrap().active);
    assert!(matches!(
        desk.create(opaque("renamed")).await,
        Err(VaultError::NameTaken { .. })
    ));
    assert!(
        desk.vault()
            .activate_credential(&update, &named("renamed"))
            .await
            .unwrap()
            .active
    );

    let delete = desk.permit::<credential::Delete>().await;
    let by_id = CredentialRef::Id(stored.id);
    assert_eq!(
        desk.vault()
            .delete_credential(&delete, &by_id)
            .await
            .unwrap()
            .id,
        stored.id
    );
    assert!(matches!(
        desk.read("renamed").await,
        Err(VaultError::NotFound)
    ));
    assert!(matches!(
        desk.reveal("renamed").await,
        Err(VaultError::NotFound)
    ));
    assert!(matches!(
        desk.vault().delete_credential(&delete, &by_id).await,
        Err(VaultError::NotFound)
    ));
    assert!(
        desk.create(opaque("renamed")).await.is_ok(),
        "its name is free"
    );

    let log = desk.permit::<audit::Read>().await;
    let page = desk
        .vault()
        .audit_log(&log, &AuditFilter::default())
        .await
        .unwrap();
    let mut actions: Vec<_> = page
        .entries
        .iter()
        .filter(|entry| entry.credential == Some(stored.id))
        .collect();
    actions.reverse();
    let actions: Vec<_> = actions
        .iter()
        .map(|entry| entry.action.strip_prefix("credential.").unwrap())
        .collect();
    assert_eq!(
        actions,
        [
            "create",
            "reveal",
            "update",
            "reveal",
            "deactivate",
            "activate",
            "delete"
        ]
    );
    assert!(
        page.entries
            .iter()
            .all(|entry| !format!("{entry:?}").contains(CANARY))
    );
    assert!(desk.vault().verify_audit(None).await.unwrap().holds());
    desk.close().await;
}

#[tokio::test]
async fn nothing_of_another_workspace_resolves() {
    let desk = Desk::new().await;
    let stored = desk.create(opaque("ours")).await.unwrap();
    let manage = desk
        .vault()
        .server_permit::<workspace::Manage>(&desk.caller)
        .await
        .unwrap();
    let other = desk
        .vault()
        .create_workspace(&manage, "other")
        .await
        .unwrap();
    let theirs = desk
        .vault()
        .permit::<credential::Reveal>(&desk.caller, other.id)
        .await
        .unwrap();
    for reference in [CredentialRef::Id(stored.id), named("ours")] {
        assert!(matches!(
            desk.vault().reveal(&theirs, &reference).await,
            Err(VaultError::NotFound)
        ));
    }
    desk.close().await;
}

#[tokio::test]
async fn uses_are_counted_by_the_hour() {
    let desk = Desk::new().await;
    // The clock outruns the token, not what it gave leave to.
    let (read, reveal) = (
        desk.permit::<credential::Read>().await,
        desk.permit::<credential::Reveal>().await,
    );
    desk.create(opaque("used")).await.unwrap();
    for advance in [0, 30 * 3600, 6 * 24 * 3600 + 3600] {
        desk.house.clock.advance(Duration::from_secs(advance));
        desk.vault().reveal(&reveal, &named("used")).await.unwrap();
    }
    let usage = desk
        .vault()
        .credential_details(&read, &named("used"))
        .await
        .unwrap()
        .usage;
    assert_eq!((usage.total, usage.last_7d, usage.last_24h), (3, 2, 1));
    desk.close().await;
}

#[tokio::test]
async fn lists_are_filtered_paged_and_counted() {
    let desk = Desk::new().await;
    let now = desk.vault().now();
    let ends = |hours: i64| Some(Timestamp::from_second(now.as_second() + hours * 3600).unwrap());
    for (name, expires_at) in [
        ("a", None),
        ("b", ends(1)),
        ("c", ends(-1)),
        ("d", None),
        ("e", ends(1000)),
    ] {
        desk.create(NewCredential {
            expires_at,
            ..opaque(name)
        })
        .await
        .unwrap();
        desk.house.clock.advance(Duration::from_millis(1));
    }
    let update = desk.permit::<credential::Update>().await;
    let read = desk.permit::<credential::Read>().await;
    let list = async |filter: CredentialFilter| {
        let page = desk.vault().list_credentials(&read, &filter).await.unwrap();
        let names: Vec<_> = page
            .credentials
            .iter()
            .map(|one| one.name.to_string())
            .collect();
        (names.concat(), page.counts)
    };
    let (names, counts) = list(CredentialFilter::default()).await;
    assert_eq!(names, "abcde");
    assert_eq!(
        (
            counts.total,
            counts.healthy,
            counts.expiring,
            counts.expired
        ),
        (5, 3, 1, 1)
    );

    desk.vault()
        .deactivate_credential(&update, &named("a"))
        .await
        .unwrap();
    let (_, counts) = list(CredentialFilter::default()).await;
    assert_eq!(
        (counts.total, counts.healthy, counts.retired),
        (5, 2, 1),
        "a change ends what was counted"
    );

    for (status, names) in [
        (Status::Active, "de"),
        (Status::Expiring, "b"),
        (Status::Expired, "c"),
        (Status::Retired, "a"),
        (Status::Failed, ""),
    ] {
        let (found, counts) = list(CredentialFilter {
            status: Some(status),
            ..CredentialFilter::default()
        })
        .await;
        assert_eq!(
            (found.as_str(), counts.total),
            (names, names.len() as u64),
            "{status:?}"
        );
    }
    let page = CredentialFilter {
        limit: Some(2),
        offset: 1,
        ..CredentialFilter::default()
    };
    assert_eq!(list(page).await.0, "bc");
    let provider = CredentialFilter {
        provider: Some("Acme".to_owned()),
        ..CredentialFilter::default()
    };
    assert_eq!(list(provider).await.0, "abcde");
    let kind = CredentialFilter {
        kind: Some("API_KEY".to_owned()),
        ..CredentialFilter::default()
    };
    assert_eq!(list(kind).await.0, "");
    desk.create(NewCredential {
        kind: "API_KEY".to_owned(),
        ..opaque("k")
    })
    .await
    .unwrap();
    for spelled in ["api-key", "API_KEY", " api_key"] {
        let kind = CredentialFilter {
            kind: Some(spelled.to_owned()),
            ..CredentialFilter::default()
        };
        assert_eq!(list(kind).await.0, "k", "{spelled}");
    }
    desk.close().await;
}

#[tokio::test]
async fn counts_are_not_remembered_while_other_hosts_are_not_heard() {
    let desk = Desk::new().await;
    desk.create(opaque("counted")).await.unwrap();
    let read = desk.permit::<credential::Read>().await;
    let total = async || desk.vault().counts(&read).await.unwrap().total;
    assert_eq!(total().await, 1);
    // Another host deletes it, and nobody tells.
    desk.vault().inner.credentials.deaf();
    let mut transaction = desk.database().begin().await.unwrap();
    execute!(transaction, "DELETE FROM credentials").unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(total().await, 0);
    desk.close().await;
}

#[tokio::test]
async fn what_changes_nothing_is_not_written() {
    let desk = Desk::new().await;
    desk.create(opaque("retired")).await.unwrap();
    let delete = desk.permit::<credential::Delete>().await;
    let reference = named("retired");
    let retire = || desk.vault().retire_credential(&delete, &reference);
    let (first, _) = retire().await.unwrap();
    let entries = desk.house.entries().await.len();
    desk.house.clock.advance(Duration::from_mins(1));
    let (second, _) = retire().await.unwrap();
    assert_eq!(second.updated_at, first.updated_at, "retired only once");
    assert_eq!(second.generation, first.generation);

    let update = desk.permit::<credential::Update>().await;
    let patch = CredentialPatch {
        name: Some("retired".to_owned()),
        ..CredentialPatch::default()
    };
    let (after, changed) = desk
        .vault()
        .update_credential(&update, &reference, &patch)
        .await
        .unwrap();
    assert!(changed.is_empty());
    assert_eq!(after.generation, first.generation);
    assert_eq!(desk.house.entries().await.len(), entries);
    desk.close().await;
}

#[tokio::test]
async fn what_breaks_a_rule_is_named_and_never_echoed() {
    let desk = Desk::new().await;
    let short = NewCredential {
        value: Some(secret("hunter2")),
        name: "a\u{7}".to_owned(),
        ..opaque("")
    };
    let Err(VaultError::Invalid(problems)) = desk.create(short).await else {
        panic!("it was taken")
    };
    let fields: Vec<_> = problems
        .iter()
        .map(|problem| problem.field.as_str())
        .collect();
    assert_eq!(fields, ["name", "value"]);
    assert!(
        problems
            .iter()
            .all(|problem| !problem.message.contains("hunter2"))
    );
    desk.close().await;
}

#[tokio::test]
async fn a_test_that_asks_nobody_says_so() {
    let desk = Desk::new().await;
    desk.create(opaque("opaque")).await.unwrap();
    let test = desk.permit::<credential::Test>().await;
    let result = desk
        .vault()
        .test_credential(&test, &named("opaque"), None)
        .await
        .unwrap();
    assert_eq!(
        (result.health, result.response_time_ms),
        (Health::Unknown, 0)
    );
    assert!(result.reason.unwrap().contains("no plugin knows"));
    assert_eq!(desk.read("opaque").await.unwrap().health_checked_at, None);
    let run = desk.vault().test_all(&test).await.unwrap();
    assert_eq!(
        (run.checked, run.valid, run.invalid, run.unknown),
        (1, 0, 0, 1)
    );
    desk.close().await;
}
