//! What is sealed of a version: its fields, and all that decides where they may go.

use claviger_runtime::origin::Origin;
use claviger_runtime::secret::Secret;
use claviger_runtime::subject::{Field, FieldValue};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use zeroize::Zeroizing;

use crate::error::{InternalError, VaultError};
use crate::ids::{CredentialId, WorkspaceId};
use crate::seal::envelope::SealKey;

/// A version's ciphertext, and the data key that it names.
#[derive(Clone)]
pub(crate) struct SealedVersion {
    pub(crate) data_key: Arc<str>,
    pub(crate) sealed: Arc<[u8]>,
}

/// Where a version belongs: what its ciphertext is bound to.
#[derive(Clone, Copy)]
pub(crate) struct VersionPlace<'p> {
    pub(crate) workspace: WorkspaceId,
    pub(crate) credential: CredentialId,
    pub(crate) version: u32,
    pub(crate) data_key: &'p str,
}

/// A version's plaintext.
pub(crate) struct Payload {
    pub(crate) kind: String,
    pub(crate) plugin: Option<String>,
    pub(crate) connection: Option<String>,
    /// Where its secrets may go at all.
    pub(crate) origins: Vec<Origin>,
    pub(crate) fields: Vec<Field>,
    /// What its plugin gave to be kept with it, where the provider made it.
    pub(crate) handle: Option<String>,
    /// When its provider said that it ends, in milliseconds since the Unix epoch.
    pub(crate) expires_at_ms: Option<u64>,
}

/// The payload as it is encoded. Borrowed, so that nothing of it is copied to memory that isn't zeroed.
#[derive(Serialize, Deserialize)]
struct Encoded<'p> {
    kind: &'p str,
    plugin: Option<&'p str>,
    connection: Option<&'p str>,
    #[serde(borrow)]
    origins: Vec<std::borrow::Cow<'p, str>>,
    #[serde(borrow)]
    fields: Vec<EncodedField<'p>>,
}

/// What follows the payload. Versions that were sealed before there was any of it end where the payload does.
#[derive(Default, Serialize, Deserialize)]
struct EncodedRest<'p> {
    handle: Option<&'p str>,
    expires_at_ms: Option<u64>,
}

/// A field as it is encoded.
#[derive(Serialize, Deserialize)]
pub(crate) struct EncodedField<'p> {
    name: &'p str,
    secret: bool,
    value: &'p [u8],
}

impl VersionPlace<'_> {
    fn associated(&self) -> Vec<u8> {
        let mut bytes = b"claviger version\0".to_vec();
        bytes.extend_from_slice(&self.workspace.to_bytes());
        bytes.extend_from_slice(&self.credential.to_bytes());
        bytes.extend_from_slice(&self.version.to_be_bytes());
        bytes.extend_from_slice(self.data_key.as_bytes());
        bytes
    }
}

impl Payload {
    /// Seals it for its place.
    pub(crate) fn seal(
        &self,
        key: &SealKey,
        place: VersionPlace<'_>,
    ) -> Result<Vec<u8>, VaultError> {
        let encoded = Encoded {
            kind: &self.kind,
            plugin: self.plugin.as_deref(),
            connection: self.connection.as_deref(),
            origins: self
                .origins
                .iter()
                .map(|origin| origin.to_string().into())
                .collect(),
            fields: self.fields.iter().map(EncodedField::of).collect(),
        };
        let rest = EncodedRest {
            handle: self.handle.as_deref(),
            expires_at_ms: self.expires_at_ms,
        };
        sealed_in_place(&(encoded, rest), key, &place.associated())
    }

