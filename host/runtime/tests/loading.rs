//! What is no plugin is refused, with a reason that its author can act on, and nothing that a file holds ends the host.

use std::path::Path;
use std::sync::Arc;

use claviger_runtime::{
    CacheOptions, Capability, LoadError, Plugin, PluginSettings, Provenance, Runtime,
    RuntimeOptions,
};
use claviger_test_guests as guests;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, Resolve};

fn runtime() -> Runtime {
    Runtime::new(RuntimeOptions {
        max_calls: 1,
        ..RuntimeOptions::default()
    })
    .expect("a runtime")
}

fn caching(directory: &Path) -> Runtime {
    let cache = Some(CacheOptions {
        directory: directory.to_owned(),
        key: [7; 32],
    });
    Runtime::new(RuntimeOptions {
        max_calls: 1,
        cache,
        ..RuntimeOptions::default()
    })
    .expect("a runtime")
}

async fn load(runtime: &Runtime, wasm: &[u8]) -> Result<Arc<Plugin>, LoadError> {
    runtime
        .load(
            wasm.to_vec(),
            Provenance::Directory,
            &PluginSettings::default(),
        )
        .await
}

async fn refusal(wasm: &[u8]) -> LoadError {
    load(&runtime(), wasm).await.expect_err("it is no plugin")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_says_who_it_is_and_what_it_can_do() {
    let plugin = load(&runtime(), guests::ECHO).await.expect("a plugin");
    assert_eq!(
        (plugin.name(), plugin.version().to_string().as_str()),
        ("echo", "0.1.0")
    );
    assert!(plugin.capabilities().iter().eq([&Capability::Validation]));
    assert_eq!(*plugin.hash(), blake3::hash(guests::ECHO));
    let idle = load(&runtime(), guests::NO_CAPABILITY)
        .await
        .expect("a plugin");
    assert!(idle.capabilities().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn native_code_is_refused() {
    let engine = wasmtime::Engine::default();
    let native = engine.precompile_component(guests::ECHO).expect("compiled");
    assert!(matches!(refusal(&native).await, LoadError::Precompiled));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_files_are_refused() {
    assert!(matches!(
        refusal(b"\0asm\x01\0\0\0").await,
        LoadError::CoreModule
    ));
    assert!(matches!(
        refusal(b"\0asm\x0d\0\x01\0").await,
        LoadError::NoManifest
    ));
    assert!(matches!(
        refusal(&vec![0; (64 << 20) + 1]).await,
        LoadError::TooLarge { .. }
    ));
    for wasm in [b"".as_slice(), b"hello", b"\x7fELF", b"\0asm", &[0; 4096]] {
        assert!(
            matches!(refusal(wasm).await, LoadError::Invalid(_)),
            "{wasm:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_files_never_end_the_host() {
    let runtime = runtime();
    for length in (0..guests::ECHO.len()).step_by(guests::ECHO.len() / 50) {
        assert!(
            load(&runtime, &guests::ECHO[..length]).await.is_err(),
            "{length} bytes"
        );
    }
    // Bytes that a fixed generator picks: some changes are harmless, none may end the host.
    let mut state = 1_usize;
    for _ in 0..100 {
        let mut damaged = guests::ECHO.to_vec();
        for _ in 0..4 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 20) % damaged.len();
            damaged[at] ^= 1 << (state >> 60 & 7);
        }
        if let Err(error) = load(&runtime, &damaged).await {
            assert!(!error.to_string().is_empty());
        }
    }
    assert!(load(&runtime, guests::ECHO).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_and_exports_have_to_fit() {
    let unknown = refusal(guests::UNKNOWN_IMPORT).await;
    assert!(
        matches!(unknown, LoadError::UnknownImport { .. }),
        "{unknown}"
    );
    for (wasm, verb) in [
        (guests::WRONG_VERSION_IMPORT, "imports"),
        (guests::WRONG_VERSION_EXPORT, "exports"),
    ] {
        let error = refusal(wasm).await;
        assert!(
            matches!(&error, LoadError::Version { verb: said, .. } if *said == verb),
            "{error}"
        );
        assert!(error.to_string().contains("0.1.0"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_can_not_describe_itself_is_refused() {
    for wasm in [guests::DESCRIBE_LOOP, guests::DESCRIBE_TRAP] {
        let error = refusal(wasm).await;
        assert!(matches!(error, LoadError::Describe(_)), "{error}");
    }
    for wasm in [
        guests::DESCRIBE_GARBAGE,
        guests::DESCRIBE_HUGE,
        guests::DESCRIBE_UNKNOWN_KEY,
    ] {
        let error = refusal(wasm).await;
        assert!(
            matches!(error, LoadError::Manifest(_) | LoadError::Describe(_)),
            "{error}"
        );
    }
    let misspelt = refusal(guests::DESCRIBE_UNKNOWN_KEY).await.to_string();
    assert!(misspelt.contains("path-prefx"), "{misspelt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_start_compiles_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let first = caching(directory.path());
    let described = load(&first, guests::ECHO)
        .await
        .expect("a plugin")
        .manifest()
        .clone();
    assert_eq!(
        (
            first.statistics().cache_hits,
            first.statistics().cache_misses
        ),
        (0, 1)
    );
    let second = caching(directory.path());
    let plugin = load(&second, guests::ECHO).await.expect("a plugin");
    assert_eq!(plugin.manifest(), &described);
    assert_eq!(
        (
            second.statistics().cache_hits,
            second.statistics().cache_misses
        ),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn root_certificates_that_are_none_are_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, "not a certificate").expect("written");
    for ca in [path, directory.path().join("missing.pem")] {
        let settings = PluginSettings {
            ca: Some(ca.clone()),
            ..PluginSettings::default()
        };
        let error = runtime()
            .load(guests::ECHO, Provenance::Embedded, &settings)
            .await
            .expect_err("no certificate");
        assert!(
            error.to_string().contains(&ca.display().to_string()),
            "{error}"
        );
    }
}

/// A component that imports these interfaces, given as WIT, and exports nothing.
fn importing(wit: &str, imports: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let world = format!("package test:importing; world importing {{ {imports} }} {wit}");
    let package = resolve.push_str("importing.wit", &world).expect("WIT");
    let world = resolve.select_world(&[package], None).expect("a world");
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("a module");
    ComponentEncoder::default()
        .module(&module)
        .and_then(ComponentEncoder::encode)
        .expect("a component")
}

#[tokio::test(flavor = "multi_thread")]
async fn any_patch_of_wasi_0_2_is_linked() {
    let runtime = runtime();
    for patch in [0, 1, 6, 9, 12, 13, 40] {
        let wit = format!(
            "package wasi:http@0.2.{patch} {{
                interface types {{ resource fields {{ constructor(); }} }}
                interface outgoing-handler {{ use types.{{fields}}; }}
            }}
            package wasi:cli@0.2.{patch} {{ interface environment {{
                get-arguments: func() -> list<string>; }} }}"
        );
        let imports = format!(
            "import wasi:http/types@0.2.{patch}; import wasi:http/outgoing-handler@0.2.{patch};
             import wasi:cli/environment@0.2.{patch};"
        );
        let refused = load(&runtime, &importing(&wit, &imports)).await;
        // Linked: what it lacks is looked for after that.
        assert!(
            matches!(refused, Err(LoadError::NoManifest)),
            "0.2.{patch}: {refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_wasi_http_only_the_way_out_is_there() {
    for (name, interface, hint) in [
        ("wasi:http@0.2.9", "incoming-handler", "is not asked"),
        ("wasi:http@0.3.0", "handler", "WASI 0.2"),
        ("wasi:http@0.3.0-rc-2026-01-06", "types", "WASI 0.2"),
    ] {
        let wit = format!("package {name} {{ interface {interface} {{ handle: func(); }} }}");
        let (package, version) = name.split_once('@').expect("a version");
        let import = format!("{package}/{interface}@{version}");
        let refused = refusal(&importing(&wit, &format!("import {import};"))).await;
        let told = refused.to_string();
        assert!(
            matches!(refused, LoadError::UnknownImport { .. }) && told.contains(hint),
            "{told}"
        );
        assert!(told.contains(&import), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_that_this_host_lacks_are_named() {
    let wit = "package wasi:http@0.2.40 { interface types { of-the-future: func(); } }";
    let refused = refusal(&importing(wit, "import wasi:http/types@0.2.40;")).await;
    let told = refused.to_string();
    assert!(matches!(refused, LoadError::ImportTypes(_)), "{told}");
    assert!(told.contains("of-the-future"), "{told}");
}
