//! The plugins that the server brings pass, each with the script beside it, and without one.

use std::path::Path;

use claviger_plugins::PLUGINS;

use super::{Mark, found, names, prepare};
use crate::conformance::script::Script;

#[tokio::test]
async fn every_bundled_plugin_passes_with_its_script() {
    for plugin in PLUGINS {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
        let path = plugins.join(plugin.name).join("upstream.toml");
        let manifest = prepare(plugin.wasm).await.manifest().clone();
        Script::read(&path, &manifest).unwrap_or_else(|error| panic!("{error}"));
        let text = std::fs::read_to_string(&path).expect("it was read before");
        let cases = found(plugin.wasm, Some(&text)).await;
        let warnings = cases.iter().filter(|case| !case.warnings.is_empty());
        let bad: Vec<_> = cases
            .iter()
            .filter(|case| case.verdict.mark() != Mark::Passed)
            .chain(warnings)
            .collect();
        assert!(bad.is_empty(), "{}: {bad:#?}", plugin.name);
    }
}

#[tokio::test]
async fn without_a_script_what_a_good_answer_is_isnt_known_and_the_rest_is_tested() {
    for plugin in PLUGINS {
        let cases = found(plugin.wasm, None).await;
        assert!(
            names(&cases, Mark::Failed).is_empty(),
            "{}: {cases:#?}",
            plugin.name
        );
        let applies: &[&str] = match plugin.name {
            "n8n" => &["application", "inventory"],
            _ => &[],
        };
        let skipped = [applies, &["validation.revoked", "validation.working"]].concat();
        assert!(
            names(&cases, Mark::Skipped).into_iter().eq(skipped),
            "{}: {cases:#?}",
            plugin.name
        );
    }
}
