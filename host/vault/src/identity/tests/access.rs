//! Who may do what, where.

use super::support::{House, password_of, request};
use crate::audit::{Author, NewEntry};
use crate::identity::{Caller, IdentityError};
use crate::ids::WorkspaceId;
use crate::permission::{
    AnyPermission, Denied, PermissionSet, WorkspaceRef, access_key, audit, credential, plugin,
    user, workspace,
};
use crate::request::RequestInfo;

const PERMISSIONS: [AnyPermission; 4] = [
    AnyPermission::CredentialRead,
    AnyPermission::CredentialReveal,
    AnyPermission::AuditRead,
    AnyPermission::WorkspaceManage,
];

async fn holds(house: &House, caller: &Caller, workspace: WorkspaceId) -> Vec<Result<(), Denied>> {
    let vault = &house.vault;
    vec![
        vault
            .permit::<credential::Read>(caller, workspace)
            .await
            .map(drop),
        vault
            .permit::<credential::Reveal>(caller, workspace)
            .await
            .map(drop),
        vault
            .permit::<audit::Read>(caller, workspace)
            .await
            .map(drop),
        vault
            .permit::<workspace::Manage>(caller, workspace)
            .await
            .map(drop),
    ]
}

#[tokio::test]
async fn a_member_may_what_the_membership_says_and_nothing_else() {
    let house = House::new().await;
    let ada = house.user("ada").await;
    let caller = house.log_in("ada", &password_of("ada")).await;
    let admin = house.admin().await;
    let permit = house
        .vault
        .permit::<workspace::Manage>(&admin, house.default_workspace)
        .await
        .unwrap();
    for denied in holds(&house, &caller, house.default_workspace).await {
        assert!(matches!(denied, Err(Denied::NotAMember)));
    }
    for granted in PERMISSIONS {
        house
            .vault
            .put_member(&permit, ada.id, &[granted.as_str()])
            .await
            .unwrap();
        for (asked, held) in PERMISSIONS
            .into_iter()
            .zip(holds(&house, &caller, house.default_workspace).await)
        {
            match held {
                Ok(()) => assert_eq!(asked, granted),
                Err(Denied::Missing { permission }) => {
                    assert!(permission == asked && asked != granted);
                }
                Err(other) => panic!("{asked}: {other}"),
            }
        }
    }
    house.vault.remove_member(&permit, ada.id).await.unwrap();
    for denied in holds(&house, &caller, house.default_workspace).await {
        assert!(
            matches!(denied, Err(Denied::NotAMember)),
            "it takes effect at the next request"
        );
    }
    let gone = house.vault.remove_member(&permit, ada.id).await;
    assert!(matches!(gone, Err(IdentityError::NoSuchMember)));
    house.close().await;
}

#[tokio::test]
async fn an_unknown_workspace_looks_like_one_of_others() {
    let house = House::new().await;
    house.user("ada").await;
    let caller = house.log_in("ada", &password_of("ada")).await;
    let of_others = format!("WSP-{:X}", house.default_workspace);
    let lower = of_others.to_lowercase();
    let long = "W".repeat(100_000);
    for name in [
        of_others.as_str(),
        "WSP-0000000000000000",
        "",
        "default",
        "WSP-",
        "../..",
        &lower,
        &long,
    ] {
        let denied = house
            .vault
            .permit::<credential::Read>(&caller, name)
            .await
            .unwrap_err();
        assert_eq!(denied.to_string(), "you have no access to this workspace");
    }
    let admin = house.admin().await;
    assert!(
        house
            .vault
            .permit::<credential::Read>(&admin, &of_others)
            .await
            .is_ok()
    );
    for name in [&lower, &of_others[4..]] {
        assert!(
            house
                .vault
                .permit::<credential::Read>(&admin, name)
                .await
                .is_err(),
            "{name}"
        );
    }
    house.close().await;
}

