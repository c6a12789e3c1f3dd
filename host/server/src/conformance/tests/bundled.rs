//! The plugins that the server brings pass, each with the script beside it, and without one.

use std::collections::BTreeSet;
use std::path::Path;

use claviger_plugins::PLUGINS;

use super::{Mark, found, names, prepare};
use crate::conformance::script::Script;

/// What can't be seen with a script, because the provider has no such thing: Anthropic makes no keys, and leaves admin keys
/// to people.
fn impossible(plugin: &str) -> BTreeSet<&'static str> {
    let cases: &[_] = match plugin {
        "anthropic" => &[
            "restoration.trouble/anthropic_admin",
            "restoration.twice/anthropic_admin",
            "rotation.create/anthropic_admin",
            "rotation.create/api_key",
            "rotation.lost-answer/anthropic_admin",
            "rotation.lost-answer/api_key",
            "rotation.retire-twice/anthropic_admin",
            "rotation.same-operation/anthropic_admin",
            "rotation.same-operation/api_key",
            "rotation.trouble/anthropic_admin",
            "rotation.trouble/api_key",
        ],
        _ => &[],
    };
    cases.iter().copied().collect()
}

/// What can't be seen without a script.
fn unscripted(plugin: &str) -> BTreeSet<&'static str> {
    let more: &[_] = match plugin {
        "anthropic" => &["restoration", "rotation"],
        "openai" => &["rotation"],
        // A credential that is made up has what is required, and not the access token that Supabase is asked with.
        "supabase" => &[
            "cancellation/supabase",
            "faults.500/supabase",
            "faults.503/supabase",
            "faults.cut-off/supabase",
            "faults.empty-body/supabase",
            "faults.forbidden/supabase",
            "faults.hang/supabase",
            "faults.no-http/supabase",
            "faults.rate-limit/supabase",
            "faults.redirect/supabase",
            "faults.strange-page/supabase",
            "rotation",
        ],
        _ => &[],
    };
    let all = ["validation.revoked", "validation.working"];
    all.iter().chain(more).copied().collect()
}

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
        let failed = cases
            .iter()
            .filter(|case| case.verdict.mark() == Mark::Failed);
        let bad: Vec<_> = failed.chain(warnings).collect();
        assert!(bad.is_empty(), "{}: {bad:#?}", plugin.name);
        let skipped = names(&cases, Mark::Skipped);
        assert_eq!(skipped, impossible(plugin.name), "{}", plugin.name);
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
        let skipped = names(&cases, Mark::Skipped);
        assert_eq!(skipped, unscripted(plugin.name), "{}", plugin.name);
    }
}
