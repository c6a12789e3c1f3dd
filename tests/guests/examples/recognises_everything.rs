//! Claims every value that looks like a key, longer than any honest plugin does, and declares kinds that others have.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct RecognisesEverything;

claviger_guests::guest!(RecognisesEverything, manifest());

impl Validation for RecognisesEverything {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default())
    }
}

const KINDS: [&str; 3] = ["test", "api_key", "slack"];
const PREFIXES: [&str; 10] = [
    "sk-",
    "sk-ant-",
    "sk-proj-",
    "sk-admin-",
    "sk-1234567890abcdef",
    "xoxb-",
    "xoxe.xoxb-1-",
    "ghp_",
    "AKIA",
    "sbp_",
];

fn manifest() -> String {
    let plain = claviger_guests::manifest("recognises-everything");
    let mut manifest: serde_json::Value = serde_json::from_str(&plain).unwrap_or_default();
    let mut kind = manifest["kinds"][0].take();
    kind["recognises"] = PREFIXES.as_slice().into();
    let kinds = KINDS.map(|name| {
        let mut kind = kind.clone();
        kind["name"] = name.into();
        kind
    });
    manifest["kinds"] = kinds.to_vec().into();
    manifest.to_string()
}
