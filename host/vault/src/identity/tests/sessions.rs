//! Logging in, and what ends a token.

use std::time::Duration;

use super::support::{House, LIFETIME, password_of, request, secret};
use crate::audit::{AuditFilter, AuditPage};
use crate::identity::{AuthError, IdentityError, LogInError, NewUser};
use crate::permission::{audit, user, workspace};
use crate::store::identity as rows;

async fn check(house: &House, token: &str) -> Result<String, AuthError> {
    let caller = house.vault.authenticate(token, &request()).await?;
    Ok(caller.username().to_owned())
}

#[tokio::test]
async fn only_the_right_password_of_somebody_who_may_logs_in() {
    let house = House::new().await;
    let ada = house.user("Ada").await;
    let attempt = async |name: &str, password: &str| {
        house.vault.log_in(name, secret(password), &request()).await
    };
    let right = password_of("Ada");
    assert!(
        attempt("ADA", &right).await.is_ok(),
        "names are compared without case"
    );
    let too_long = "x".repeat(100_000);
    for (name, password) in [
        ("Ada", "password of Bob"),
        ("Bob", &right),
        ("Ada", ""),
        ("", &right),
        ("A da", &right),
        ("Ada", &too_long),
    ] {
        assert!(
            matches!(attempt(name, password).await, Err(LogInError::Refused)),
            "{name}"
        );
    }

    let admin = house.admin().await;
    let permit = house
        .vault
        .server_permit::<user::Manage>(&admin)
        .await
        .unwrap();
    house
        .vault
        .set_user_active(&permit, ada.id, false)
        .await
        .unwrap();
    assert!(matches!(
        attempt("Ada", &right).await,
        Err(LogInError::Refused)
    ));
    house
        .vault
        .set_user_active(&permit, ada.id, true)
        .await
        .unwrap();
    assert!(attempt("Ada", &right).await.is_ok());
    let yourself = house
        .vault
        .set_user_active(&permit, admin.user(), false)
        .await;
    assert!(matches!(yourself, Err(IdentityError::Yourself)));
    house.close().await;
}

#[tokio::test]
async fn a_token_is_its_users_until_it_ends() {
    let house = House::new().await;
    let token = house.token("admin", &house.admin_password).await;
    let caller = house.vault.authenticate(&token, &request()).await.unwrap();
    assert_eq!(
        (caller.username(), caller.is_administrator()),
        ("admin", true)
    );
    assert_eq!(caller.home_workspace(), house.default_workspace);

    house
        .clock
        .advance(LIFETIME.checked_sub(Duration::from_secs(1)).unwrap());
    assert!(check(&house, &token).await.is_ok());
    house.clock.advance(Duration::from_secs(1));
    assert!(
        matches!(check(&house, &token).await, Err(AuthError::Expired)),
        "it was remembered"
    );
    assert!(
        matches!(check(&house, &token).await, Err(AuthError::Expired)),
        "it is not remembered any more"
    );
    house.close().await;
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let house = House::new().await;
    let other = House::new().await;
    let foreign = other.token("admin", &other.admin_password).await;
    let own = house.token("admin", &house.admin_password).await;
    let cut = &own[..own.len() - 4];
    let long = "a".repeat(1_000_000);
    for token in ["garbage", "a.b.c", &foreign, cut, &long, "ключ"] {
        assert!(
            matches!(check(&house, token).await, Err(AuthError::Invalid)),
            "{token:.40}"
        );
    }
    assert!(matches!(check(&house, "").await, Err(AuthError::Missing)));
    house.close().await;
    other.close().await;
}

#[tokio::test]
async fn a_revoked_token_is_refused_at_once_and_after_a_restart() {
    let house = House::new().await;
    let token = house.token("admin", &house.admin_password).await;
    let caller = house.vault.authenticate(&token, &request()).await.unwrap();
    house.vault.revoke_token(&caller).await.unwrap();
    assert!(matches!(
        check(&house, &token).await,
        Err(AuthError::Revoked)
    ));
    house.vault.revoke_token(&caller).await.unwrap();
    assert!(matches!(
        house.vault.refresh_token(&caller).await,
        Err(AuthError::Revoked)
    ));

    let again = house.another().await;
    assert!(again.first_start.is_none());
    assert!(matches!(
        again.vault.authenticate(&token, &request()).await,
        Err(AuthError::Revoked)
    ));
    again.vault.close().await;
    house.close().await;
}

