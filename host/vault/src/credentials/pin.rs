//! Which versions of its plugin a credential keeps to.

use std::sync::Arc;

use claviger_runtime::catalogue::Catalogue;
use semver::VersionReq;

use super::input::CredentialRef;
use super::model::Credential;
use crate::audit::action;
use crate::error::{Problem, VaultError};
use crate::permission::{Permit, credential};
use crate::vault::Vault;

/// The longest range that is read, in bytes; `>=1.2.3, <2.0.0` has 15.
const LONGEST: usize = 100;

impl Vault {
    /// Has only those versions of its plugin work with a credential that are in a range, such as `^1.2` (semver, as Cargo
    /// writes it). None of them needs to be there yet.
    pub async fn pin_credential(
        &self,
        permit: &Permit<credential::Update>,
        reference: &CredentialRef,
        versions: &str,
    ) -> Result<Arc<Credential>, VaultError> {
        let pin = parse(versions)?;
        let credential = self
            .look_up(permit.workspace(), reference)
            .await?
            .credential;
        if credential.plugin.is_none() {
            return Err(VaultError::Conflict {
                message: "No plugin works with this credential, so there is nothing to pin"
                    .to_owned(),
                retry_after_ms: None,
            });
        }
        self.set_pin(permit, reference, Some(&pin)).await
    }

    /// Has whichever version of its plugin serves work with a credential.
    pub async fn unpin_credential(
        &self,
        permit: &Permit<credential::Update>,
        reference: &CredentialRef,
    ) -> Result<Arc<Credential>, VaultError> {
        self.set_pin(permit, reference, None).await
    }

    async fn set_pin(
        &self,
        permit: &Permit<credential::Update>,
        reference: &CredentialRef,
        pin: Option<&VersionReq>,
    ) -> Result<Arc<Credential>, VaultError> {
        let change = |credential: &mut Credential| {
            if credential.pin.as_ref() == pin {
                return Vec::new();
            }
            credential.pin = pin.cloned();
            vec!["pin"]
        };
        let changed = self.change(
            permit.workspace(),
            permit.actor(),
            reference,
            action::CREDENTIAL_UPDATE,
            change,
        );
        Ok(changed.await?.0)
    }
}

fn parse(text: &str) -> Result<VersionReq, VaultError> {
    let short = Some(text.trim()).filter(|text| !text.is_empty() && text.len() <= LONGEST);
    short.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let rule = "is no range of versions; write one such as `^1.2`, `~1.2.3` or `=1.2.3`";
        VaultError::Invalid(vec![Problem::new("version", rule)])
    })
}

/// Why no version of the plugin called `name` can work with a credential.
pub(super) fn none_fits(catalogue: &Catalogue, name: &str, credential: &Credential) -> String {
    let here: Vec<_> = catalogue
        .iter()
        .filter(|plugin| plugin.name() == name)
        .map(|plugin| plugin.version().to_string())
        .collect();
    match &credential.pin {
        Some(pin) if !here.is_empty() => format!(
            "the credential is pinned to `{pin}` of the plugin `{name}`, and no version that is here fits; here: {}",
            here.join(", ")
        ),
        _ => format!("the plugin `{name}` isn't here"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_cargo_writes_it() {
        for range in ["^1.2", " ~1.2.3", "=1.2.3", ">=1, <3", "1", "*"] {
            assert!(parse(range).is_ok(), "{range}");
        }
        let long = format!(">={}", "1".repeat(LONGEST));
        for garbage in ["", " ", "latest", "1.2.3.4", "^", "^1.x.y", "1 || 2", &long] {
            assert!(
                matches!(parse(garbage), Err(VaultError::Invalid(_))),
                "{garbage}"
            );
        }
    }
}
