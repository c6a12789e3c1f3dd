//! Which plugin works with a credential.

use std::sync::Arc;

use claviger_plugins::PLUGINS;
use claviger_runtime::{
    Catalogue, Plugin, PluginSettings, Provenance, Runtime, RuntimeOptions, Secret,
};
use claviger_test_guests as guests;
use serde_json::json;

use super::support::{Desk, named};
use crate::credentials::{NewCredential, TestResult};
use crate::error::VaultError;
use crate::health::Health;
use crate::identity::tests::support::secret;
use crate::permission::credential;

/// Where plugins of a test run.
pub(crate) fn runtime() -> Runtime {
    let options = RuntimeOptions {
        max_calls: 2,
        ..RuntimeOptions::default()
    };
    Runtime::new(options).unwrap()
}

async fn embedded(runtime: &Runtime) -> Vec<Arc<Plugin>> {
    let mut plugins = Vec::new();
    for plugin in PLUGINS {
        let settings = PluginSettings::default();
        let loaded = runtime.load(plugin.wasm, Provenance::Embedded, &settings);
        plugins.push(loaded.await.unwrap());
    }
    plugins
}

/// A file that was dropped into the plugin directory, with what the operator wrote for it.
pub(crate) async fn dropped(
    runtime: &Runtime,
    wasm: Vec<u8>,
    settings: serde_json::Value,
) -> Arc<Plugin> {
    let settings = serde_json::from_value(settings).unwrap();
    let loaded = runtime.load(wasm, Provenance::Directory, &settings);
    loaded.await.unwrap()
}

