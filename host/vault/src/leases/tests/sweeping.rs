//! Leases that end by themselves, or don't.

use std::time::Duration;

use super::support::{Bank, HOUR, trouble, wanted};
use crate::leases::{AtProvider, LeaseState, ending::PAUSES};

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_working_is_ended_at_its_time() {
    // The provider gives a day, whatever it is asked for.
    let bank = Bank::doing("ends-in:86400").await;
    let lease = bank.issue("issuer").await;
    bank.asked();
    bank.after(Duration::from_mins(29)).await;
    assert!(bank.asked().is_empty());
    bank.after(Duration::from_mins(2)).await;
    assert_eq!(bank.asked(), ["DELETE"]);
    let ended = bank.lease(lease.id).await;
    assert_eq!(
        (ended.state, ended.at_provider),
        (LeaseState::Expired, Some(AtProvider::Revoked))
    );
    assert!(bank.row(lease.id).await.sealed.is_none());
    // Ending it once more is nothing.
    assert_eq!(bank.revoke(lease.id).await.at_provider, AtProvider::Revoked);
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_by_itself_needs_no_call() {
    let bank = Bank::doing("ends-in:600").await;
    let lease = bank.issue("issuer").await;
    assert_eq!(
        lease.expires_at.duration_since(lease.created_at).as_mins(),
        10
    );
    bank.asked();
    bank.after(Duration::from_mins(11)).await;
    let ended = bank.lease(lease.id).await;
    assert_eq!(
        (ended.state, ended.at_provider),
        (LeaseState::Expired, None)
    );
    assert!(bank.asked().is_empty() && bank.row(lease.id).await.sealed.is_none());
    assert_eq!(bank.logged("lease.expire").await.len(), 1);
    assert_eq!(
        bank.revoke(lease.id).await.at_provider,
        AtProvider::AlreadyGone
    );
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_fails_is_tried_again_and_then_listed() {
    let bank = Bank::doing("never-ends").await;
    let lease = bank.issue("issuer").await;
    assert!(lease.ends_at.is_none());
    bank.fail("DELETE", usize::MAX, false, trouble());
    let revoked = bank.revoke(lease.id).await;
    assert_eq!(
        (revoked.at_provider, revoked.lease.state),
        (AtProvider::Pending, LeaseState::Revoking)
    );
    assert_eq!(revoked.lease.attempts, 1);
    bank.asked();
    // The same answer, and nobody is asked before it is time.
    assert_eq!(bank.revoke(lease.id).await.at_provider, AtProvider::Pending);
    assert!(bank.asked().is_empty());
    for (number, pause) in PAUSES.iter().enumerate() {
        let pause = Duration::from_millis(u64::try_from(*pause).unwrap());
        bank.after(pause.checked_sub(Duration::from_millis(1)).unwrap())
            .await;
        assert!(bank.asked().is_empty(), "attempt {number}");
        bank.after(Duration::from_millis(1)).await;
        assert_eq!(bank.asked(), ["DELETE"], "attempt {number}");
    }
    let failed = bank.only().await;
    assert_eq!(
        (failed.state, failed.attempts),
        (LeaseState::RevokeFailed, 7)
    );
    assert!(failed.error.as_deref().unwrap().contains("HTTP 500"));
    bank.after(HOUR * 24 * 60).await;
    assert!(bank.asked().is_empty());
    assert_eq!(bank.only().await.state, LeaseState::RevokeFailed);

    // Whoever asks again has it tried again, and an operator gives it up.
    assert_eq!(bank.revoke(lease.id).await.at_provider, AtProvider::Pending);
    assert_eq!(bank.asked(), ["DELETE"]);
    let permit = bank.vault().server_permit(&bank.caller).await.unwrap();
    let forced = bank
        .vault()
        .revoke_any_lease(&permit, lease.id, true)
        .await
        .unwrap();
    assert_eq!(
        (forced.at_provider, forced.lease.state),
        (AtProvider::Forced, LeaseState::Revoked)
    );
    assert!(bank.asked().is_empty() && bank.live().await.is_empty());
    assert!(bank.row(lease.id).await.sealed.is_none());
    let entries = bank.logged("lease.revoke").await;
    assert!(entries.last().unwrap().detail.contains(r#""forced":true"#));
    bank.after(HOUR * 24).await;
    assert!(bank.asked().is_empty());
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_comes_back_ends_what_it_was_asked_to() {
    let bank = Bank::new().await;
    let lease = bank.issue("keys").await;
    bank.fail("DELETE", 1, false, trouble());
    assert_eq!(bank.revoke(lease.id).await.at_provider, AtProvider::Pending);
    bank.after(Duration::from_secs(10)).await;
    let ended = bank.lease(lease.id).await;
    assert_eq!(
        (ended.state, ended.at_provider),
        (LeaseState::Revoked, Some(AtProvider::Revoked))
    );
    assert!(bank.working().is_empty());
    // One that is gone was ended, too.
    let lease = bank.issue("keys").await;
    bank.fail("DELETE", 1, true, super::support::lost());
    assert_eq!(bank.revoke(lease.id).await.at_provider, AtProvider::Pending);
    bank.after(Duration::from_secs(10)).await;
    assert_eq!(
        bank.lease(lease.id).await.at_provider,
        Some(AtProvider::AlreadyGone)
    );
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_provider_ends_early_is_listed_until_its_end() {
    let bank = Bank::doing("until-expiry").await;
    let lease = bank.issue("issuer").await;
    for _ in 0..2 {
        let revoked = bank.revoke(lease.id).await;
        assert_eq!(
            (revoked.at_provider, revoked.lease.state),
            (AtProvider::UntilExpiry, LeaseState::Revoking)
        );
        assert!(revoked.lease.ends_at.is_some() && revoked.lease.ended_at.is_none());
    }
    bank.after(Duration::from_mins(20)).await;
    assert_eq!(bank.only().await.state, LeaseState::Revoking);
    bank.after(Duration::from_mins(11)).await;
    assert_eq!(bank.lease(lease.id).await.state, LeaseState::Expired);
    assert!(bank.live().await.is_empty());
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn however_many_are_over_they_are_all_ended() {
    let bank = Bank::doing("ends-in:900").await;
    let first = bank.ask(wanted("issuer", "15m")).await.unwrap().lease;
    let row = bank.row(first.id).await;
    let mut transaction = bank.vault().inner.database.begin().await.unwrap();
    for _ in 0..1500 {
        let text = "INSERT INTO leases (id, workspace, backend, provider, root, root_version, holder, holder_name, scopes, \
             metadata, parameters, ttl_s, state, created_at, expires_at, ends_at, attempts, next_at, claimed_until, fence) \
             SELECT $2, workspace, backend, provider, root, root_version, holder, holder_name, scopes, metadata, parameters, \
             ttl_s, state, created_at, expires_at, ends_at, 0, next_at, 0, 1 FROM leases WHERE id = $1";
        execute!(
            transaction,
            text,
            &row.id,
            crate::ids::LeaseId::random().to_string()
        )
        .unwrap();
    }
    transaction.commit().await.unwrap();
    bank.after(HOUR).await;
    assert!(bank.live().await.is_empty());
    assert_eq!(bank.logged("lease.expire").await.len(), 1501);
    bank.close().await;
}
