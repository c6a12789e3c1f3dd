//! Plugins of other versions of the contract: those that go together with the host's run, and any other is refused with
//! both versions named.

use claviger_runtime::{
    CallContext, Capability, Field, FieldValue, LoadError, PluginSettings, Provenance, Report,
    Runtime, RuntimeOptions, Secret, Subject,
};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// The contract as this host has it.
const CONTRACT: &str = include_str!("../../../wit/provider.wit");

/// The version that the host speaks.
const OURS: &str = "0.1.0";

const MANIFEST: &str = r#"{"name":"other","version":"0.1.0","description":"A test plugin.","origins":[],
    "kinds":[{"name":"test","label":"Test","fields":[{"name":"secret","label":"Secret","secret":true}]}]}"#;

/// A plugin that was built against the contract in another version: it logs, and answers with an empty report.
fn component(contract: &str, version: &str) -> Vec<u8> {
    let module = format!(
        r#"(module
            (import "claviger:provider/logging@{version}" "log" (func $log (param i32 i32 i32)))
            (memory (export "memory") 2)
            (data (i32.const 16) "{manifest}")
            (global $free (mut i32) (i32.const 65536))
            (func (export "claviger:provider/manifest@{version}#describe") (result i32)
                (i32.store (i32.const 8) (i32.const 16))
                (i32.store (i32.const 12) (i32.const {length}))
                (i32.const 8))
            (func (export "claviger:provider/validation@{version}#validate") (param i32) (result i32)
                (call $log (i32.const 1) (i32.const 16) (i32.const 7))
                (i32.const 8192))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (global.set $free (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
                (global.get $free)
                (global.set $free (i32.add (global.get $free) (local.get 3)))))"#,
        manifest = MANIFEST.replace('"', "\\\"").replace('\n', "\\n"),
        length = MANIFEST.len(),
    );
    let mut module = wat::parse_str(module).expect("a module");
    let mut resolve = Resolve::default();
    resolve
        .push_str("provider.wit", &at(contract, version))
        .expect("the contract");
    let world = format!(
        "package claviger:test; world plugin {{
            import claviger:provider/logging@{version};
            export claviger:provider/manifest@{version};
            export claviger:provider/validation@{version};
        }}"
    );
    let package = resolve.push_str("plugin.wit", &world).expect("the world");
    let world = resolve
        .select_world(&[package], None)
        .expect("the one world");
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8)
        .expect("the module takes it");
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.module(&module).expect("the module fits the world");
    encoder.encode().expect("a component")
}

/// The contract under another version.
fn at(contract: &str, version: &str) -> String {
    let ours = format!("package claviger:provider@{OURS};");
    assert!(contract.contains(&ours), "the contract's version is {OURS}");
    contract.replace(&ours, &format!("package claviger:provider@{version};"))
}

fn runtime() -> Runtime {
    Runtime::new(RuntimeOptions {
        max_calls: 1,
        ..RuntimeOptions::default()
    })
    .expect("a runtime")
}

fn subject() -> Subject {
    Subject {
        id: "1".to_owned(),
        name: "key".to_owned(),
        kind: "test".to_owned(),
        version: 1,
        fields: vec![Field {
            name: "secret".to_owned(),
            value: FieldValue::Secret(Secret::from("s3cret-of-the-test".to_owned())),
        }],
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: Vec::new(),
    }
}

async fn runs(wasm: Vec<u8>) {
    let settings = PluginSettings::default();
    let plugin = runtime()
        .load(wasm, Provenance::Directory, &settings)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(plugin.name(), "other");
    assert!(plugin.capabilities().iter().eq([&Capability::Validation]));
    let outcome = plugin.validate(CallContext::default(), subject()).await;
    assert_eq!(outcome.result, Ok(Report::default()));
    assert_eq!(outcome.evidence.log.len(), 1);
}

async fn refusal(wasm: Vec<u8>) -> LoadError {
    let settings = PluginSettings::default();
    runtime()
        .load(wasm, Provenance::Directory, &settings)
        .await
        .map(|plugin| panic!("{plugin:?} was loaded"))
        .expect_err("another version")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_older_or_newer_runs() {
    for version in [OURS, "0.1.7"] {
        runs(component(CONTRACT, version)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_lacks_what_came_later_runs() {
    // What a compatible release may have added: an interface, and an import's function.
    let (before, later) = CONTRACT
        .split_once("/// An old version made to work again")
        .expect("the interface restoration");
    let (_, after) = later.split_once("\n}\n").expect("its end");
    let older = format!("{before}{after}").replace(
        "    reveal: func(stand-in: string) -> result<string, failure>;\n",
        "",
    );
    assert!(older.len() < CONTRACT.len() - 200);
    runs(component(&older, OURS)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_other_version_is_refused_and_both_are_named() {
    for version in ["0.0.9", "0.2.0", "1.0.0", "0.1.0-rc.1"] {
        let error = refusal(component(CONTRACT, version)).await;
        let LoadError::Version { theirs, ours, .. } = &error else {
            panic!("{version}: {error}")
        };
        assert_eq!((theirs.as_str(), *ours), (version, OURS));
        let told = error.to_string();
        assert!(told.contains(version) && told.contains(OURS), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_version_with_other_types_is_refused() {
    let other = CONTRACT.replace("        account: option<string>,\n", "");
    assert_ne!(other, CONTRACT);
    let error = refusal(component(&other, OURS)).await;
    let LoadError::ExportTypes { interface, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*interface, "validation");
}