/// The same plugin in another version: its manifest is text in its data.
fn in_version(wasm: &[u8], version: &str) -> Vec<u8> {
    let (old, new) = (
        r#""version": "0.1.0""#,
        format!(r#""version": "{version}""#),
    );
    assert_eq!(old.len(), new.len());
    let at = wasm
        .windows(old.len())
        .position(|found| found == old.as_bytes());
    let at = at.expect("a manifest");
    let mut wasm = wasm.to_vec();
    wasm[at..at + old.len()].copy_from_slice(new.as_bytes());
    wasm
}

impl Desk {
    pub(crate) fn serve(&self, plugins: Vec<Arc<Plugin>>) {
        let catalogue = Arc::new(Catalogue::new(plugins));
        self.vault().inner.catalogue.store(catalogue);
    }

    pub(crate) async fn test(&self, name: &str) -> TestResult {
        let permit = self.permit::<credential::Test>().await;
        let tested = self
            .vault()
            .test_credential(&permit, &named(name), None)
            .await;
        tested.unwrap()
    }

    async fn pin(&self, name: &str, version: &str) -> Result<(), VaultError> {
        let permit = self.permit::<credential::Update>().await;
        let reference = named(name);
        let pinned = self.vault().pin_credential(&permit, &reference, version);
        pinned.await.map(drop)
    }
}

/// What callers store that don't say whose it is, that do, and that get it wrong.
fn stored() -> Vec<NewCredential> {
    let values = [
        "sk-1234567890abcdef",
        "sk-ant-api03-0123456789",
        "xoxb-123456789012-abcdefghij",
        "ghp_0123456789abcdefghij",
        "nothing in particular",
    ];
    let mut all = Vec::new();
    for kind in ["api_key", "slack", "openai_admin", "database"] {
        for provider in [
            None,
            Some("api"),
            Some("openai"),
            Some("slack"),
            Some("acme"),
        ] {
            for value in values {
                let fields: [Vec<(String, Secret)>; 2] = [
                    Vec::new(),
                    vec![("what".to_owned(), secret("ever and ever"))],
                ];
                all.extend(fields.into_iter().map(|fields| NewCredential {
                    name: all_names(kind, provider, value, fields.len()),
                    kind: kind.to_owned(),
                    provider: provider.map(str::to_owned),
                    value: Some(secret(value)),
                    fields,
                    ..NewCredential::default()
                }));
            }
        }
    }
    all
}

fn all_names(kind: &str, provider: Option<&str>, value: &str, fields: usize) -> String {
    format!("{kind} {provider:?} {} {fields}", &value[..8])
}

/// What becomes of each: the plugin and which fields are secret, or what is wrong with it.
async fn routed(desk: &Desk) -> Vec<(String, String)> {
    let mut routed = Vec::new();
    for new in stored() {
        let name = new.name.clone();
        let became = match desk.create(new).await {
            Ok(created) => {
                let revealed = desk.reveal(&name).await.unwrap();
                let fields = revealed
                    .fields
                    .iter()
                    .map(|field| (&field.name, field.secret));
                let fields: Vec<_> = fields.collect();
                format!("{:?} {:?} {fields:?}", created.plugin, created.provider)
            }
            Err(error) => error.to_string(),
        };
        routed.push((name, became));
    }
    routed
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_file_changes_nothing_about_the_kinds_that_are_there() {
    let runtime = runtime();
    let mut plugins = embedded(&runtime).await;
    let before = Desk::new().await;
    before.serve(plugins.clone());
    let greedy = guests::RECOGNISES_EVERYTHING.to_vec();
    plugins.push(dropped(&runtime, greedy.clone(), json!({})).await);
    let after = Desk::new().await;
    after.serve(plugins);
    let (before_it, with_it) = (routed(&before).await, routed(&after).await);
    assert_eq!(before_it, with_it);
    assert!(
        before_it
            .iter()
            .any(|(_, became)| became.contains("Some(\"openai\")"))
    );
    assert!(
        before_it
            .iter()
            .any(|(_, became)| became.contains("Some(\"slack\")"))
    );

    // By its name, and of the kind that it alone declares, it gets what is meant for it.
    let new = |name: &str, kind: &str, provider: Option<&str>| NewCredential {
        name: name.to_owned(),
        kind: kind.to_owned(),
        provider: provider.map(str::to_owned),
        value: Some(secret("sk-1234567890abcdef")),
        ..NewCredential::default()
    };
    let greedy_name = Some("recognises-everything");
    for (name, kind, provider, gets) in [
        ("named", "slack", greedy_name, greedy_name),
        ("alone", "test", None, greedy_name),
        ("left open", "test", Some("api"), None),
    ] {
        let created = after.create(new(name, kind, provider)).await.unwrap();
        assert_eq!(created.plugin.as_deref(), gets, "{name}");
    }
    // Where the operator lets it, it takes what it recognises best.
    let open = dropped(&runtime, greedy, json!({"recognises": true})).await;
    let mut plugins = embedded(&runtime).await;
    plugins.push(open);
    after.serve(plugins);
    let created = after.create(new("let", "api_key", None)).await.unwrap();
    assert_eq!(created.plugin.as_deref(), greedy_name);
    before.close().await;
    after.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_provider_api_is_any_service_once_nobody_recognises_the_key() {
    let runtime = runtime();
    let desk = Desk::new().await;
    desk.serve(embedded(&runtime).await);
    let url = ("test_url", "https://service.example/me");
    for (number, (kind, provider, value, fields, gets)) in [
        (
            "api_key",
            Some("api"),
            "sk-ant-...",
            &[][..],
            Some("anthropic"),
        ),
        (
            "api_key",
            Some("api"),
            "nothing in particular",
            &[],
            Some("api"),
        ),
        ("api_key", Some("api"), "sk-ant-...", &[url], Some("api")),
        ("api_key", None, "nothing in particular", &[], None),
        ("api_key", None, "sk-1234567890abcdef", &[], Some("openai")),
        ("database", Some("api"), "nothing in particular", &[], None),
        (
            "api_key",
            Some("deepseek"),
            "sk-1234567890abcdef",
            &[],
            None,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let created = desk
            .create(service(number, kind, provider, value, fields))
            .await;
        assert_eq!(created.unwrap().plugin.as_deref(), gets, "{number}");
    }
    for (number, field) in [
        (100, ("header", "host")),
        (101, ("header", "Content-Length")),
        (102, ("test_url", "https://")),
        (103, ("colour", "red")),
    ] {
        let new = service(
            number,
            "api_key",
            Some("api"),
            "nothing in particular",
            &[field],
        );
        match desk.create(new).await {
            Err(VaultError::Invalid(problems)) => assert_eq!(problems[0].field, field.0),
            other => panic!("{field:?}: {other:?}"),
        }
    }
    desk.close().await;
}

fn service(
    number: usize,
    kind: &str,
    provider: Option<&str>,
    value: &str,
    fields: &[(&str, &str)],
) -> NewCredential {
    let field = |(name, value): &(&str, &str)| ((*name).to_owned(), secret(value));
    NewCredential {
        name: format!("service {number}"),
        kind: kind.to_owned(),
        provider: provider.map(str::to_owned),
        value: Some(secret(value)),
        fields: fields.iter().map(field).collect(),
        ..NewCredential::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_credential_keeps_to_its_versions() {
    let runtime = runtime();
    let load = async |version: &str| {
        let wasm = in_version(guests::ECHO, version);
        dropped(&runtime, wasm, json!({})).await
    };
    let (old, new) = (load("1.2.9").await, load("2.0.0").await);
    let desk = Desk::new().await;
    desk.serve(vec![Arc::clone(&old), Arc::clone(&new)]);
    let credential = NewCredential {
        name: "pinned".to_owned(),
        kind: "test".to_owned(),
        provider: Some("echo".to_owned()),
        value: Some(secret("echo-secret-0123456789")),
        ..NewCredential::default()
    };
    desk.create(credential).await.unwrap();
    for garbage in ["", "newest", "1.2.3.4"] {
        let refused = desk.pin("pinned", garbage).await;
        assert!(matches!(refused, Err(VaultError::Invalid(_))), "{garbage}");
    }
    assert_eq!(desk.test("pinned").await.health, Health::Valid);
    desk.pin("pinned", "^1.2").await.unwrap();
    let read = desk.read("pinned").await.unwrap();
    assert_eq!(read.pin.as_ref().unwrap().to_string(), "^1.2");
    assert_eq!(desk.test("pinned").await.health, Health::Valid);

    // The version that it is pinned to goes, and comes again.
    desk.serve(vec![Arc::clone(&new)]);
    let tested = desk.test("pinned").await;
    assert_eq!(tested.health, Health::Unknown);
    assert_eq!(
        tested.reason.as_deref(),
        Some(
            "the credential is pinned to `^1.2` of the plugin `echo`, and no version that is here fits; here: 2.0.0"
        )
    );
    desk.serve(vec![old]);
    assert_eq!(desk.test("pinned").await.health, Health::Valid);

    desk.serve(vec![new]);
    let permit = desk.permit::<credential::Update>().await;
    let unpinned = desk
        .vault()
        .unpin_credential(&permit, &named("pinned"))
        .await;
    assert!(unpinned.unwrap().pin.is_none());
    assert_eq!(desk.test("pinned").await.health, Health::Valid);
    let entries = desk.house.entries().await;
    let pins: Vec<_> = entries
        .iter()
        .filter(|entry| entry.detail.contains("\"pin\""))
        .map(|entry| entry.detail.as_str())
        .collect();
    assert_eq!(
        pins,
        [
            r#"{"changed":["pin"],"pin":"^1.2"}"#,
            r#"{"changed":["pin"],"pin":null}"#
        ]
    );

    desk.create(super::support::opaque("opaque")).await.unwrap();
    let nothing = desk.pin("opaque", "^1").await;
    assert!(matches!(nothing, Err(VaultError::Conflict { .. })));
    desk.close().await;
}
