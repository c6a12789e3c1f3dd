//! Credentials that are worked with through another.

use claviger_runtime::Provenance;
use claviger_test_guests as guests;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::plugins::runtime;
use super::support::{Desk, named};
use crate::audit::action;
use crate::credentials::{CredentialPatch, NewCredential, TestResult};
use crate::error::VaultError;
use crate::health::Health;
use crate::identity::Caller;
use crate::identity::tests::support::{password_of, secret};
use crate::permission::{credential, workspace};

const TOKEN: &str = "account-token-0123456789";
const ACCOUNT: &str = "https://account.example";

/// What answers 200 to everything, and tells what it was asked.
async fn upstream() -> (String, mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let (asked, heard) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        // Ends with the test's runtime.
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                request.push(stream.read_u8().await.unwrap());
            }
            asked.send(String::from_utf8(request).unwrap()).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        }
    });
    (origin, heard)
}

/// A desk at which the guest `borrower` serves, with its upstream behind `https://account.example` and one other.
async fn desk() -> (Desk, mpsc::UnboundedReceiver<String>) {
    let (origin, heard) = upstream().await;
    let settings = json!({"replace-origins": {ACCOUNT: origin, "https://other.example": origin}});
    let settings = serde_json::from_value(settings).unwrap();
    let loaded = runtime()
        .load(guests::BORROWER, Provenance::Directory, &settings)
        .await;
    let desk = Desk::new().await;
    desk.serve(vec![loaded.unwrap()]);
    (desk, heard)
}

fn account(name: &str, base_url: &str) -> NewCredential {
    NewCredential {
        name: name.to_owned(),
        kind: "account".to_owned(),
        provider: Some("borrower".to_owned()),
        fields: vec![
            ("base_url".to_owned(), secret(base_url)),
            ("token".to_owned(), secret(TOKEN)),
        ],
        ..NewCredential::default()
    }
}

fn loan(name: &str, connection: Option<&str>) -> NewCredential {
    NewCredential {
        name: name.to_owned(),
        kind: "loan".to_owned(),
        provider: Some("borrower".to_owned()),
        value: Some(secret("loan-secret-0123456789")),
        connection: connection.map(str::to_owned),
        ..NewCredential::default()
    }
}

/// The credential that it was asked with.
fn asked_with(tested: &TestResult) -> &str {
    assert_eq!(tested.health, Health::Valid, "{:?}", tested.reason);
    tested.report.as_ref().unwrap().account.as_deref().unwrap()
}

#[track_caller]
fn refused(tested: &TestResult, parts: &[&str]) {
    assert_eq!(
        (tested.health, tested.response_time_ms),
        (Health::Unknown, 0)
    );
    let reason = tested.reason.as_deref().unwrap();
    for part in parts {
        assert!(reason.contains(part), "{reason}");
    }
}

impl Desk {
    async fn test_through(&self, name: &str, connection: &str) -> Result<TestResult, VaultError> {
        let permit = self.permit::<credential::Test>().await;
        let reference = named(name);
        let tested = self
            .vault()
            .test_credential(&permit, &reference, Some(connection));
        tested.await
    }

    /// Somebody who may store and test credentials and no more.
    async fn member(&self) -> Caller {
        let ada = self.house.user("ada").await;
        let permit = self.permit::<workspace::Manage>().await;
        let held = ["credential:create", "credential:test"];
        let put = self.vault().put_member(&permit, ada.id, &held).await;
        put.unwrap();
        self.house.log_in("ada", &password_of("ada")).await
    }

    async fn create_as(&self, caller: &Caller, new: NewCredential) {
        let workspace = self.house.default_workspace;
        let permit = self.vault().permit(caller, workspace).await.unwrap();
        self.vault().create_credential(&permit, new).await.unwrap();
    }

