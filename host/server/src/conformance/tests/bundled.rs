//! The plugins that the server brings pass, each with the script beside it, and without one.

use std::path::Path;

use claviger_plugins::PLUGINS;
use claviger_runtime::Capability;

use super::{Mark, found, names, prepare};
use crate::conformance::script::Script;

/// What the script of a plugin can't tell, by plugin and case: what is signed differs each time, so no script knows a
/// signature that doesn't work, and what has no name at the provider is the same for two operations.
const UNTOLD: [(&str, &str); 5] = [
    ("aws", "rotation.same-operation/aws_access_key"),
    ("aws", "validation.revoked/aws_access_key"),
    ("github", "issuance.lost-answer/github_app"),
    ("github", "issuance.same-operation/github_app"),
    ("github", "validation.revoked/github_app"),
];

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
            .filter(|case| {
                case.verdict.mark() == Mark::Failed || !is_untold(plugin.name, &case.name)
            })
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
        let prepared = prepare(plugin.wasm).await;
        let has = |capability| prepared.capabilities().contains(&capability);
        let mut skipped = vec!["validation.revoked", "validation.working"];
        skipped.extend(has(Capability::Rotation).then_some("rotation"));
        skipped.extend(has(Capability::Issuance).then_some("issuance"));
        // No private key can be made up that signs.
        let kinds = prepared.manifest().kinds.iter();
        let mut fields = kinds.flat_map(|kind| &kind.fields);
        if fields.any(|field| field.signs.contains("rs256")) {
            continue;
        }
        skipped.sort_unstable();
        assert!(
            names(&cases, Mark::Skipped).into_iter().eq(skipped),
            "{}: {cases:#?}",
            plugin.name
        );
    }
}

fn is_untold(plugin: &str, case: &str) -> bool {
    UNTOLD.contains(&(plugin, case))
}
