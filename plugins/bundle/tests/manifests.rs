//! The first-party plugins' manifests, as their authors wrote them.

use std::fs;
use std::path::{Path, PathBuf};

use claviger_plugins::PLUGINS;
use claviger_runtime::Manifest;
use claviger_runtime::manifest::FieldRule;

/// The manifest of an embedded plugin, from the file beside its source.
fn manifest(plugin: &str) -> Manifest {
    let directory: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(plugin);
    let text = fs::read_to_string(directory.join("manifest.json")).expect("a manifest");
    Manifest::parse(&text).unwrap_or_else(|error| panic!("{plugin}: {error}"))
}

fn field<'m>(manifest: &'m Manifest, kind: &str, name: &str) -> &'m FieldRule {
    manifest
        .kind(kind)
        .and_then(|kind| kind.field(name))
        .unwrap_or_else(|| panic!("{kind}.{name}"))
}

fn fits(field: &FieldRule, value: &str) -> bool {
    field
        .pattern
        .as_ref()
        .is_none_or(|pattern| pattern.matches_whole(value))
}

#[test]
fn each_parses_and_has_its_plugins_name() {
    for plugin in PLUGINS {
        assert_eq!(manifest(plugin.name).name, plugin.name);
    }
}

#[test]
fn each_example_fits_its_own_pattern() {
    for plugin in PLUGINS {
        let manifest = manifest(plugin.name);
        for field in manifest.kinds.iter().flat_map(|kind| &kind.fields) {
            let example = field.example.as_deref().expect("an example");
            assert!(
                fits(field, example),
                "{}: {}: {example}",
                plugin.name,
                field.name
            );
        }
    }
}

#[test]
fn the_examples_of_the_apis_are_taken() {
    let (openai, anthropic, slack) = (manifest("openai"), manifest("anthropic"), manifest("slack"));
    for (field, value) in [
        (field(&openai, "api_key", "api_key"), "sk-1234567890abcdef"),
        (
            field(&openai, "api_key", "api_key"),
            "sk-proj-1234567890abcdef",
        ),
        (field(&anthropic, "api_key", "api_key"), "sk-ant-..."),
        (
            field(&slack, "slack", "bot_token"),
            "xoxb-1234567890-abcdef",
        ),
        (
            field(&slack, "slack", "bot_token"),
            "xoxe.xoxb-1-1234567890abcdef",
        ),
        (
            field(&slack, "slack", "app_token"),
            "xapp-1234567890-abcdef",
        ),
        (field(&slack, "slack", "signing_secret"), "abc123def456"),
    ] {
        assert!(fits(field, value), "{}: {value}", field.name);
    }
}

#[test]
fn what_is_another_kind_of_secret_is_refused() {
    let (openai, slack) = (manifest("openai"), manifest("slack"));
    let (anthropic, supabase) = (manifest("anthropic"), manifest("supabase"));
    for (field, value) in [
        (
            field(&anthropic, "anthropic_admin", "admin_key"),
            "sk-ant-api03-1234567890abcdef",
        ),
        (
            field(&supabase, "supabase", "project_ref"),
            "https://abcdefghijklmnopqrst.supabase.co",
        ),
        (
            field(&supabase, "supabase", "access_token"),
            "sb_secret_1234567890abcdef",
        ),
        (
            field(&supabase, "supabase", "api_key"),
            "sbp_1234567890abcdef",
        ),
        (
            field(&openai, "api_key", "api_key"),
            "xoxb-1234567890-abcdef",
        ),
        (field(&openai, "api_key", "api_key"), "sk-with a space"),
        (
            field(&openai, "openai_admin", "admin_key"),
            "sk-1234567890abcdef",
        ),
        (
            field(&slack, "slack", "bot_token"),
            "xoxc-1234567890-abcdef",
        ),
        (
            field(&slack, "slack", "bot_token"),
            "xoxd-1234567890-abcdef",
        ),
        (
            field(&slack, "slack", "bot_token"),
            "xapp-1234567890-abcdef",
        ),
        (
            field(&slack, "slack", "app_token"),
            "xoxb-1234567890-abcdef",
        ),
    ] {
        assert!(!fits(field, value), "{}: {value}", field.name);
    }
}