#[tokio::test]
async fn administrators_administer_and_are_no_members() {
    let house = House::new().await;
    let ada = house.user("ada").await;
    let admin = house.admin().await;
    let manage = house
        .vault
        .server_permit::<workspace::Manage>(&admin)
        .await
        .unwrap();
    let made = house
        .vault
        .create_workspace(&manage, "Ada's")
        .await
        .unwrap();
    let permit = house
        .vault
        .permit::<workspace::Manage>(&admin, made.id)
        .await
        .unwrap();
    let whole = PermissionSet::whole_workspace().to_string();
    let whole = whole.split(' ').collect::<Vec<_>>();
    house
        .vault
        .put_member(&permit, ada.id, &whole)
        .await
        .unwrap();
    house
        .vault
        .remove_member(&permit, admin.user())
        .await
        .unwrap();

    let denied = house
        .vault
        .permit::<credential::Read>(&admin, made.id)
        .await;
    assert!(matches!(denied, Err(Denied::NotAMember)));
    assert_eq!(
        house.vault.workspaces(&admin).await.unwrap().len(),
        2,
        "an administrator sees that it is there"
    );

    let caller = house.log_in("ada", &password_of("ada")).await;
    assert!(
        house
            .vault
            .permit::<credential::Reveal>(&caller, made.id)
            .await
            .is_ok()
    );
    assert_eq!(house.vault.workspaces(&caller).await.unwrap(), [made]);
    let missing = house
        .vault
        .server_permit::<user::Manage>(&caller)
        .await
        .unwrap_err();
    assert_eq!(
        missing.to_string(),
        "the permission `user:manage` is needed for this"
    );
    assert!(
        house
            .vault
            .server_permit::<workspace::Manage>(&caller)
            .await
            .is_err()
    );
    assert!(
        house
            .vault
            .server_permit::<plugin::Manage>(&caller)
            .await
            .is_err()
    );
    house.close().await;
}

#[tokio::test]
async fn workspaces_have_names_of_their_own() {
    let house = House::new().await;
    let admin = house.admin().await;
    let manage = house
        .vault
        .server_permit::<workspace::Manage>(&admin)
        .await
        .unwrap();
    let made = house
        .vault
        .create_workspace(&manage, "Team Zoe\u{308}")
        .await
        .unwrap();
    let taken = house.vault.create_workspace(&manage, "Team Zoë").await;
    assert!(matches!(
        taken,
        Err(IdentityError::WorkspaceNameTaken { .. })
    ));
    assert!(matches!(
        house.vault.create_workspace(&manage, "").await,
        Err(IdentityError::Invalid(_))
    ));
    assert!(
        house
            .vault
            .permit::<access_key::Manage>(&admin, made.id)
            .await
            .is_ok()
    );
    house.close().await;
}

#[tokio::test]
async fn nobody_grants_what_they_lack_or_locks_a_workspace() {
    let house = House::new().await;
    let (ada, bob) = (house.user("ada").await, house.user("bob").await);
    let admin = house.admin().await;
    let permit = house
        .vault
        .permit::<workspace::Manage>(&admin, house.default_workspace)
        .await
        .unwrap();
    let put = async |permit: &_, user, permissions: &[&str]| {
        house.vault.put_member(permit, user, permissions).await
    };
    for wrong in [
        &[][..],
        &["credential:*"],
        &["user:manage"],
        &["plugin:manage"],
        &["credential:read", ""],
    ] {
        assert!(
            matches!(
                put(&permit, ada.id, wrong).await,
                Err(IdentityError::Invalid(_))
            ),
            "{wrong:?}"
        );
    }
    assert!(matches!(
        put(&permit, [9; 8].into(), &["credential:read"]).await,
        Err(IdentityError::NoSuchUser)
    ));
    assert!(matches!(
        put(&permit, admin.user(), &["credential:read"]).await,
        Err(IdentityError::LastManager)
    ));
    assert!(matches!(
        house.vault.remove_member(&permit, admin.user()).await,
        Err(IdentityError::LastManager)
    ));

    put(&permit, ada.id, &["workspace:manage", "credential:read"])
        .await
        .unwrap();
    put(&permit, bob.id, &["credential:reveal"]).await.unwrap();
    let caller = house.log_in("ada", &password_of("ada")).await;
    let permit = house
        .vault
        .permit::<workspace::Manage>(&caller, house.default_workspace)
        .await
        .unwrap();
    for user in [ada.id, admin.user(), bob.id] {
        let more = put(
            &permit,
            user,
            &["workspace:manage", "credential:reveal", "credential:delete"],
        )
        .await;
        assert_eq!(
            more.is_err(),
            user != admin.user(),
            "what somebody has already is not granted"
        );
    }
    put(&permit, bob.id, &["credential:reveal", "credential:read"])
        .await
        .unwrap();
    house.close().await;
}

