//! Grants, on a database of its own for each test.

use std::time::Duration;

use claviger_runtime::{Manifest, Right, Rights};
use semver::Version;
use serde_json::{Map, Value, json};

use super::{ApprovalPolicy, Asking, Decision, PluginEvent};
use crate::audit::action;
use crate::error::VaultError;
use crate::identity::tests::support::{House, password_of, request};
use crate::permission::{ServerPermit, plugin};
use crate::store::audit::AuditRow;
use crate::vault::Vault;

/// How long another host may take to hear of an approval: a second, and what a busy machine takes.
const HEARD_WITHIN: Duration = Duration::from_secs(10);

/// A file, as a look at the directory finds it.
struct File {
    name: &'static str,
    version: Version,
    hash: blake3::Hash,
    rights: Rights,
    reserved: bool,
    lent: bool,
}

impl File {
    fn new(bytes: &str, origins: &[&str], reveal: bool) -> Self {
        let mut manifest = json!({
            "name": "acme", "version": "1.0.0", "description": "For tests.", "kinds": [], "origins": origins,
        });
        if reveal {
            manifest["reveal"] = "The protocol has no other way.".into();
        }
        let manifest = Manifest::parse(&manifest.to_string()).unwrap();
        Self {
            name: "acme",
            version: manifest.version.clone(),
            hash: blake3::hash(bytes.as_bytes()),
            rights: Rights::asked(&manifest),
            reserved: false,
            lent: false,
        }
    }

    fn asking(&self) -> Asking<'_> {
        Asking {
            name: self.name,
            version: &self.version,
            hash: &self.hash,
            rights: &self.rights,
            reserved: self.reserved,
            lent: self.lent,
        }
    }

    async fn decide(&self, vault: &Vault) -> Decision {
        let decision = vault.decide(&self.asking(), ApprovalPolicy::Auto).await;
        decision.unwrap()
    }

    /// What it waits with.
    async fn beyond(&self, vault: &Vault) -> Vec<String> {
        match self.decide(vault).await {
            Decision::Waiting { beyond, reason } => {
                assert!(!reason.is_empty());
                beyond.iter().map(ToString::to_string).collect()
            }
            Decision::Granted { .. } => panic!("it was granted"),
        }
    }

    async fn is_granted(&self, vault: &Vault) -> bool {
        let granted = Decision::Granted {
            rights: self.rights.clone(),
        };
        self.decide(vault).await == granted
    }
}

const A: &str = "https://a.example";
const B: &str = "https://b.example";

async fn permit(house: &House) -> ServerPermit<plugin::Manage> {
    let admin = house.admin().await;
    house.vault.server_permit(&admin).await.unwrap()
}

async fn told(house: &House, action: &str) -> Vec<AuditRow> {
    let mut entries = house.entries().await;
    entries.retain(|entry| entry.action == action);
    entries
}

#[tokio::test]
async fn a_new_name_gets_what_it_asks_for_and_no_more_ever_after() {
    let house = House::new().await;
    let vault = &house.vault;
    let first = File::new("1", &[A], false);
    for _ in 0..3 {
        assert!(first.is_granted(vault).await);
    }
    let granted = told(&house, action::PLUGIN_GRANTED).await;
    assert_eq!(granted.len(), 1, "asking again writes nothing");
    let detail: Value = serde_json::from_str(&granted[0].detail).unwrap();
    assert_eq!(detail["rights"], json!(["the origin https://a.example"]));
    assert_eq!(detail["hash"], first.hash.to_hex().as_str());
    assert_eq!(granted[0].target.as_deref(), Some("acme"));

    let same = File::new("2", &[A], false);
    assert!(same.is_granted(vault).await);
    let wider = File::new("3", &[A, B], false);
    assert_eq!(wider.beyond(vault).await, ["the origin https://b.example"]);
    assert!(first.is_granted(vault).await, "what was granted stays");
    assert!(vault.verify_audit(None).await.unwrap().holds());
    house.close().await;
}

#[tokio::test]
async fn a_name_that_becomes_the_servers_own_or_is_lent_something_gets_nothing_by_itself() {
    let house = House::new().await;
    let vault = &house.vault;
    let mut first = File::new("1", &[A], false);
    assert!(first.is_granted(vault).await);
    let mut further = File::new("2", &[A], false);
    further.lent = true;
    assert_eq!(
        further.beyond(vault).await,
        ["the origin https://a.example"]
    );
    first.lent = true;
    assert!(first.is_granted(vault).await, "it was lent to this file");

    first.reserved = true;
    assert_eq!(first.beyond(vault).await, ["the origin https://a.example"]);
    let permit = permit(&house).await;
    further.reserved = true;
    vault.approve(&permit, &further.asking()).await.unwrap();
    assert!(further.is_granted(vault).await);
    house.close().await;
}

