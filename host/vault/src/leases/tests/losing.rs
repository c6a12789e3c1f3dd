//! Answers that are lost, and hosts that end in the middle.

use std::time::Duration;

use super::support::upstream::Reply;
use super::support::{Bank, HOUR, lost, trouble, wanted};
use crate::error::VaultError;
use crate::ids::LeaseId;
use crate::leases::{LeaseError, LeaseState, NewLease};

fn is_unknown(error: &LeaseError) -> bool {
    matches!(error, LeaseError::Vault(VaultError::Provider { code, .. }) if code == "unknown-outcome")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_issued_without_an_answer_is_undone() {
    let bank = Bank::new().await;
    bank.fail("POST", 1, true, lost());
    let error = bank.ask(wanted("keys", "1h")).await.err().unwrap();
    assert!(is_unknown(&error), "{error}");
    assert_eq!(bank.working().len(), 1);
    let lease = bank.only().await;
    assert_eq!(lease.state, LeaseState::Issuing);
    bank.sweep(bank.vault()).await;
    assert_eq!(bank.lease(lease.id).await.state, LeaseState::Failed);
    assert!(bank.working().is_empty());
    assert_eq!(bank.logged("lease.recover").await.len(), 1);
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_that_fails_is_tried_again() {
    let bank = Bank::new().await;
    bank.fail("POST", 1, true, lost());
    assert!(bank.ask(wanted("keys", "1h")).await.is_err());
    bank.fail("GET", 2, false, trouble());
    bank.sweep(bank.vault()).await;
    let lease = bank.only().await;
    assert_eq!((lease.state, lease.attempts), (LeaseState::Orphaned, 1));
    bank.after(Duration::from_secs(10)).await;
    assert_eq!(bank.only().await.attempts, 2);
    bank.after(Duration::from_mins(1)).await;
    assert_eq!(bank.lease(lease.id).await.state, LeaseState::Failed);
    assert!(bank.working().is_empty());
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_undo_is_listed_for_its_longest_life() {
    for (what, answer) in [
        ("answers", lost()),
        ("traps", Reply::Hang),
        ("answers", Reply::Hang),
    ] {
        let bank = Bank::doing(what).await;
        if what == "answers" {
            bank.fail("POST", 1, true, answer);
        }
        let error = bank.ask(wanted("issuer", "1h")).await.err().unwrap();
        assert!(is_unknown(&error), "{error}");
        let lease = bank.only().await;
        assert_eq!(lease.state, LeaseState::Orphaned);
        // The backend gives a day at the most, so it may work as long.
        bank.after(HOUR * 24).await;
        assert_eq!(bank.only().await.state, LeaseState::Orphaned);
        bank.after(HOUR).await;
        assert_eq!(bank.lease(lease.id).await.state, LeaseState::Expired);
        bank.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_ends_in_the_middle_leaves_nothing_working() {
    let bank = Bank::new().await;
    if bank.vault().inner.database.shared().is_some() {
        // There a claim ends by the database's own clock.
        return bank.close().await;
    }
    bank.fail("POST", 1, true, Reply::Hang);
    let id = LeaseId::random();
    let new = NewLease {
        id: Some(id),
        ..wanted("keys", "1h")
    };
    let (asked, successor) = tokio::join!(bank.ask(new), async {
        while bank.working().is_empty() {
            tokio::task::yield_now().await;
        }
        // The one that asked is still at it, and nobody else is let near.
        bank.sweep(bank.vault()).await;
        assert_eq!(bank.lease(id).await.state, LeaseState::Issuing);
        let successor = bank.house.another().await.vault;
        bank.serve(&successor);
        bank.sweep(&successor).await;
        successor
    });
    assert!(is_unknown(&asked.err().unwrap()));
    assert_eq!(bank.lease(id).await.state, LeaseState::Failed);
    assert!(bank.working().is_empty());
    successor.close().await;
    bank.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_is_taken_back() {
    let bank = Bank::new().await;
    // The provider takes its time, in which somebody else takes the row over.
    let slow = Reply::json(200, &serde_json::json!({"data": []})).after(Duration::from_millis(300));
    bank.fail("GET", 1, false, slow);
    let id = LeaseId::random();
    let new = NewLease {
        id: Some(id),
        ..wanted("keys", "1h")
    };
    let (asked, ()) = tokio::join!(bank.ask(new), async {
        while bank.upstream.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        let mut transaction = bank.vault().inner.database.begin().await.unwrap();
        let text = "UPDATE leases SET fence = fence + 1 WHERE id = $1";
        execute!(transaction, text, id.to_string()).unwrap();
        transaction.commit().await.unwrap();
    });
    assert!(matches!(
        asked.err().unwrap(),
        LeaseError::Vault(VaultError::OutcomeUnknown)
    ));
    assert!(bank.asked().contains(&"POST".to_owned()));
    assert!(bank.working().is_empty(), "it was ended at the provider");
    assert_eq!(bank.lease(id).await.state, LeaseState::Issuing);
    bank.close().await;
}