    /// Opens what was sealed for that place.
    pub(crate) fn open(
        sealed: &[u8],
        key: &SealKey,
        place: VersionPlace<'_>,
    ) -> Result<Self, VaultError> {
        let plain = key
            .open(sealed, &place.associated())
            .map_err(InternalError::new)?;
        let (encoded, left): (Encoded<'_>, _) =
            postcard::take_from_bytes(&plain).map_err(InternalError::new)?;
        let rest: EncodedRest<'_> = if left.is_empty() {
            EncodedRest::default()
        } else {
            postcard::from_bytes(left).map_err(InternalError::new)?
        };
        let origins = encoded
            .origins
            .iter()
            .map(|origin| origin.parse())
            .collect::<Result<_, _>>();
        Ok(Self {
            kind: encoded.kind.to_owned(),
            plugin: encoded.plugin.map(str::to_owned),
            connection: encoded.connection.map(str::to_owned),
            origins: origins.map_err(InternalError::new)?,
            fields: encoded
                .fields
                .iter()
                .map(EncodedField::read)
                .collect::<Result<_, _>>()?,
            handle: rest.handle.map(str::to_owned),
            expires_at_ms: rest.expires_at_ms,
        })
    }
}

/// Seals what is encoded for the place that `associated` names.
pub(crate) fn sealed_in_place(
    encoded: &impl Serialize,
    key: &SealKey,
    associated: &[u8],
) -> Result<Vec<u8>, VaultError> {
    // Sized beforehand: a buffer that grows leaves what it held behind.
    let size = postcard::experimental::serialized_size(encoded).map_err(InternalError::new)?;
    let mut buffer = Zeroizing::new(vec![0; size]);
    postcard::to_slice(encoded, &mut buffer).map_err(InternalError::new)?;
    key.seal(&buffer, associated)
        .map_err(|error| InternalError::new(error).into())
}

impl<'p> EncodedField<'p> {
    pub(crate) fn of(field: &'p Field) -> Self {
        let (secret, value) = match &field.value {
            FieldValue::Text(text) => (false, text.as_bytes()),
            FieldValue::Secret(secret) => (true, secret.expose()),
        };
        Self {
            name: &field.name,
            secret,
            value,
        }
    }

    pub(crate) fn read(&self) -> Result<Field, VaultError> {
        let value = if self.secret {
            FieldValue::Secret(Secret::new(self.value.to_vec()))
        } else {
            FieldValue::Text(
                std::str::from_utf8(self.value)
                    .map_err(InternalError::new)?
                    .to_owned(),
            )
        };
        Ok(Field {
            name: self.name.to_owned(),
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_was_moved_does_not_open() {
        let key = SealKey::new(&[3; 32]);
        let here = VersionPlace {
            workspace: WorkspaceId::from([1; 8]),
            credential: CredentialId::from([2; 8]),
            version: 1,
            data_key: "k1",
        };
        let payload = Payload {
            kind: "api_key".to_owned(),
            plugin: Some("openai".to_owned()),
            connection: None,
            origins: vec!["https://api.openai.com".parse().unwrap()],
            fields: vec![
                Field {
                    name: "api_key".to_owned(),
                    value: FieldValue::Secret(Secret::from("sk-canary".to_owned())),
                },
                Field {
                    name: "region".to_owned(),
                    value: FieldValue::Text("eu".to_owned()),
                },
            ],
            handle: Some("sa_1".to_owned()),
            expires_at_ms: None,
        };
        let sealed = payload.seal(&key, here).unwrap();
        let opened = Payload::open(&sealed, &key, here).unwrap();
        assert_eq!(
            (opened.kind.as_str(), opened.plugin.as_deref()),
            ("api_key", Some("openai"))
        );
        assert_eq!(opened.origins, payload.origins);
        assert_eq!(opened.handle, payload.handle);
        assert!(
            matches!(&opened.fields[0].value, FieldValue::Secret(secret) if secret.expose() == b"sk-canary")
        );
        assert!(matches!(&opened.fields[1].value, FieldValue::Text(text) if text == "eu"));

        let elsewhere = [
            VersionPlace {
                workspace: WorkspaceId::from([9; 8]),
                ..here
            },
            VersionPlace {
                credential: CredentialId::from([9; 8]),
                ..here
            },
            VersionPlace { version: 2, ..here },
            VersionPlace {
                data_key: "k2",
                ..here
            },
        ];
        assert!(
            elsewhere
                .into_iter()
                .all(|place| Payload::open(&sealed, &key, place).is_err())
        );
    }
}