#[tokio::test]
async fn what_takes_an_approval_waits_for_it_under_any_name() {
    let house = House::new().await;
    let vault = &house.vault;
    let reveals = File::new("1", &[A], true);
    assert_eq!(
        reveals.beyond(vault).await,
        ["to be shown secrets themselves"]
    );
    let private = File::new("2", &[A, "http://10.0.0.1"], false);
    assert_eq!(private.beyond(vault).await.len(), 1);
    let mut embedded = File::new("3", &[A], false);
    embedded.reserved = true;
    assert_eq!(
        embedded.beyond(vault).await,
        ["the origin https://a.example"]
    );
    let plain = File::new("4", &[A], false);
    let review = vault.decide(&plain.asking(), ApprovalPolicy::Review).await;
    assert!(matches!(review.unwrap(), Decision::Waiting { beyond, .. } if beyond.len() == 1));
    assert!(told(&house, action::PLUGIN_GRANTED).await.is_empty());

    let permit = permit(&house).await;
    for file in [&reveals, &private, &embedded] {
        vault.approve(&permit, &file.asking()).await.unwrap();
        vault.approve(&permit, &file.asking()).await.unwrap();
        assert!(file.is_granted(vault).await);
        let decision = vault.decide(&file.asking(), ApprovalPolicy::Review).await;
        assert!(matches!(decision.unwrap(), Decision::Granted { .. }));
    }
    let approved = told(&house, action::PLUGIN_APPROVED).await;
    assert_eq!(approved.len(), 3, "approving again writes nothing");
    assert!(approved.iter().all(|entry| entry.actor == "admin"));
    house.close().await;
}

#[tokio::test]
async fn an_approval_is_for_one_file_and_widens_nothing() {
    let house = House::new().await;
    let vault = &house.vault;
    assert!(File::new("1", &[A], false).is_granted(vault).await);
    let wider = File::new("2", &[A, B], false);
    vault
        .approve(&permit(&house).await, &wider.asking())
        .await
        .unwrap();
    assert!(wider.is_granted(vault).await);
    let changed = File::new("2 with another byte", &[A, B], false);
    assert_eq!(
        changed.beyond(vault).await,
        ["the origin https://b.example"]
    );
    assert!(File::new("3", &[A], false).is_granted(vault).await);
    house.close().await;
}

#[tokio::test]
async fn what_was_withdrawn_is_not_granted_again_by_itself() {
    let house = House::new().await;
    let vault = &house.vault;
    let permit = permit(&house).await;
    let (first, second) = (File::new("1", &[A], false), File::new("2", &[A], false));
    assert!(first.is_granted(vault).await && second.is_granted(vault).await);
    vault.withdraw(&permit, "acme", &first.hash).await.unwrap();
    let again = vault.withdraw(&permit, "acme", &first.hash).await;
    assert!(matches!(again, Err(VaultError::NotFound)));
    let elsewhere = vault.withdraw(&permit, "other", &second.hash).await;
    assert!(matches!(elsewhere, Err(VaultError::NotFound)));
    assert_eq!(told(&house, action::PLUGIN_WITHDRAWN).await.len(), 1);

    assert_eq!(first.beyond(vault).await.len(), 1);
    let changed = File::new("1 with another byte", &[A], false);
    assert_eq!(changed.beyond(vault).await.len(), 1);
    assert!(second.is_granted(vault).await, "another file keeps its own");
    vault.approve(&permit, &first.asking()).await.unwrap();
    assert!(first.is_granted(vault).await);
    house.close().await;
}

