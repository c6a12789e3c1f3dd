//! What n8n has of its own becomes known, with nothing of its secrets.

use serde_json::{Value, json};

use super::shelf::{Shelf, at, desk};
use super::support::Desk;
use crate::audit::action;
use crate::error::VaultError;
use crate::places::Synced;

fn item(id: &str, name: &str) -> Value {
    json!([id, name, "credential", [["type", "slackOAuth2Api"]]])
}

fn node(workflow: &str, node: &str, credential: &str) -> Value {
    let attributes = json!([
        ["workflow-id", workflow],
        ["workflow-name", "A flow"],
        ["node", node],
        ["credential-id", credential]
    ]);
    json!([
        format!("{workflow}/{node}"),
        node,
        "workflow-node",
        attributes
    ])
}

fn lists(shelf: &Shelf, pages: &[(&str, &[Value], Option<&str>)]) {
    for (page, entries, next) in pages {
        let page_of = json!({"entries": entries, "next": next}).to_string();
        shelf.state().pages.insert((*page).to_owned(), page_of);
    }
}

impl Desk {
    async fn sync(&self) -> Result<Synced, VaultError> {
        let (permit, may_read) = (self.permit().await, self.permit().await);
        self.vault().sync_n8n(permit, &may_read, None).await
    }
}

fn new(synced: &Synced) -> Vec<&str> {
    synced.new.iter().map(|it| it.name.as_str()).collect()
}

fn updated(synced: &Synced) -> Vec<&str> {
    synced.updated.iter().map(|it| it.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn twins_and_renames_are_told_apart() {
    let (desk, shelf) = desk().await;
    let first = [item("1", "Slack"), item("2", "token")];
    lists(
        &shelf,
        &[("", &first, Some("2")), ("2", &[item("3", "Slack")], None)],
    );
    let synced = desk.sync().await.unwrap();
    assert_eq!(synced.synced, 3);
    assert_eq!(new(&synced), ["Slack", "token (n8n:2)", "Slack (n8n:3)"]);
    assert!(synced.updated.is_empty());
    let slack = desk.read("Slack").await.unwrap();
    assert_eq!(slack.provider.as_deref(), Some("n8n"));
    assert_eq!(
        (slack.kind.as_str(), &slack.plugin),
        ("slackoauth2api", &None)
    );
    assert_eq!(slack.provider_credential_id.as_deref(), Some("1"));
    assert!(desk.reveal("Slack").await.unwrap().fields.is_empty());

    // Nothing has changed.
    let synced = desk.sync().await.unwrap();
    assert_eq!(
        (synced.synced, synced.new.len(), synced.updated.len()),
        (3, 0, 0)
    );

    // One is called otherwise there, one like another that is here, and one is new.
    let second = [item("1", "Slack of Ada"), item("2", "box")];
    let last = [item("3", "Slack"), item("4", " ")];
    lists(&shelf, &[("", &second, Some("2")), ("2", &last, None)]);
    let synced = desk.sync().await.unwrap();
    assert_eq!(updated(&synced), ["Slack of Ada", "box (n8n:2)"]);
    assert_eq!(synced.updated[0].changes, ["name"]);
    assert_eq!(new(&synced), ["(n8n:4)"]);
    let entries = desk.house.entries().await;
    let of = |action: &str| entries.iter().filter(|it| it.action == action).count();
    assert_eq!((of(action::SYNC_INTENT), of(action::SYNC)), (3, 3));
    assert_eq!(of(action::CREDENTIAL_UPDATE), 2);
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn places_of_what_was_put_there_are_found() {
    let (desk, shelf) = desk().await;
    desk.apply("token", at("flow", "1")).await.unwrap();
    let found = [
        item("copy-0", "claviger"),
        item("7", "Slack"),
        node("flow", "1", "copy-0"),
        node("other", "by hand", "copy-0"),
        node("other", "slack", "7"),
    ];
    lists(&shelf, &[("", &found, None)]);
    let synced = desk.sync().await.unwrap();
    assert_eq!((synced.synced, new(&synced)), (2, vec!["Slack"]));
    assert_eq!(
        desk.told("token").await,
        ["flow/1 current", "other/by hand current"]
    );
    let places = desk.places("token").await;
    assert_eq!(places[1].requested_by, None);
    desk.sync().await.unwrap();
    assert_eq!(desk.places("token").await.len(), 2);

    // The target is behind: what is found there is, too, until it is given the current one.
    desk.replace("token", "a-newer-token-0123456789").await;
    let again = [node("flow", "3", "copy-0")];
    lists(&shelf, &[("", &again, None)]);
    desk.sync().await.unwrap();
    assert!(
        desk.told("token")
            .await
            .contains(&"flow/3 stale".to_owned())
    );
    shelf
        .state()
        .places
        .insert("other/by%20hand".to_owned(), "copy-0".to_owned());
    shelf
        .state()
        .places
        .insert("flow/3".to_owned(), "copy-0".to_owned());
    assert_eq!(desk.work().await, 1);
    assert_eq!(shelf.state().copies["copy-0"].1, "a-newer-token-0123456789");
    assert!(
        desk.told("token")
            .await
            .iter()
            .all(|it| it.ends_with("current"))
    );
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_fails_or_does_not_end_is_an_error_and_stores_nothing() {
    let (desk, shelf) = desk().await;
    lists(&shelf, &[("", &[item("1", "Slack")], Some("2"))]);
    shelf.state().broken.push(("GET /list?page=2", 403));
    let error = desk.sync().await.unwrap_err();
    assert!(matches!(error, VaultError::Provider { .. }), "{error:?}");
    shelf.state().broken.clear();
    lists(&shelf, &[("2", &[], Some("2"))]);
    let error = desk.sync().await.unwrap_err();
    assert!(error.to_string().contains("doesn't end"), "{error}");
    assert!(matches!(
        desk.read("Slack").await,
        Err(VaultError::NotFound)
    ));
    let entries = desk.house.entries().await;
    let failed = entries
        .iter()
        .filter(|it| it.action == action::SYNC && it.success == 0);
    assert_eq!(failed.count(), 2);
    desk.close().await;
}
