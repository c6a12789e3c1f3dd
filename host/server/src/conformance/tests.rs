//! The suite, on plugins that are in order and on such that aren't.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use claviger_runtime::{CacheOptions, PluginSettings, Prepared, Runtime, RuntimeOptions};
use tempfile::TempDir;

use super::case::{Case, Mark};
use super::script::Script;
use super::stage::Stage;
use super::suite::Audience;

mod bundled;
mod capabilities;
mod misbehaving;
mod scripts;

/// Compiled plugins, shared by all tests of this process: each is compiled once.
static COMPILED: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("a directory"));

/// Nobody watches.
struct Nobody;

impl Audience for Nobody {
    fn begins(&mut self, _: &str) {}

    fn ended(&mut self, _: &Case) {}
}

async fn prepare(wasm: &'static [u8]) -> Prepared {
    let cache = CacheOptions {
        directory: COMPILED.path().to_owned(),
        key: [7; 32],
    };
    let runtime = Runtime::new(RuntimeOptions {
        cache: Some(cache),
        ..RuntimeOptions::default()
    })
    .expect("a runtime");
    let prepared = runtime.prepare(wasm, &PluginSettings::default()).await;
    prepared.unwrap_or_else(|error| panic!("{error}"))
}

/// What the suite finds, on a plugin with a script.
async fn found(wasm: &'static [u8], script: Option<&str>) -> Vec<Case> {
    let script = script.map(|text| Script::parse(text).unwrap_or_else(|error| panic!("{error}")));
    let stage = Stage::set(prepare(wasm).await, script).await;
    let stage = stage.unwrap_or_else(|error| panic!("{error}"));
    super::run(&stage, None, &mut Nobody).await
}

/// The names of the cases that ended so.
fn names(cases: &[Case], mark: Mark) -> BTreeSet<&str> {
    cases
        .iter()
        .filter(|case| case.verdict.mark() == mark)
        .map(|case| case.name.as_str())
        .collect()
}

/// The case of that name.
#[track_caller]
fn case<'c>(cases: &'c [Case], name: &str) -> &'c Case {
    let found = cases.iter().find(|case| case.name == name);
    found.unwrap_or_else(|| panic!("no case {name} among {cases:#?}"))
}
