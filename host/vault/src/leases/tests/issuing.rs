//! Leases asked for, read and ended by their holders.

use serde_json::json;

use super::support::{Bank, CANARY, HOUR, root_of, trouble, wanted};
use crate::error::VaultError;
use crate::identity::tests::support::{password_of, secret};
use crate::ids::LeaseId;
use crate::leases::{AtProvider, LeaseError, LeaseState, NewLease};
use crate::permission::{credential, user, workspace};

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_from_its_issue_to_its_end() {
    let bank = Bank::new().await;
    let new = NewLease {
        scopes: vec!["repo:read".to_owned()],
        metadata: json!({"task": "readme"}).as_object().unwrap().clone(),
        ..wanted("issuer", "1h")
    };
    let issued = bank.ask(new).await.unwrap();
    let names: Vec<_> = issued
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.secret))
        .collect();
    assert_eq!(names, [("token", true), ("region", false)]);
    let token = issued.fields[0].value.expose_str().unwrap();
    assert!(token.starts_with(CANARY));
    let lease = bank.lease(issued.lease.id).await;
    assert_eq!(
        (lease.state, lease.scopes.as_slice()),
        (LeaseState::Active, &["repo:read".to_owned()][..])
    );
    assert_eq!(
        lease.expires_at.duration_since(lease.created_at).as_hours(),
        1
    );
    assert_eq!(lease.holder_name, "admin");
    // The provider's names come from the id.
    assert_eq!(bank.working(), [format!("key-{}", lease.id)]);

    let revoked = bank.revoke(lease.id).await;
    assert_eq!(
        (revoked.at_provider, revoked.lease.state),
        (AtProvider::Revoked, LeaseState::Revoked)
    );
    assert!(bank.working().is_empty());
    let again = bank.revoke(lease.id).await;
    assert_eq!(
        (again.at_provider, again.lease.ended_at),
        (AtProvider::Revoked, revoked.lease.ended_at)
    );
    let row = bank.row(lease.id).await;
    assert!(row.sealed.is_none() && row.data_key.is_none() && row.next_at.is_none());

    let entries = bank.house.entries().await;
    let about: Vec<_> = entries
        .iter()
        .filter(|entry| entry.action.starts_with("lease."))
        .collect();
    let actions: Vec<_> = about.iter().map(|entry| entry.action.as_str()).collect();
    assert_eq!(
        actions,
        [
            "lease.issue.intent",
            "lease.issue",
            "lease.revoke.intent",
            "lease.revoke"
        ]
    );
    assert!(
        about
            .iter()
            .all(|entry| entry.success == 1 && entry.target.as_deref() == Some("issuer"))
    );
    assert!(
        about[1].detail.contains(r#""task":"readme""#),
        "{}",
        about[1].detail
    );
    assert!(entries.iter().all(|entry| !entry.detail.contains(CANARY)));
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_nowhere_in_the_clear() {
    let bank = Bank::new().await;
    let lease = bank.issue("keys").await;
    let sealed = bank.row(lease.id).await.sealed.expect("it is kept");
    assert!(!contains(&sealed, CANARY));
    for entry in std::fs::read_dir(bank.house.directory()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!contains(&bytes, CANARY));
    }
    bank.close().await;
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_kept_before_anybody_is_asked() {
    let bank = Bank::new().await;
    bank.add_backend("keys", &["repo:*"]).await;
    let scoped = |backend: &str, scopes: &[&str]| NewLease {
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..wanted(backend, "1h")
    };
    let error = bank.ask(wanted("keys", "25h")).await.err().unwrap();
    assert!(
        error.to_string().contains("at most 24h, and 25h"),
        "{error}"
    );
    assert!(matches!(error, LeaseError::TtlExceeded { .. }));
    for (scopes, told) in [
        (
            &["repo:read", "issues:read"][..],
            "`issues:read`; it allows repo:*",
        ),
        // Without a scope, a provider may give all that the root can do.
        (&[], "allows repo:*"),
    ] {
        let error = bank
            .ask(scoped("keys-limited", scopes))
            .await
            .err()
            .unwrap();
        assert!(
            matches!(error, LeaseError::ScopeNotAllowed { .. }),
            "{error}"
        );
        assert!(error.to_string().contains(told), "{error}");
    }
    let error = bank.ask(wanted("nobody", "1h")).await.err().unwrap();
    assert!(matches!(error, LeaseError::NoSuchBackend { .. }), "{error}");
    let metadata = json!({"long": "x".repeat(5000)})
        .as_object()
        .unwrap()
        .clone();
    for new in [
        NewLease {
            metadata,
            ..wanted("keys", "1h")
        },
        scoped("keys", &["a b"]),
        scoped("keys", &["a"; 101]),
    ] {
        let error = bank.ask(new).await.err().unwrap();
        assert!(
            matches!(error, LeaseError::Vault(VaultError::Invalid(_))),
            "{error}"
        );
    }
    assert!(bank.asked().is_empty() && bank.live().await.is_empty());
    assert!(
        bank.ask(scoped("keys-limited", &["repo:read"]))
            .await
            .is_ok()
    );
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_provider_or_its_root_has_against_it_is_told() {
    let bank = Bank::new().await;
    let error = bank.ask(wanted("issuer", "5m")).await.err().unwrap();
    let LeaseError::Vault(VaultError::Provider { code, message, .. }) = error else {
        panic!("{error}")
    };
    assert_eq!(
        (code.as_str(), message.as_str()),
        (
            "invalid-input",
            "the provider issues for at least 15 minutes"
        )
    );
    bank.fail("POST", 1, false, trouble());
    let error = bank.ask(wanted("issuer", "1h")).await.err().unwrap();
    assert!(
        matches!(error, LeaseError::Vault(VaultError::Provider { .. })),
        "{error}"
    );
    assert!(bank.live().await.is_empty());
    let failed = bank.logged("lease.issue").await;
    assert!(failed.len() == 2 && failed.iter().all(|entry| entry.success == 0));

    let lease = bank.issue("issuer").await;
    let permit = bank.permit::<credential::Update>().await;
    bank.vault()
        .deactivate_credential(&permit, &root_of("issuer"))
        .await
        .unwrap();
    let error = bank.ask(wanted("issuer", "1h")).await.err().unwrap();
    assert!(error.to_string().contains("isn't active"), "{error}");
    assert!(matches!(
        error,
        LeaseError::Vault(VaultError::Conflict { .. })
    ));
    // What was issued is ended all the same.
    assert_eq!(bank.revoke(lease.id).await.at_provider, AtProvider::Revoked);

    bank.vault()
        .inner
        .catalogue
        .store(std::sync::Arc::default());
    let error = bank.ask(wanted("keys", "1h")).await.err().unwrap();
    assert!(error.to_string().contains("`keys` isn't here"), "{error}");
    let permit = bank.permit::<credential::Read>().await;
    let listed = bank.vault().backends(&permit).await.unwrap();
    let problems: Vec<_> = listed
        .iter()
        .map(|one| one.problem.as_deref().unwrap_or_default())
        .collect();
    assert_eq!(
        problems,
        [
            "the plugin `issuer` isn't here",
            "the plugin `keys` isn't here"
        ]
    );
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_and_a_backend_are_kept_until_their_leases_are_gone() {
    let bank = Bank::new().await;
    let lease = bank.issue("keys").await;
    let (delete, manage) = (
        bank.permit::<credential::Delete>().await,
        bank.permit::<workspace::Manage>().await,
    );
    let vault = bank.vault();
    let refused = vault.delete_credential(&delete, &root_of("keys")).await;
    assert!(matches!(refused, Err(VaultError::Conflict { .. })));
    let refused = vault.delete_backend(&manage, "keys").await;
    assert!(matches!(refused, Err(VaultError::Conflict { .. })));
    bank.revoke(lease.id).await;
    vault.delete_backend(&manage, "keys").await.unwrap();
    vault
        .delete_credential(&delete, &root_of("keys"))
        .await
        .unwrap();
    assert_eq!(bank.lease(lease.id).await.state, LeaseState::Revoked);
    let gone = vault.delete_backend(&manage, "keys").await;
    assert!(matches!(gone, Err(VaultError::NotFound)));
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_makes_one_lease() {
    let bank = Bank::new().await;
    let id = LeaseId::random();
    let new = || NewLease {
        id: Some(id),
        ..wanted("issuer", "1h")
    };
    let (one, other) = tokio::join!(bank.ask(new()), bank.ask(new()));
    // The second is told to wait, or is given what the first made.
    let tokens: Vec<_> = [one, other].into_iter().flatten().collect();
    assert!(!tokens.is_empty());
    let again = bank.ask(new()).await.unwrap();
    for issued in tokens {
        assert_eq!(issued.lease.id, id);
        assert_eq!(
            issued.fields[0].value.expose(),
            again.fields[0].value.expose()
        );
    }
    assert_eq!(bank.working().len(), 1);
    assert!(!bank.logged("lease.issue.again").await.is_empty());
    bank.revoke(id).await;
    let ended = bank.ask(new()).await.err().unwrap();
    assert!(
        ended.to_string().contains("is revoked; send a new one"),
        "{ended}"
    );

    let failing = LeaseId::random();
    let too_short = || NewLease {
        id: Some(failing),
        ..wanted("issuer", "5m")
    };
    assert!(bank.ask(too_short()).await.is_err());
    let failed = bank.ask(too_short()).await.err().unwrap();
    assert!(
        failed
            .to_string()
            .contains("at least 15 minutes; send a new one"),
        "{failed}"
    );
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_takes_no_lease_with_them() {
    let bank = Bank::new().await;
    let (vault, workspace) = (bank.vault(), bank.house.default_workspace);
    let manage = bank.permit::<workspace::Manage>().await;
    let mut leases = Vec::new();
    let mut people = Vec::new();
    for name in ["ada", "bob"] {
        let person = bank.house.user(name).await;
        vault
            .put_member(&manage, person.id, &["credential:issue"])
            .await
            .unwrap();
        let caller = bank.house.log_in(name, &password_of(name)).await;
        let permit = vault.permit(&caller, workspace).await.unwrap();
        leases.push(
            vault
                .issue_lease(&permit, wanted("issuer", "20h"))
                .await
                .unwrap()
                .lease,
        );
        people.push(person.id);
    }
    let own = bank.issue("issuer").await;
    vault.remove_member(&manage, people[0]).await.unwrap();
    let admin = vault
        .server_permit::<user::Manage>(&bank.caller)
        .await
        .unwrap();
    vault
        .set_user_password(&admin, people[1], secret("another password"))
        .await
        .unwrap();
    assert_eq!(bank.lease(leases[0].id).await.state, LeaseState::Revoking);
    assert_eq!(bank.lease(leases[1].id).await.state, LeaseState::Active);
    vault
        .set_user_active(&admin, people[1], false)
        .await
        .unwrap();
    bank.sweep(vault).await;
    for lease in &leases {
        let lease = bank.lease(lease.id).await;
        assert_eq!(
            (lease.state, lease.at_provider),
            (LeaseState::Revoked, Some(AtProvider::Revoked))
        );
    }
    assert_eq!(bank.working(), [format!("key-{}", own.id)]);
    let removed = bank.logged("member.remove").await;
    assert!(
        removed[0].detail.contains(r#""leases_to_end":1"#),
        "{}",
        removed[0].detail
    );
    let intents = bank.logged("lease.revoke.intent").await;
    assert!(
        intents
            .iter()
            .any(|entry| entry.detail.contains("no longer a member"))
    );
    bank.after(HOUR).await;
    assert_eq!(bank.lease(own.id).await.state, LeaseState::Expired);
    bank.close().await;
}
