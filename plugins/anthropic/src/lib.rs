//! Anthropic: checks API keys, by listing models, which spends nothing, and admin keys, by listing keys.
//!
//! Anthropic has no call that makes a key. A rotation brings the new one along, and then this plugin makes the old one
//! inactive, which a rollback takes back.

mod answer;
mod key;

use claviger_sdk::{
    Context, Credential, Failure, Recovery, Replacement, Report, Restoration, Rotation, Validation,
    http,
};
use key::{Key, Set};

const API: &str = "https://api.anthropic.com/v1";
const VERSION: &str = "2023-06-01";

struct Anthropic;

claviger_sdk::export!(
    Anthropic,
    manifest: "../manifest.json",
    capabilities: [validation, rotation, restoration, recovery]
);

impl Validation for Anthropic {
    fn validate(context: Context, credential: Credential) -> Result<Report, Failure> {
        let (list, field) = match credential.kind.as_str() {
            "api_key" => ("models", "api_key"),
            "anthropic_admin" => ("organizations/api_keys", "admin_key"),
            kind => {
                return Err(Failure::unsupported(format!(
                    "Anthropic has no credentials of kind `{kind}`"
                )));
            }
        };
        let answer = http::get(format!("{API}/{list}?limit=1"))
            .header("x-api-key", credential.secret(field)?)
            .header("anthropic-version", VERSION)
            .send()?;
        answer::read(&answer, &context)
    }
}

impl Rotation for Anthropic {
    fn create(_: Context, _: Credential) -> Result<Replacement, Failure> {
        Err(Failure::unsupported(
            "Anthropic has no way to make a key: make one in the console and bring it as the new value",
        ))
    }

    fn retire(context: Context, old: Credential) -> Result<(), Failure> {
        match key_of(&context, &old)?.set(&context, "inactive")? {
            Set::Done | Set::Gone => Ok(()),
            Set::Refused(status) if status != "active" => Ok(()),
            Set::Refused(status) => Err(Failure::conflict(format!(
                "Anthropic leaves the key {status}; make it inactive in the console"
            ))),
        }
    }
}

impl Restoration for Anthropic {
    fn restore(context: Context, old: Credential) -> Result<(), Failure> {
        match key_of(&context, &old)?.set(&context, "active")? {
            Set::Done => Ok(()),
            Set::Gone => Err(Failure::not_found("Anthropic no longer has the key")),
            Set::Refused(status) if status == "active" => Ok(()),
            Set::Refused(status) => Err(Failure::conflict(format!(
                "Anthropic says that the key is {status}, and doesn't make it active again"
            ))),
        }
    }
}

impl Recovery for Anthropic {
    /// No operation makes anything at Anthropic.
    fn abandon(_: Context, _: Credential) -> Result<(), Failure> {
        Ok(())
    }
}

/// The key of a version, whose status an admin key sets. No key sets an admin key's.
fn key_of<'k>(context: &'k Context, version: &Credential) -> Result<Key<'k>, Failure> {
    if version.kind == "api_key" {
        return Key::of(context, version);
    }
    Err(Failure::unsupported(
        "Anthropic has no call that ends or restores an admin key; do it in the console",
    ))
}
