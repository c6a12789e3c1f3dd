//! Which plugin serves a credential.

use std::sync::Arc;

use claviger_runtime::{
    Catalogue, Plugin, PluginSettings, Provenance, Runtime, RuntimeOptions, Secret,
};
use claviger_test_guests as guests;

async fn load(wasm: &[u8], provenance: Provenance) -> Arc<Plugin> {
    let runtime = Runtime::new(RuntimeOptions {
        max_calls: 1,
        ..RuntimeOptions::default()
    })
    .expect("a runtime");
    runtime
        .load(wasm.to_vec(), provenance, &PluginSettings::default())
        .await
        .expect("a plugin")
}

/// The same plugin in another version: its manifest is text in its data.
fn newer(wasm: &[u8]) -> Vec<u8> {
    let (version, next) = (br#""version": "0.1.0""#, br#""version": "0.2.0""#);
    let at = wasm
        .windows(version.len())
        .position(|found| found == version)
        .expect("a manifest");
    let mut newer = wasm.to_vec();
    newer[at..at + next.len()].copy_from_slice(next);
    newer
}

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_highest_version_of_a_name_serves() {
    let old = load(guests::ECHO, Provenance::Embedded).await;
    let new = load(&newer(guests::ECHO), Provenance::Directory).await;
    let other = load(guests::SLEEP, Provenance::Embedded).await;
    let catalogue = Catalogue::new(vec![other, old, new]);
    assert_eq!(
        catalogue
            .by_name("echo")
            .expect("echo")
            .version()
            .to_string(),
        "0.2.0"
    );
    assert!(catalogue.by_name("ech").is_none() && catalogue.by_name("zebra").is_none());
    assert_eq!(catalogue.iter().count(), 3);
    let declaring: Vec<_> = catalogue
        .declaring_kind("test")
        .map(|plugin| plugin.name())
        .collect();
    assert_eq!(declaring, ["echo", "sleep"]);
    assert_eq!(catalogue.declaring_kind("other").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_embedded_plugins_recognise_values() {
    for (provenance, recognised) in [(Provenance::Embedded, true), (Provenance::Directory, false)] {
        let catalogue = Catalogue::new(vec![load(guests::RECOGNISES_EVERYTHING, provenance).await]);
        assert_eq!(
            catalogue.recognise("test", &secret("sk-ant-x")).is_some(),
            recognised
        );
        assert!(catalogue.recognise("test", &secret("pk-x")).is_none());
        assert!(catalogue.recognise("other", &secret("sk-ant-x")).is_none());
    }
}