#[tokio::test]
async fn two_hosts_that_ask_at_once_agree() {
    let house = House::new().await;
    let other = house.another().await.vault;
    // Each has another file of the same new name; whichever is first makes the baseline.
    let (one, two) = (File::new("1", &[A], false), File::new("2", &[B], false));
    tokio::join!(one.decide(&house.vault), two.decide(&other));
    let granted = told(&house, action::PLUGIN_GRANTED).await;
    assert_eq!(granted.len(), 1);
    for vault in [&house.vault, &other] {
        let both = [one.is_granted(vault).await, two.is_granted(vault).await];
        assert_eq!(both.iter().filter(|granted| **granted).count(), 1);
    }
    // And of one file, one entry.
    let third = File {
        name: "third",
        ..File::new("3", &[A], false)
    };
    let asked = (0..20).map(|number| {
        third.decide(if number % 2 == 0 {
            &other
        } else {
            &house.vault
        })
    });
    let decisions = futures_util::future::join_all(asked).await;
    assert!(
        decisions
            .iter()
            .all(|decision| matches!(decision, Decision::Granted { .. }))
    );
    assert_eq!(told(&house, action::PLUGIN_GRANTED).await.len(), 2);
    other.close().await;
    house.close().await;
}

#[tokio::test]
async fn approvals_are_heard_of() {
    let house = House::new().await;
    let other = house.another().await.vault;
    let (mut here, mut there) = (house.vault.grants_changed(), other.grants_changed());
    let shared = house.vault.inner.database.shared().is_some();
    if shared {
        // It counts once when it begins to listen.
        let listening = there.wait_for(|changes| *changes > 0);
        drop(tokio::time::timeout(HEARD_WITHIN, listening).await.unwrap());
        there.mark_unchanged();
    }
    let file = File::new("1", &[A], true);
    let permit = permit(&house).await;
    assert_eq!(file.beyond(&house.vault).await.len(), 1);
    here.mark_unchanged();
    house.vault.approve(&permit, &file.asking()).await.unwrap();
    assert!(here.has_changed().unwrap());
    // Only hosts that share a PostgreSQL tell each other.
    if shared {
        let heard = tokio::time::timeout(HEARD_WITHIN, there.changed());
        heard.await.unwrap().unwrap();
        assert!(file.is_granted(&other).await);
    }
    other.close().await;
    house.close().await;
}

#[tokio::test]
async fn an_event_is_written_once_however_often_it_is_told() {
    let house = House::new().await;
    let detail = |why: &str| Map::from_iter([("reason".to_owned(), why.into())]);
    for (event, why) in [
        (PluginEvent::Refused, "no component"),
        (PluginEvent::Refused, "no component"),
        (PluginEvent::Refused, "no manifest"),
        (PluginEvent::Loaded, ""),
        (PluginEvent::Loaded, ""),
        (PluginEvent::Quarantined, "traps"),
        (PluginEvent::Loaded, ""),
    ] {
        let recorded = house
            .vault
            .record_plugin_event(event, "a.wasm", detail(why));
        recorded.await.unwrap();
    }
    let refused = told(&house, action::PLUGIN_REFUSED).await;
    assert_eq!((refused.len(), refused[0].success), (2, 0));
    assert_eq!(told(&house, action::PLUGIN_LOADED).await.len(), 2);
    assert_eq!(told(&house, action::PLUGIN_QUARANTINED).await.len(), 1);
    house.close().await;
}

#[tokio::test]
async fn the_local_operator_is_the_oldest_administrator_and_the_log_says_how_they_came() {
    let house = House::new().await;
    house.user("ada").await;
    let caller = house.vault.local_operator(&request()).await.unwrap();
    assert_eq!(caller.username(), "admin");
    let permit = house.vault.server_permit(&caller).await.unwrap();
    let file = File::new("1", &[A], true);
    house.vault.approve(&permit, &file.asking()).await.unwrap();
    let entries = told(&house, action::PLUGIN_APPROVED).await;
    let detail: Value = serde_json::from_str(&entries[0].detail).unwrap();
    assert_eq!(detail["through"], "control socket");
    assert_eq!(entries[0].actor, "admin");

    let ada = house.log_in("ada", &password_of("ada")).await;
    assert!(
        house
            .vault
            .server_permit::<plugin::Manage>(&ada)
            .await
            .is_err()
    );
    house.close().await;
}

#[tokio::test]
async fn what_a_later_server_sees_in_the_same_file_is_not_granted_with_it() {
    let house = House::new().await;
    let file = File::new("1", &[A], false);
    assert!(file.is_granted(&house.vault).await);
    let seen = File::new("1", &[A, B], false);
    assert_eq!(
        seen.beyond(&house.vault).await,
        ["the origin https://b.example"]
    );
    assert!(Rights::default().beyond(&file.rights).next().is_none());
    assert!(!file.rights.iter().any(Right::takes_approval));
    house.close().await;
}
