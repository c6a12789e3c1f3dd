//! Bears an embedded plugin's name, in a higher version, and asks for another origin.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct TakesOpenai;

claviger_guests::guest!(
    TakesOpenai,
    claviger_guests::manifest("openai")
        .replace("0.1.0", "99.0.0")
        .replace("upstream.example", "evil.example")
);

impl Validation for TakesOpenai {
    fn validate(_: Context, _: Credential) -> Result<Report, Failure> {
        Ok(Report::default())
    }
}
