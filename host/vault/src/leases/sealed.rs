//! What is kept of what a provider issued: its holder may be given it again, and the provider may want it to end it.

use claviger_runtime::outcome::Issued;
use serde::{Deserialize, Serialize};

use crate::credentials::sealed::{EncodedField, sealed_in_place};
use crate::error::{InternalError, VaultError};
use crate::ids::{LeaseId, WorkspaceId};
use crate::seal::envelope::SealKey;

/// Where what was issued belongs: what its ciphertext is bound to.
#[derive(Clone, Copy)]
pub(super) struct LeasePlace<'p> {
    pub(super) workspace: WorkspaceId,
    pub(super) lease: LeaseId,
    pub(super) data_key: &'p str,
}

impl LeasePlace<'_> {
    fn associated(&self) -> Vec<u8> {
        let mut bytes = b"claviger lease\0".to_vec();
        bytes.extend_from_slice(&self.workspace.to_bytes());
        bytes.extend_from_slice(&self.lease.to_bytes());
        bytes.extend_from_slice(self.data_key.as_bytes());
        bytes
    }
}

/// Borrowed, so that nothing of it is copied to memory that isn't zeroed.
#[derive(Serialize, Deserialize)]
struct Encoded<'p> {
    #[serde(borrow)]
    fields: Vec<EncodedField<'p>>,
    scopes: Vec<String>,
    expires_at_ms: Option<u64>,
    handle: Option<String>,
    details: Vec<(String, String)>,
}

/// Seals what was issued for its place.
pub(super) fn seal(
    issued: &Issued,
    key: &SealKey,
    place: LeasePlace<'_>,
) -> Result<Vec<u8>, VaultError> {
    let encoded = Encoded {
        fields: issued.fields.iter().map(EncodedField::of).collect(),
        scopes: issued.scopes.clone(),
        expires_at_ms: issued.expires_at_ms,
        handle: issued.handle.clone(),
        details: issued.details.clone(),
    };
    sealed_in_place(&encoded, key, &place.associated())
}

/// Opens what was sealed for that place.
pub(super) fn open(
    sealed: &[u8],
    key: &SealKey,
    place: LeasePlace<'_>,
) -> Result<Issued, VaultError> {
    let plain = key
        .open(sealed, &place.associated())
        .map_err(InternalError::new)?;
    let encoded: Encoded<'_> = postcard::from_bytes(&plain).map_err(InternalError::new)?;
    let fields = encoded.fields.iter().map(EncodedField::read);
    Ok(Issued {
        fields: fields.collect::<Result<_, _>>()?,
        scopes: encoded.scopes,
        expires_at_ms: encoded.expires_at_ms,
        handle: encoded.handle,
        details: encoded.details,
    })
}

#[cfg(test)]
mod tests {
    use claviger_runtime::secret::Secret;
    use claviger_runtime::subject::{Field, FieldValue};

    use super::*;

    #[test]
    fn a_token_that_was_moved_does_not_open() {
        let key = SealKey::new(&[3; 32]);
        let here = LeasePlace {
            workspace: WorkspaceId::from([1; 8]),
            lease: LeaseId::from([2; 12]),
            data_key: "k1",
        };
        let issued = Issued {
            fields: vec![Field {
                name: "token".to_owned(),
                value: FieldValue::Secret(Secret::from("ghs_canary".to_owned())),
            }],
            scopes: vec!["repo:read".to_owned()],
            expires_at_ms: Some(7),
            handle: Some("h".to_owned()),
            details: Vec::new(),
        };
        let sealed = seal(&issued, &key, here).unwrap();
        let opened = open(&sealed, &key, here).unwrap();
        let FieldValue::Secret(token) = &opened.fields[0].value else {
            panic!("it was a secret")
        };
        assert_eq!(token.expose(), b"ghs_canary");
        assert_eq!(
            (opened.scopes, opened.expires_at_ms, opened.handle),
            (issued.scopes, Some(7), issued.handle)
        );
        let elsewhere = [
            LeasePlace {
                workspace: WorkspaceId::from([9; 8]),
                ..here
            },
            LeasePlace {
                lease: LeaseId::from([9; 12]),
                ..here
            },
            LeasePlace {
                data_key: "k2",
                ..here
            },
        ];
        assert!(
            elsewhere
                .into_iter()
                .all(|place| open(&sealed, &key, place).is_err())
        );
    }
}