    async fn approved(&self) -> Vec<(String, String)> {
        let permit = self.permit::<workspace::Manage>().await;
        let approved = self.vault().approved_origins(&permit).await.unwrap();
        let pair = |one: crate::credentials::ApprovedOrigin| (one.plugin, one.origin.to_string());
        approved.into_iter().map(pair).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_only_connection_is_taken_and_of_several_none() {
    let (desk, mut heard) = desk().await;
    desk.create(loan("loan", None)).await.unwrap();
    refused(
        &desk.test("loan").await,
        &["`borrower`", "`account`", "has none"],
    );

    desk.create(account("first", &format!("{ACCOUNT}/base")))
        .await
        .unwrap();
    assert_eq!(asked_with(&desk.test("loan").await), "first");
    let request = heard.recv().await.unwrap();
    assert!(
        request.contains(TOKEN) && request.starts_with("GET /base/loans"),
        "{request}"
    );
    // About itself, an account needs no other.
    assert_eq!(asked_with(&desk.test("first").await), "first");

    desk.create(account("second", ACCOUNT)).await.unwrap();
    refused(
        &desk.test("loan").await,
        &["several", "`first`, `second`", "`connection`"],
    );
    // One that was retired is none.
    let permit = desk.permit::<credential::Update>().await;
    let retired = desk
        .vault()
        .deactivate_credential(&permit, &named("first"))
        .await;
    retired.unwrap();
    assert_eq!(asked_with(&desk.test("loan").await), "second");
    let intents = desk.house.entries().await;
    let last = intents
        .iter()
        .rev()
        .find(|entry| entry.action == action::CREDENTIAL_TEST_INTENT);
    assert!(last.unwrap().detail.contains(r#""connection":"second""#));
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_named_is_the_one_that_is_taken() {
    let (desk, _heard) = desk().await;
    desk.create(account("first", ACCOUNT)).await.unwrap();
    desk.create(account("second", ACCOUNT)).await.unwrap();
    desk.create(loan("stored with", Some("second")))
        .await
        .unwrap();
    assert_eq!(asked_with(&desk.test("stored with").await), "second");
    let asked = desk.test_through("stored with", "first").await.unwrap();
    assert_eq!(asked_with(&asked), "first");

    // What is asked for and can't be had is the asker's to change.
    desk.create(super::support::opaque("opaque")).await.unwrap();
    for (wrong, told) in [
        ("nobody", "no credential of this workspace"),
        ("opaque", "is of type `database`"),
        ("stored with", "is of type `loan`"),
        ("", "no credential of this workspace"),
    ] {
        let Err(VaultError::Invalid(problems)) = desk.test_through("stored with", wrong).await
        else {
            panic!("`{wrong}` was taken")
        };
        assert_eq!(problems[0].field, "connection");
        assert!(
            problems[0].message.contains(told),
            "{}",
            problems[0].message
        );
    }
    // What the credential was stored with may go, or change its name.
    let permit = desk.permit::<credential::Update>().await;
    let patch = CredentialPatch {
        name: Some("renamed".to_owned()),
        ..CredentialPatch::default()
    };
    let renamed = desk
        .vault()
        .update_credential(&permit, &named("second"), &patch)
        .await;
    renamed.unwrap();
    refused(
        &desk.test("stored with").await,
        &["`second`", "no credential"],
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_another_plugin_is_no_connection() {
    let (desk, _heard) = desk().await;
    // Of the right type, and nobody's: the provider that was named has no plugin.
    let foreign = NewCredential {
        provider: Some("elsewhere".to_owned()),
        ..account("foreign", ACCOUNT)
    };
    desk.create(foreign).await.unwrap();
    desk.create(loan("loan", None)).await.unwrap();
    refused(&desk.test("loan").await, &["has none"]);
    let Err(VaultError::Invalid(problems)) = desk.test_through("loan", "foreign").await else {
        panic!("it was taken")
    };
    assert!(
        problems[0]
            .message
            .contains("wasn't stored for the plugin `borrower`")
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_leads_only_where_a_manager_says() {
    let (desk, mut heard) = desk().await;
    let member = desk.member().await;
    desk.create(loan("loan", Some("account"))).await.unwrap();
    desk.create_as(&member, account("account", ACCOUNT)).await;
    assert!(
        desk.approved().await.is_empty(),
        "who may not approve approves nothing by storing"
    );
    let told = [
        "`account` leads to https://account.example",
        "`workspace:manage`",
    ];
    refused(&desk.test("loan").await, &told);
    assert!(heard.try_recv().is_err());
    // It is refused as a connection, not as itself.
    assert_eq!(asked_with(&desk.test("account").await), "account");

    let permit = desk.permit::<workspace::Manage>().await;
    let vault = desk.vault();
    for (plugin, origin, field) in [
        ("borrower", "https://account.example/path", "origin"),
        ("borrower", "", "origin"),
        ("nobody", ACCOUNT, "plugin"),
    ] {
        let Err(VaultError::Invalid(problems)) =
            vault.approve_origin(&permit, plugin, origin).await
        else {
            panic!("{plugin} {origin} was approved")
        };
        assert_eq!(problems[0].field, field);
    }
    // Approved by saying so: another origin is not this one, and once is enough.
    vault
        .approve_origin(&permit, "borrower", "https://other.example")
        .await
        .unwrap();
    refused(&desk.test("loan").await, &told);
    for _ in 0..2 {
        let approved = vault
            .approve_origin(&permit, "borrower", "https://ACCOUNT.example:443/")
            .await;
        let approved = approved.unwrap();
        assert_eq!(
            (
                approved.origin.to_string().as_str(),
                approved.approved_by.as_str()
            ),
            (ACCOUNT, "admin")
        );
    }
    assert_eq!(asked_with(&desk.test("loan").await), "account");
    vault
        .withdraw_origin(&permit, "borrower", ACCOUNT)
        .await
        .unwrap();
    let again = vault.withdraw_origin(&permit, "borrower", ACCOUNT).await;
    assert!(matches!(again, Err(VaultError::NotFound)));
    refused(&desk.test("loan").await, &told);

    // Approved by storing the like as somebody who may.
    desk.create(account("another", &format!("{ACCOUNT}/elsewhere")))
        .await
        .unwrap();
    assert_eq!(asked_with(&desk.test("loan").await), "account");
    let entries = desk.house.entries().await;
    let count = |action: &str| {
        entries
            .iter()
            .filter(|entry| entry.action == action)
            .count()
    };
    assert_eq!(
        (
            count(action::ORIGIN_APPROVE),
            count(action::ORIGIN_WITHDRAW)
        ),
        (2, 1)
    );
    let stored = entries
        .iter()
        .rev()
        .find(|entry| entry.action == action::CREDENTIAL_CREATE);
    assert!(
        stored
            .unwrap()
            .detail
            .contains(r#""approved_origins":["https://account.example"]"#)
    );
    assert!(vault.verify_audit(None).await.unwrap().holds());
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_counts_in_its_own_workspace() {
    let (desk, _heard) = desk().await;
    desk.create(account("account", ACCOUNT)).await.unwrap();
    let admin = desk.house.admin().await;
    let vault = desk.vault();
    let permit = vault
        .server_permit::<workspace::Manage>(&admin)
        .await
        .unwrap();
    let elsewhere = vault.create_workspace(&permit, "elsewhere").await.unwrap();
    let manage = vault
        .permit::<workspace::Manage>(&admin, elsewhere.id)
        .await
        .unwrap();
    assert_eq!(
        desk.approved().await,
        [("borrower".to_owned(), ACCOUNT.to_owned())]
    );
    assert!(vault.approved_origins(&manage).await.unwrap().is_empty());
    // And a connection of another workspace is none.
    let create = vault
        .permit::<credential::Create>(&admin, elsewhere.id)
        .await
        .unwrap();
    vault
        .create_credential(&create, loan("loan", Some("account")))
        .await
        .unwrap();
    let test = vault
        .permit::<credential::Test>(&admin, elsewhere.id)
        .await
        .unwrap();
    let reference = named("loan");
    let tested = vault
        .test_credential(&test, &reference, None)
        .await
        .unwrap();
    refused(&tested, &["`account`", "no credential of this workspace"]);
    let everything = vault.test_all(&test).await.unwrap();
    assert_eq!((everything.checked, everything.unknown), (1, 1));
    desk.close().await;
}