#[tokio::test]
async fn a_refreshed_token_has_one_successor() {
    let house = House::new().await;
    let token = house.token("admin", &house.admin_password).await;
    let caller = house.vault.authenticate(&token, &request()).await.unwrap();
    house.clock.advance(LIFETIME / 2);
    let (one, two) = tokio::join!(
        house.vault.refresh_token(&caller),
        house.vault.refresh_token(&caller)
    );
    let (one, two) = if one.is_ok() { (one, two) } else { (two, one) };
    assert!(matches!(two, Err(AuthError::Revoked)));
    assert!(matches!(
        check(&house, &token).await,
        Err(AuthError::Revoked)
    ));
    house.clock.advance(LIFETIME / 2);
    assert_eq!(check(&house, &one.unwrap().token).await.unwrap(), "admin");
    house.close().await;
}

#[tokio::test]
async fn revoked_tokens_are_forgotten_once_they_have_ended() {
    let house = House::new().await;
    let revoke = async || {
        let caller = house.admin().await;
        house.vault.revoke_token(&caller).await.unwrap();
        caller.session().token
    };
    let kept = async |token| {
        let mut reader = house.vault.inner.database.read().await.unwrap();
        rows::is_revoked(&mut reader, token).await.unwrap()
    };
    let first = revoke().await;
    assert!(kept(first).await);
    house.clock.advance(LIFETIME);
    let second = revoke().await;
    assert!(!kept(first).await);
    assert!(kept(second).await);
    house.close().await;
}

#[tokio::test]
async fn disabling_a_user_or_changing_a_password_ends_their_tokens_at_once() {
    let house = House::new().await;
    let ada = house.user("ada").await;
    let admin = house.admin().await;
    let permit = house
        .vault
        .server_permit::<user::Manage>(&admin)
        .await
        .unwrap();

    let token = house.token("ada", &password_of("ada")).await;
    assert!(check(&house, &token).await.is_ok());
    house
        .vault
        .set_user_active(&permit, ada.id, false)
        .await
        .unwrap();
    assert!(matches!(
        check(&house, &token).await,
        Err(AuthError::Revoked)
    ));
    house
        .vault
        .set_user_active(&permit, ada.id, true)
        .await
        .unwrap();
    assert!(
        matches!(check(&house, &token).await, Err(AuthError::Revoked)),
        "what was ended stays ended"
    );

    let token = house.token("ada", &password_of("ada")).await;
    let caller = house.vault.authenticate(&token, &request()).await.unwrap();
    house
        .vault
        .set_user_password(&permit, ada.id, secret("another password"))
        .await
        .unwrap();
    assert!(matches!(
        check(&house, &token).await,
        Err(AuthError::Revoked)
    ));
    let late = match house.vault.refresh_token(&caller).await {
        Ok(successor) => check(&house, &successor.token).await.map(drop),
        Err(error) => Err(error),
    };
    assert!(
        matches!(late, Err(AuthError::Revoked)),
        "a late refresh is no way back"
    );
    assert!(matches!(
        house
            .vault
            .log_in("ada", secret(&password_of("ada")), &request())
            .await,
        Err(LogInError::Refused)
    ));
    house.token("ada", "another password").await;
    house.close().await;
}

#[tokio::test]
async fn users_are_made_listed_and_refused_by_rule() {
    let house = House::new().await;
    let ada = house.user("Ada").await;
    let admin = house.admin().await;
    let permit = house
        .vault
        .server_permit::<user::Manage>(&admin)
        .await
        .unwrap();
    let create = async |name: &str, password: &str, home_workspace| {
        let new = NewUser {
            username: name.to_owned(),
            password: secret(password),
            administrator: false,
            home_workspace,
        };
        house.vault.create_user(&permit, new).await
    };
    let names = house
        .vault
        .users(&permit)
        .await
        .unwrap()
        .into_iter()
        .map(|user| user.username.to_string());
    assert_eq!(names.collect::<Vec<_>>(), ["Ada", "admin"]);
    assert_eq!(ada.home_workspace, house.default_workspace);

    let taken = create("aDA", "long enough", None).await;
    assert!(matches!(taken, Err(IdentityError::UsernameTaken { name }) if name == "aDA"));
    for (name, password, field) in [
        ("", "long enough", "username"),
        ("bob", "short", "password"),
    ] {
        let refused = create(name, password, None).await;
        assert!(
            matches!(refused, Err(IdentityError::Invalid(problems)) if problems[0].field == field)
        );
    }
    let homeless = create("bob", "long enough", Some([9; 8].into())).await;
    assert!(
        matches!(homeless, Err(IdentityError::Invalid(problems)) if problems[0].field == "home_workspace")
    );
    let unknown = house
        .vault
        .set_user_active(&permit, [9; 8].into(), false)
        .await;
    assert!(matches!(unknown, Err(IdentityError::NoSuchUser)));
    house.close().await;
}

