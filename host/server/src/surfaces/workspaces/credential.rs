//! How a credential looks here.

use claviger_vault::credentials::{Credential, CredentialRef, Revealed};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::names;
use crate::refusal::Refusal;
use crate::surfaces::time::Time;

/// A credential in full.
#[derive(Serialize)]
pub(super) struct CredentialView<'a> {
    id: String,
    workspace_id: String,
    owner_id: String,
    name: &'a str,
    credential_type: String,
    credential_provider: Option<String>,
    description: Option<&'a str>,
    is_active: bool,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
    tags: &'a [String],
    created_at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_data: Option<SecretFields<'a>>,
}

/// A credential in a list.
#[derive(Serialize)]
pub(super) struct ListedView<'a> {
    id: String,
    name: &'a str,
    credential_type: String,
    credential_provider: Option<String>,
    description: Option<&'a str>,
    is_active: bool,
    expires_at: Option<Time>,
    last_used_at: Option<Time>,
    tags: &'a [String],
}

impl<'a> CredentialView<'a> {
    /// Without its secret.
    pub(super) fn of(credential: &'a Credential) -> Self {
        Self {
            id: names::credential(credential.id),
            workspace_id: names::workspace(credential.workspace),
            owner_id: names::user(credential.owner),
            name: credential.name.as_str(),
            credential_type: names::kind(&credential.kind),
            credential_provider: credential.provider.as_deref().map(str::to_uppercase),
            description: credential.description.as_deref(),
            is_active: credential.active,
            expires_at: credential.expires_at.map(Time::from),
            last_used_at: credential.last_used_at().map(Time::from),
            tags: &credential.tags,
            created_at: credential.created_at.into(),
            credential_data: None,
        }
    }

    /// With its secret.
    pub(super) fn revealed(revealed: &'a Revealed) -> Self {
        Self {
            credential_data: Some(SecretFields(revealed)),
            ..Self::of(&revealed.credential)
        }
    }
}

impl<'a> ListedView<'a> {
    /// Without its secret.
    pub(super) fn of(credential: &'a Credential) -> Self {
        Self {
            id: names::credential(credential.id),
            name: credential.name.as_str(),
            credential_type: names::kind(&credential.kind),
            credential_provider: credential.provider.as_deref().map(str::to_uppercase),
            description: credential.description.as_deref(),
            is_active: credential.active,
            expires_at: credential.expires_at.map(Time::from),
            last_used_at: credential.last_used_at().map(Time::from),
            tags: &credential.tags,
        }
    }
}

/// The fields of a revealed credential, as they were stored: the only serialiser in the server that reads a secret.
struct SecretFields<'a>(&'a Revealed);

impl Serialize for SecretFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.fields.len()))?;
        for field in &self.0.fields {
            map.serialize_entry(&field.name, &field.value.expose_str())?;
        }
        map.end()
    }
}

/// The credential that a path names. An id of another form is as unknown as one that nobody has.
pub(super) fn reference(id: &str) -> Result<CredentialRef, Refusal> {
    let parsed = names::parse_credential(id).map(CredentialRef::Id);
    parsed.ok_or_else(|| Refusal::NotFound {
        what: "Credential",
        name: id.to_owned(),
    })
}
