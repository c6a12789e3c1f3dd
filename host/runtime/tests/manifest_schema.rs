//! `wit/manifest.schema.json` is what plugin authors check their manifests against, so it has to be what the host parses.

use std::path::Path;
use std::{env, fs};

use claviger_runtime::Manifest;

/// Set to anything, the test writes the file anew instead of comparing it.
const REGENERATE: &str = "CLAVIGER_REGENERATE";

#[test]
fn the_schema_is_that_of_the_manifest() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/manifest.schema.json");
    let schema =
        serde_json::to_string_pretty(&schemars::schema_for!(Manifest)).expect("JSON") + "\n";
    if env::var_os(REGENERATE).is_some() {
        fs::write(&path, &schema).expect("the schema can be written");
    }
    let golden = fs::read_to_string(&path).expect("the schema is there");
    assert!(
        golden == schema,
        "wit/manifest.schema.json is stale; run this test with {REGENERATE}=1 and look at the change"
    );
}
