//! What `claviger plugin check` says of broken files, and that it says what loading does.
//!
//! `findings.txt` has every broken file with the sentences that its author reads; with `CLAVIGER_GOLDEN=write` in the
//! environment it is written anew.

use std::fmt::Write;
use std::path::Path;

use claviger_runtime::{Checked, PluginSettings, Runtime, RuntimeOptions};

mod broken;
mod build;

fn runtime() -> Runtime {
    Runtime::new(RuntimeOptions {
        max_calls: 1,
        ..RuntimeOptions::default()
    })
    .expect("a runtime")
}

async fn check(runtime: &Runtime, wasm: &[u8]) -> Checked {
    runtime
        .check(wasm.to_vec(), &PluginSettings::default())
        .await
}

/// Refuses exactly what loading refuses.
fn assert_agreement(name: &str, checked: &Checked) {
    assert_eq!(
        checked.is_fine(),
        checked.prepared.is_some(),
        "{name}: {:?}",
        checked.refusals
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_file_has_its_own_sentence_and_a_remedy() {
    let runtime = runtime();
    let mut table = String::new();
    for (name, wasm) in broken::files() {
        let checked = check(&runtime, &wasm).await;
        assert_agreement(name, &checked);
        writeln!(table, "# {name}").expect("written");
        let findings = checked.refusals.iter().map(|finding| ("refused", finding));
        let warnings = checked.warnings.iter().map(|finding| ("warned", finding));
        for (what, finding) in findings.chain(warnings) {
            writeln!(table, "{what} [{}] {}", finding.code, finding.sentence).expect("written");
            writeln!(table, "    -> {}", finding.remedy).expect("written");
            assert!(
                !finding.sentence.contains('\n') && !finding.remedy.contains('\n'),
                "{finding:?}"
            );
        }
        table.push('\n');
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/checking/findings.txt");
    if std::env::var_os("CLAVIGER_GOLDEN").is_some_and(|it| it == "write") {
        std::fs::write(&golden, &table).expect("written");
    }
    let expected = std::fs::read_to_string(&golden).expect("findings.txt");
    assert_eq!(
        table, expected,
        "the findings changed; see the head of this file"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn checking_and_loading_agree_on_every_guest() {
    let runtime = runtime();
    let mut refused = Vec::new();
    for (name, wasm) in claviger_test_guests::ALL {
        let checked = check(&runtime, wasm).await;
        assert_agreement(name, &checked);
        if !checked.is_fine() {
            refused.push(*name);
        }
    }
    for name in ["describe_loop", "unknown_import", "wrong_version_export"] {
        assert!(refused.contains(&name), "{refused:?}");
    }
    assert!(!refused.contains(&"echo"), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_plugin_has_nothing_against_it() {
    let checked = check(
        &runtime(),
        &build::described(broken::MANIFEST, &["validation#validate"]),
    )
    .await;
    assert!(checked.is_fine(), "{:?}", checked.refusals);
    assert_eq!(checked.warnings, []);
    let world = checked.world.expect("a world");
    assert_eq!(world.contract_version().as_deref(), Some("0.1.0"));
}
