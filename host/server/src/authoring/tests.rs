//! The templates render, and what they render is what was asked for.

use std::collections::BTreeSet;

use clap::ValueEnum as _;
use claviger_runtime::Capability;

use super::{Language, Project, ProjectFile, brought_along, write};

fn project(language: Language, capabilities: impl IntoIterator<Item = Capability>) -> Project {
    Project {
        name: "acme-eu".parse().expect("a name"),
        language,
        capabilities: capabilities.into_iter().collect(),
        reveal: false,
    }
}

fn text<'f>(files: &'f [ProjectFile], path: &str) -> &'f str {
    let file = files
        .iter()
        .find(|file| file.path.to_str() == Some(path))
        .unwrap_or_else(|| panic!("no {path}"));
    std::str::from_utf8(&file.contents).expect("text")
}

#[test]
fn every_template_renders_with_every_capability() {
    for language in Language::value_variants() {
        for capabilities in [
            vec![Capability::Validation],
            Capability::ALL.to_vec(),
            Vec::new(),
        ] {
            let files = project(*language, capabilities).render().expect("rendered");
            assert!(
                text(&files, "README.md").contains("acme-eu"),
                "{language:?}"
            );
        }
    }
}

#[test]
fn a_world_exports_what_was_chosen_and_nothing_else() {
    let chosen = [Capability::Rotation, Capability::Validation];
    let files = project(Language::Python, chosen)
        .render()
        .expect("rendered");
    insta::assert_snapshot!(text(&files, "wit/world.wit"));
    assert_eq!(
        text(&files, "wit/deps/claviger-provider/provider.wit"),
        super::wit::PACKAGE
    );
    let revealing = Project {
        reveal: true,
        ..project(Language::Python, chosen)
    };
    let files = revealing.render().expect("rendered");
    assert!(text(&files, "wit/world.wit").contains("import claviger:provider/disclosure@"));
}

#[test]
fn the_rust_sdk_comes_along_and_needs_no_workspace() {
    let files = project(Language::Rust, [Capability::Validation])
        .render()
        .expect("rendered");
    let manifest = text(&files, "vendor/sdk/rust/Cargo.toml");
    assert!(!manifest.contains("workspace"), "{manifest}");
    assert!(manifest.contains("wit-bindgen"), "{manifest}");
    assert!(text(&files, "vendor/sdk/rust/src/lib.rs").contains("macro_rules! export"));
    assert_eq!(text(&files, "vendor/wit/provider.wit"), super::wit::PACKAGE);
}

#[test]
fn rotation_brings_along_what_the_contract_wants() {
    let set = |capabilities: &[Capability]| capabilities.iter().copied().collect::<BTreeSet<_>>();
    assert_eq!(brought_along(&set(&[Capability::Validation])), set(&[]));
    assert_eq!(
        brought_along(&set(&[Capability::Rotation, Capability::Recovery])),
        set(&[Capability::Validation])
    );
}

#[test]
fn names_become_identifiers() {
    for (name, module, type_name) in [
        ("acme", "acme", "Acme"),
        ("acme-eu_2", "acme_eu_2", "AcmeEu2"),
        ("a--b-", "a__b_", "AB"),
        ("self", "self", "SelfProvider"),
    ] {
        let name: super::PluginName = name.parse().expect("a name");
        assert_eq!(
            (name.module().as_str(), name.type_name().as_str()),
            (module, type_name)
        );
    }
    for name in ["", "Acme", "2fa", "acme.eu", "../acme", "acme eu", "é"] {
        assert!(name.parse::<super::PluginName>().is_err(), "{name}");
    }
}

#[test]
fn nothing_is_overwritten() {
    let directory = tempfile::tempdir().expect("a directory");
    let files = project(Language::C, [Capability::Validation])
        .render()
        .expect("rendered");
    let new = directory.path().join("new/acme");
    write(&new, &files).expect("written");
    let message = write(&new, &files).expect_err("it is there").to_string();
    assert!(message.contains("is not empty"), "{message}");
    let file = directory.path().join("file");
    std::fs::write(&file, "mine").expect("written");
    assert!(write(&file, &files).is_err());
    assert_eq!(std::fs::read_to_string(&file).expect("read"), "mine");
}
