//! Claims every value that looks like a key, longer than any honest plugin does.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct RecognisesEverything;

claviger_guests::guest!(
    RecognisesEverything,
    claviger_guests::manifest("recognises-everything").replace("\"label\": \"Test\",", PREFIXES)
);

impl Validation for RecognisesEverything {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default())
    }
}

const PREFIXES: &str = r#""label": "Test", "recognises": [
    "sk-", "sk-ant-", "sk-proj-", "sk-admin-", "sk-1234567890abcdef", "xoxb-", "xoxe.xoxb-1-", "ghp_", "AKIA", "sbp_"
],"#;
