//! A plugin's author runs `claviger plugin test` and learns what to change.

use std::path::{Path, PathBuf};

use claviger_plugins::PLUGINS;
use claviger_test_guests as guests;
use serde_json::Value;

use super::support::server::Site;

/// A plugin's file, and its script beside it.
fn plugin(directory: &Path, wasm: &[u8], script: &str) -> PathBuf {
    let file = directory.join("plugin.wasm");
    std::fs::write(&file, wasm).expect("a file");
    std::fs::write(directory.join("upstream.toml"), script).expect("a file");
    file
}

fn openai(directory: &Path) -> PathBuf {
    let wasm = PLUGINS
        .iter()
        .find(|plugin| plugin.name == "openai")
        .expect("openai")
        .wasm;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/openai/upstream.toml");
    plugin(
        directory,
        wasm,
        &std::fs::read_to_string(script).expect("a script"),
    )
}

#[tokio::test]
async fn a_plugin_in_order_passes_and_each_case_is_a_line() {
    let (site, directory) = (Site::new().await, tempfile::tempdir().expect("a directory"));
    let file = openai(directory.path());
    let file = file.to_str().expect("UTF-8");

    let output = site.run(&["plugin", "test", file]).await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(
        text.lines()
            .any(|line| line.starts_with("ok ") && line.contains("faults.hang/api_key")),
        "{text}"
    );
    assert!(
        text.contains("openai 0.1.0: ") && text.contains(" 0 failed, 0 skipped"),
        "{text}"
    );

    let output = site
        .run(&["plugin", "test", file, "--json", "--case", "validation."])
        .await;
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        (&report["failed"], &report["passed"]),
        (&0.into(), &5.into()),
        "{report:#}"
    );
    assert_eq!(report["cases"][0]["name"], "validation.working/api_key");
    assert!(
        report["used"]["validate"]["memory"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0),
        "{report:#}"
    );
}

#[tokio::test]
async fn a_defect_is_told_and_the_command_ends_with_1() {
    let (site, directory) = (Site::new().await, tempfile::tempdir().expect("a directory"));
    let file = plugin(directory.path(), guests::PANIC, "");
    let output = site
        .run(&[
            "plugin",
            "test",
            file.to_str().expect("UTF-8"),
            "--upstream",
        ])
        .await;
    assert_eq!(output.status.code(), Some(2), "an option without its value");

    std::fs::remove_file(directory.path().join("upstream.toml")).expect("it was there");
    let output = site
        .run(&["plugin", "test", file.to_str().expect("UTF-8")])
        .await;
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("FAILED   faults.500/test"), "{text}");
    assert!(text.contains("skipped  validation.working"), "{text}");
}

#[tokio::test]
async fn a_mistake_in_the_script_is_told_with_its_place() {
    let (site, directory) = (Site::new().await, tempfile::tempdir().expect("a directory"));
    let file = openai(directory.path());
    let script = directory.path().join("other.toml");
    std::fs::write(
        &script,
        "[[credential]]\nkind = \"api_key\"\nworkz = true\n",
    )
    .expect("a file");
    let arguments = [
        file.to_str().expect("UTF-8"),
        "--upstream",
        script.to_str().expect("UTF-8"),
    ];
    let output = site
        .run(&[&["plugin", "test"], &arguments[..]].concat())
        .await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(
        error.contains("other.toml:3:1: unknown field `workz`"),
        "{error}"
    );

    let output = site.run(&["plugin", "test", "nowhere.wasm"]).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("nowhere.wasm"), "{error}");
}
