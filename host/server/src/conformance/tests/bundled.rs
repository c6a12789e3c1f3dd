//! The plugins that the server brings pass, each with the script beside it, and without one.

use std::collections::BTreeSet;
use std::path::Path;

use claviger_plugins::{EmbeddedPlugin, PLUGINS};
use claviger_runtime::Capability;

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

/// What can't be seen of `supabase` without a script: a credential that is made up has what is required, and not the access
/// token that Supabase is asked with.
const NEEDS_TOKEN: &[&str] = &[
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
];

/// What the script of a plugin can't tell, by plugin and case: what is signed differs each time, so no script knows a
/// signature that doesn't work, and what has no name at the provider is the same for two operations.
const UNTOLD: [(&str, &str); 5] = [
    ("aws", "rotation.same-operation/aws_access_key"),
    ("aws", "validation.revoked/aws_access_key"),
    ("github", "issuance.lost-answer/github_app"),
    ("github", "issuance.same-operation/github_app"),
    ("github", "validation.revoked/github_app"),
];

fn is_untold(plugin: &str, case: &str) -> bool {
    UNTOLD.contains(&(plugin, case))
}

/// The plugins that have a provider to be played; that of `env` is the machine itself.
fn plugins() -> impl Iterator<Item = &'static EmbeddedPlugin> {
    PLUGINS.iter().filter(|plugin| plugin.name != "env")
}

#[tokio::test]
async fn every_bundled_plugin_passes_with_its_script() {
    for plugin in plugins() {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
        let path = plugins.join(plugin.name).join("upstream.toml");
        let manifest = prepare(plugin.wasm).await.manifest().clone();
        Script::read(&path, &manifest).unwrap_or_else(|error| panic!("{error}"));
        let text = std::fs::read_to_string(&path).expect("it was read before");
        let cases = found(plugin.wasm, Some(&text)).await;
        // How a good answer looks is the service's own, so `api` can't tell it from a stranger's.
        let warnings = cases.iter().filter(|case| {
            let told = plugin.name != "api" && !is_untold(plugin.name, &case.name);
            told && !case.warnings.is_empty()
        });
        let failed = cases
            .iter()
            .filter(|case| case.verdict.mark() == Mark::Failed);
        let bad: Vec<_> = failed.chain(warnings).collect();
        assert!(bad.is_empty(), "{}: {bad:#?}", plugin.name);
        let mut skipped = names(&cases, Mark::Skipped);
        skipped.retain(|name| !is_untold(plugin.name, name));
        assert_eq!(skipped, impossible(plugin.name), "{}", plugin.name);
    }
}

#[tokio::test]
async fn without_a_script_what_a_good_answer_is_isnt_known_and_the_rest_is_tested() {
    for plugin in plugins() {
        let cases = found(plugin.wasm, None).await;
        assert!(
            names(&cases, Mark::Failed).is_empty(),
            "{}: {cases:#?}",
            plugin.name
        );
        // What a good answer is, and each thing that needs one.
        let prepared = prepare(plugin.wasm).await;
        let needs_one = |name: &str| {
            let mut capabilities = prepared.capabilities().into_iter();
            let is = |capability: Capability| name.split('.').next() == Some(capability.as_str());
            capabilities.any(is)
        };
        // No private key can be made up that signs.
        let kinds = prepared.manifest().kinds.iter();
        let mut fields = kinds.flat_map(|kind| &kind.fields);
        if fields.any(|field| field.signs.contains("rs256")) {
            continue;
        }
        let skipped = names(&cases, Mark::Skipped);
        assert!(
            skipped.contains("validation.working")
                && skipped.iter().all(|name| needs_one(name)
                    || plugin.name == "supabase" && NEEDS_TOKEN.contains(name)),
            "{}: {cases:#?}",
            plugin.name
        );
    }
}