#[tokio::test]
async fn denied_attempts_are_in_the_log() {
    let house = House::new().await;
    house.user("ada").await;
    let caller = house.log_in("ada", &password_of("ada")).await;
    assert!(
        house
            .vault
            .permit::<credential::Reveal>(&caller, house.default_workspace)
            .await
            .is_err()
    );
    assert!(
        house
            .vault
            .server_permit::<user::Manage>(&caller)
            .await
            .is_err()
    );
    house.vault.inner.identity.close().await;
    let denied = house
        .entries()
        .await
        .into_iter()
        .filter(|row| row.action == "denied")
        .collect::<Vec<_>>();
    let [one, two] = &denied[..] else {
        panic!("{denied:?}")
    };
    assert_eq!(
        (one.actor.as_str(), one.target.as_deref()),
        ("ada", Some("credential:reveal"))
    );
    assert_eq!(one.workspace, Some(house.default_workspace.to_string()));
    assert_eq!(
        (two.target.as_deref(), two.workspace.as_ref()),
        (Some("user:manage"), None)
    );
    assert!(
        denied
            .iter()
            .all(|row| row.success == 0 && row.trace_id == request().trace_id)
    );
    house.close().await;
}

#[tokio::test]
async fn a_flood_of_denials_waits_for_nothing_and_is_counted() {
    const FLOOD: u64 = 5_000;
    let house = House::new().await;
    house.user("ada").await;
    let caller = house.log_in("ada", &password_of("ada")).await;
    for number in 0..FLOOD {
        let made_up = WorkspaceId::from((number % 1_000).to_be_bytes());
        let denied = house
            .vault
            .permit::<credential::Read>(&caller, WorkspaceRef::Id(made_up))
            .await;
        assert!(matches!(denied, Err(Denied::NotAMember)));
    }
    house.vault.inner.identity.close().await;
    let denied = house
        .entries()
        .await
        .into_iter()
        .filter(|row| row.action == "denied")
        .collect::<Vec<_>>();
    let stood_for = |detail: &str| {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap();
        detail
            .get("times")
            .or(detail.get("unrecorded"))
            .map_or(1, |times| times.as_u64().unwrap())
    };
    assert_eq!(
        denied.iter().map(|row| stood_for(&row.detail)).sum::<u64>(),
        FLOOD
    );
    // Made-up workspaces are one kind: at most two entries for each second that it took.
    assert!(denied.len() < 500, "{} entries", denied.len());
    house.close().await;
}

#[tokio::test]
async fn who_makes_names_up_hides_nobody_elses_denials() {
    const FLOOD: u64 = 600;
    let house = House::new().await;
    let log_in = |name: String, last: u8| {
        let author = Author::Stranger { name: name.into() };
        let from = RequestInfo {
            address: Some([192, 0, 2, last].into()),
            ..request()
        };
        let entry = NewEntry::new(author, "flood").request(from).failed();
        house.vault.inner.identity.record_denial(entry);
    };
    for number in 0..FLOOD {
        log_in(format!("name {number}"), 1);
    }
    log_in("somebody".to_owned(), 2);
    house.vault.inner.identity.close().await;
    let entries = house.entries().await;
    let flood: Vec<_> = entries.iter().filter(|row| row.action == "flood").collect();
    assert!(flood.iter().any(|row| row.actor == "somebody"));
    let stood_for = |detail: &str| {
        let detail: serde_json::Value = serde_json::from_str(detail).unwrap();
        detail
            .get("times")
            .map_or(1, |times| times.as_u64().unwrap())
    };
    let counted: u64 = flood.iter().map(|row| stood_for(&row.detail)).sum();
    assert_eq!(counted, FLOOD + 1);
    assert!(flood.len() < 200, "{} entries", flood.len());
    house.close().await;
}
