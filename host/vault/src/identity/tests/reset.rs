//! A password that the operator sets at the command line.

use super::support::{House, request, secret};
use crate::identity::{AuthError, IdentityError, LogInError};

#[tokio::test]
async fn the_operator_gets_back_in_and_old_tokens_end() {
    let house = House::new().await;
    let old = house.token("admin", &house.admin_password).await;
    house
        .vault
        .reset_password("Admin", secret("a password of mine"))
        .await
        .unwrap();
    assert!(matches!(
        house.vault.authenticate(&old, &request()).await,
        Err(AuthError::Revoked)
    ));
    let refused = house
        .vault
        .log_in("admin", secret(&house.admin_password), &request())
        .await;
    assert!(matches!(refused.map(|_| ()), Err(LogInError::Refused)));
    house.token("admin", "a password of mine").await;
    assert!(house.vault.verify_audit(None).await.unwrap().holds());
}

#[tokio::test]
async fn nobody_and_no_password_are_refused() {
    let house = House::new().await;
    for nobody in ["ada", "", "a\0b"] {
        assert!(matches!(
            house
                .vault
                .reset_password(nobody, secret("long enough"))
                .await,
            Err(IdentityError::NoSuchUser)
        ));
    }
    assert!(matches!(
        house.vault.reset_password("admin", secret("short")).await,
        Err(IdentityError::Invalid(_))
    ));
}
