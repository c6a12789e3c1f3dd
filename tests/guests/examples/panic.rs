//! Panics with a message, after it printed one: its author should see both.

use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Panic;

claviger_guests::guest!(Panic, claviger_guests::manifest("panic"));

impl Validation for Panic {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        eprintln!("about to go wrong");
        panic!(
            "no field `{}` in the answer",
            credential.field("what").unwrap_or("account")
        )
    }
}
