//! Handing a secret out. Its entry is durable first, and it counts as a use.

use std::sync::Arc;

use claviger_runtime::secret::Secret;
use claviger_runtime::subject::FieldValue;

use super::input::CredentialRef;
use super::model::Credential;
use crate::audit::{Applied, NewEntry, Use, action};
use crate::error::VaultError;
use crate::permission::{Permit, credential};
use crate::vault::Vault;

/// How often a secret that changes under way is read again.
const ATTEMPTS: usize = 5;

/// A secret, handed out.
pub struct Revealed {
    /// The credential.
    pub credential: Arc<Credential>,
    /// Its fields, in the order of its kind.
    pub fields: Vec<RevealedField>,
}

/// A field of a secret.
pub struct RevealedField {
    /// Its name, such as `api_key`.
    pub name: String,
    /// Whether the kind says that it is secret; a text field may be shown anywhere.
    pub secret: bool,
    /// What it holds; always UTF-8.
    pub value: Secret,
}

impl Vault {
    /// A credential with its secret.
    pub async fn reveal(
        &self,
        permit: &Permit<credential::Reveal>,
        reference: &CredentialRef,
    ) -> Result<Revealed, VaultError> {
        let workspace = permit.workspace();
        let mut cached = self.look_up(workspace, reference).await?;
        for _ in 0..ATTEMPTS {
            // Before the entry: a secret that doesn't open was not handed out.
            let payload = self.unseal(&cached).await?;
            let credential = cached.credential;
            let entry = NewEntry::by(permit.actor(), action::CREDENTIAL_REVEAL)
                .within(workspace)
                .about(credential.id, credential.name.as_str())
                .detail("version", credential.version);
            let used = Use {
                credential: credential.id,
                generation: credential.generation,
            };
            match self.inner.audit.commit_use(entry, used).await?.applied {
                Applied::Done => {
                    credential.last_used.used(self.now().as_millisecond());
                    let fields = payload
                        .fields
                        .into_iter()
                        .map(RevealedField::from)
                        .collect();
                    return Ok(Revealed { credential, fields });
                }
                // What was read came from a cache, and the credential has changed since: by another host, or just now.
                Applied::Refused(_) => {
                    self.inner.credentials.forget(workspace, credential.id);
                    cached = self.read_through(workspace, reference).await?;
                }
            }
        }
        Err(changing())
    }
}

/// It changes faster than it can be read.
pub(crate) fn changing() -> VaultError {
    VaultError::Conflict {
        message: "Credential is being changed by others".to_owned(),
        retry_after_ms: Some(1000),
    }
}

impl From<claviger_runtime::subject::Field> for RevealedField {
    fn from(field: claviger_runtime::subject::Field) -> Self {
        let (secret, value) = match field.value {
            FieldValue::Text(text) => (false, Secret::from(text)),
            FieldValue::Secret(secret) => (true, secret),
        };
        Self {
            name: field.name,
            secret,
            value,
        }
    }
}
