//! What somebody who can write the database, or lost a key, gets.

use super::support::{CANARY, Desk, named, opaque};
use crate::audit::AuditVerdict;
use crate::error::VaultError;
use crate::identity::tests::support::{House, secret};
use crate::open::OpenError;
use crate::permission::credential;
use crate::seal::{MasterKeySource, MasterKeys};
use crate::store::Value;

async fn run(desk: &Desk, text: &str, values: Vec<Value>) {
    let mut transaction = desk.database().begin().await.unwrap();
    execute!(transaction, values values, text.to_owned()).unwrap();
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_ciphertext_that_was_moved_opens_nowhere() {
    let desk = Desk::new().await;
    let (one, two) = (
        desk.create(opaque("one")).await.unwrap(),
        desk.create(opaque("two")).await.unwrap(),
    );
    let text = "UPDATE credential_versions SET sealed = (SELECT sealed FROM credential_versions AS other \
         WHERE other.credential = $1) WHERE credential = $2";
    run(
        &desk,
        text,
        vec![one.id.to_string().into(), two.id.to_string().into()],
    )
    .await;
    assert!(desk.reveal("one").await.is_ok());
    let Err(VaultError::Internal(error)) = desk.reveal("two").await else {
        panic!("it opened")
    };
    assert!(error.cause().to_string().contains("doesn't open"));
    assert_eq!(
        VaultError::from(error).to_string(),
        "an internal error occurred"
    );
    let entries = desk.house.entries().await;
    assert!(
        !entries.iter().any(|row| row.action == "credential.reveal"
            && row.credential_name.as_deref() == Some("two"))
    );
    desk.close().await;
}

#[tokio::test]
async fn one_that_does_not_open_keeps_no_other_from_being_tested() {
    let desk = Desk::new().await;
    let broken = desk.create(opaque("broken")).await.unwrap();
    desk.create(opaque("whole")).await.unwrap();
    let unreadable = desk.create(opaque("unreadable")).await.unwrap();
    let text = "UPDATE credential_versions SET sealed = $2 WHERE credential = $1";
    let zeros = Value::from(vec![0_u8; 64]);
    run(&desk, text, vec![broken.id.to_string().into(), zeros]).await;
    let text = "UPDATE credentials SET tags = 'x' WHERE id = $1";
    run(&desk, text, vec![unreadable.id.to_string().into()]).await;
    // Another host on the same database, which remembers nothing.
    let other = desk.house.another().await.vault;
    let permit = desk.permit::<credential::Test>().await;
    let tests = other.test_all(&permit).await.unwrap();
    assert_eq!((tests.checked, tests.unknown), (3, 3));
    let reason = |id| {
        let found = tests
            .findings
            .iter()
            .find(|found| found.credential.id == id);
        found.and_then(|found| found.reason.clone())
    };
    assert!(reason(broken.id).unwrap().contains("the server's log"));
    other.close().await;
    desk.close().await;
}

async fn verdict(desk: &Desk) -> AuditVerdict {
    desk.vault().verify_audit(None).await.unwrap()
}

#[tokio::test]
async fn a_log_that_was_changed_says_where() {
    let desk = Desk::new().await;
    for name in ["one", "two", "three"] {
        desk.create(opaque(name)).await.unwrap();
    }
    let head = desk.vault().audit_head().await.unwrap();
    let whole = desk.vault().verify_audit(Some(&head)).await.unwrap();
    assert!(
        whole.holds() && whole.head == head && whole.verified == head.number,
        "{whole:?}"
    );

    let at = i64::try_from(head.number).unwrap() - 1;
    let rename = "UPDATE audit SET credential_name = $1 WHERE number = $2";
    run(&desk, rename, vec!["nothing".into(), at.into()]).await;
    assert_eq!(verdict(&desk).await.broken.unwrap().number, head.number - 1);
    run(&desk, rename, vec!["two".into(), at.into()]).await;
    assert!(verdict(&desk).await.holds());

    // The tail is cut, and the head moved back as if it had never been.
    run(
        &desk,
        "DELETE FROM audit WHERE number > $1",
        vec![at.into()],
    )
    .await;
    let cut = verdict(&desk).await;
    assert_eq!(
        cut.broken.unwrap().number,
        head.number,
        "the head still names it"
    );
    let text = "UPDATE audit_head SET number = $1, mac = (SELECT mac FROM audit WHERE number = $1)";
    run(&desk, text, vec![at.into()]).await;
    assert!(
        verdict(&desk).await.holds(),
        "nobody can tell from the database alone"
    );
    let against = desk.vault().verify_audit(Some(&head)).await.unwrap();
    assert_eq!(
        against.broken.unwrap().number,
        head.number,
        "a head that was kept elsewhere tells"
    );

    run(
        &desk,
        "DELETE FROM audit WHERE number = $1",
        vec![(at - 1).into()],
    )
    .await;
    assert_eq!(verdict(&desk).await.broken.unwrap().number, head.number - 2);
    desk.close().await;
}

#[tokio::test]
async fn another_master_key_and_a_lost_one_are_refused() {
    let house = House::new().await;
    let other = MasterKeys::load(&MasterKeySource::Value(secret(
        "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI=",
    )))
    .unwrap();
    let Err(OpenError::Keys(error)) = house.open_with(other).await else {
        panic!("it was opened")
    };
    assert!(
        error.to_string().contains("is sealed with the master key"),
        "{error}"
    );

    let path = house.directory().join("elsewhere.key");
    let lost = MasterKeys::load(&MasterKeySource::File {
        path: path.clone(),
        create: true,
    })
    .unwrap();
    let Err(OpenError::Keys(error)) = house.open_with(lost).await else {
        panic!("it was opened")
    };
    assert!(error.to_string().contains("restore the file"), "{error}");
    assert!(!path.exists(), "no key was made that opens nothing");
    house.close().await;
}

#[tokio::test]
async fn the_secret_is_in_no_file_of_the_database() {
    let desk = Desk::new().await;
    desk.create(opaque("kept")).await.unwrap();
    desk.create(opaque("deleted")).await.unwrap();
    desk.reveal("kept").await.unwrap();
    let in_files = |wanted: &[u8]| {
        std::fs::read_dir(desk.house.directory())
            .unwrap()
            .map(|file| std::fs::read(file.unwrap().path()).unwrap())
            .any(|bytes| bytes.windows(wanted.len()).any(|window| window == wanted))
    };
    let read = desk.permit::<credential::Read>().await;
    let cached = desk
        .vault()
        .look_up(read.workspace(), &named("deleted"))
        .await
        .unwrap();
    let is_file = desk.database().keeps_log_of_writes();
    assert_eq!(in_files(&cached.sealed.sealed), is_file);
    let delete = desk.permit::<credential::Delete>().await;
    desk.vault()
        .delete_credential(&delete, &named("deleted"))
        .await
        .unwrap();
    assert!(!in_files(CANARY.as_bytes()));
    assert!(desk.database().empty_log_of_writes().await.unwrap());
    assert!(!in_files(&cached.sealed.sealed), "nor is what was deleted");
    desk.close().await;
}