#[tokio::test]
async fn logins_are_in_the_log_and_passwords_are_not() {
    let house = House::new().await;
    let refused = house
        .vault
        .log_in("nobody", secret("canary-password"), &request())
        .await;
    assert!(refused.is_err());
    let admin = house.admin().await;
    house.vault.inner.identity.close().await;
    let all = house.entries().await;
    let told = |kind: &str, success| {
        all.iter().any(|row| {
            row.action == "token.issue"
                && row.actor_kind == kind
                && row.success == i64::from(success)
        })
    };
    assert!(told("stranger", false) && told("user", true));
    let text = format!("{all:?}");
    assert!(!text.contains("canary-password") && !text.contains(&house.admin_password));
    assert!(
        house
            .vault
            .server_permit::<workspace::Manage>(&admin)
            .await
            .is_ok()
    );
    let permit = house
        .vault
        .permit::<audit::Read>(&admin, house.default_workspace)
        .await
        .unwrap();
    let AuditPage { entries, .. } = house
        .vault
        .audit_log(&permit, &AuditFilter::default())
        .await
        .unwrap();
    assert!(
        entries
            .iter()
            .any(|entry| entry.action == "first-start" && entry.actor_kind == "system")
    );
    house.close().await;
}

#[tokio::test]
async fn a_log_that_cannot_be_written_stops_logins_and_revocations_but_no_token() {
    let house = House::new().await;
    let token = house.token("admin", &house.admin_password).await;
    let caller = house.vault.authenticate(&token, &request()).await.unwrap();
    house.vault.inner.audit.close().await;
    let password = secret(&house.admin_password);
    let issued = house.vault.log_in("admin", password, &request()).await;
    assert!(matches!(issued, Err(LogInError::Unavailable(_))));
    assert!(matches!(
        house.vault.refresh_token(&caller).await,
        Err(AuthError::Unavailable(_))
    ));
    assert!(matches!(
        house.vault.revoke_token(&caller).await,
        Err(AuthError::Unavailable(_))
    ));
    assert!(check(&house, &token).await.is_ok(), "nothing was changed");
    let permit = house
        .vault
        .permit::<audit::Read>(&caller, house.default_workspace)
        .await;
    assert!(permit.is_ok());
    house.close().await;
}

#[tokio::test]
async fn a_change_on_one_host_is_heard_by_another() {
    let house = House::new().await;
    if house.vault.inner.database.shared().is_none() {
        // One host has such a database to itself.
        return house.close().await;
    }
    let ada = house.user("ada").await;
    let admin = house.admin().await;
    let members = house
        .vault
        .permit::<workspace::Manage>(&admin, house.default_workspace)
        .await
        .unwrap();
    let users = house
        .vault
        .server_permit::<user::Manage>(&admin)
        .await
        .unwrap();
    let other = house.another().await.vault;
    let remembers = async |token: &str| {
        let hash = *blake3::hash(token.as_bytes()).as_bytes();
        let listening = async {
            while other.inner.identity.memory.session(&hash).is_none() {
                other.authenticate(token, &request()).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), listening)
            .await
            .expect("the other host listens");
        other.authenticate(token, &request()).await.unwrap()
    };

    let token = house.token("ada", &password_of("ada")).await;
    let caller = remembers(&token).await;
    house
        .vault
        .put_member(&members, ada.id, &["audit:read"])
        .await
        .unwrap();
    heard(async || {
        other
            .permit::<audit::Read>(&caller, house.default_workspace)
            .await
            .is_ok()
    })
    .await;
    house.vault.remove_member(&members, ada.id).await.unwrap();
    heard(async || {
        other
            .permit::<audit::Read>(&caller, house.default_workspace)
            .await
            .is_err()
    })
    .await;

    house
        .vault
        .revoke_token(&house.vault.authenticate(&token, &request()).await.unwrap())
        .await
        .unwrap();
    heard(async || other.authenticate(&token, &request()).await.is_err()).await;

    let token = house.token("ada", &password_of("ada")).await;
    remembers(&token).await;
    house
        .vault
        .set_user_active(&users, ada.id, false)
        .await
        .unwrap();
    heard(async || other.authenticate(&token, &request()).await.is_err()).await;
    other.close().await;
    house.close().await;
}

/// Waits until a host has heard of what makes `so` so.
async fn heard(so: impl AsyncFn() -> bool) {
    let told = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), told)
        .await
        .expect("it was told");
}
