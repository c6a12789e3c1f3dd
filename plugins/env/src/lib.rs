//! Environment variables of the machine that the server runs on. The provider is the machine itself, so this is the one
//! first-party plugin that is shown secrets, those of its own kind.
//!
//! An operator lends it a directory, variables, or both. A variable has its new value written into `claviger.env` of the
//! directory, which whoever uses it reads (`. claviger.env`, `EnvironmentFile=`). It is valid where the file has the
//! credential's value for it; where the file doesn't name it, where the server's own environment has. The server's
//! environment is that of its start, so it lags behind the file.

mod assignment;
mod file;
mod lock;
mod shell;

use std::env;

use claviger_sdk::disclosure::reveal;
use claviger_sdk::{Context, Credential, Failure, Report, Validation};

struct Env;

claviger_sdk::export!(Env, manifest: "../manifest.json", capabilities: [validation, assignment]);

impl Validation for Env {
    fn validate(_: Context, credential: Credential) -> Result<Report, Failure> {
        let variable = name(&credential)?;
        let found = match file::read()? {
            Some(file) => file.value(variable)?,
            None => None,
        };
        let (found, place) = match found {
            Some(found) => (found, "claviger.env"),
            None => match of_server(variable) {
                Some(found) => (found, "the server's environment"),
                None => return Err(unknown(variable)),
            },
        };
        // Only now is there something to compare it with.
        if is_same(&reveal(credential.secret("value")?)?, &found) {
            Ok(Report::default().with_detail("place", place))
        } else {
            Err(Failure::rejected(format!(
                "`{variable}` has another value in {place}"
            )))
        }
    }
}

fn name(credential: &Credential) -> Result<&str, Failure> {
    credential
        .field("variable")
        .ok_or_else(|| Failure::invalid_input("the credential has no `variable`"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a sandbox has an environment of its own: the variables that the plugin is lent"
)]
fn of_server(variable: &str) -> Option<String> {
    env::var(variable).ok()
}

fn unknown(variable: &str) -> Failure {
    Failure::not_found(format!(
        "nothing is lent to the plugin that has `{variable}`: under [plugins.env], name the variable in `environment`, or \
         lend a `directory` whose claviger.env has it"
    ))
}

/// Whether two texts are the same; how long that takes doesn't tell where they differ.
fn is_same(one: &str, other: &str) -> bool {
    let differing = |(one, other): (u8, u8)| one ^ other;
    one.len() == other.len()
        && one
            .bytes()
            .zip(other.bytes())
            .map(differing)
            .fold(0, |all, byte| all | byte)
            == 0
}
