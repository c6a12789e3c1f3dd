//! A workspace with somebody who may do everything in it.

use std::sync::Arc;

use crate::credentials::{Credential, CredentialRef, NewCredential, Revealed};
use crate::error::VaultError;
use crate::identity::Caller;
use crate::identity::tests::support::{House, secret};
use crate::permission::{InWorkspace, Permit, credential};
use crate::store::Database;
use crate::vault::Vault;

/// What no file, log or message may hold.
pub(crate) const CANARY: &str = "canary-5f1d8e07c2b94a36";

pub(crate) struct Desk {
    pub(crate) house: House,
    pub(crate) caller: Caller,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        let house = House::new().await;
        let caller = house.admin().await;
        Self { house, caller }
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.house.vault
    }

    pub(crate) fn database(&self) -> &Database {
        &self.house.vault.inner.database
    }

    pub(crate) async fn permit<P: InWorkspace>(&self) -> Permit<P> {
        self.vault()
            .permit(&self.caller, self.house.default_workspace)
            .await
            .unwrap()
    }

    pub(crate) async fn create(&self, new: NewCredential) -> Result<Arc<Credential>, VaultError> {
        self.vault()
            .create_credential(&self.permit::<credential::Create>().await, new)
            .await
    }

    pub(crate) async fn reveal(&self, name: &str) -> Result<Revealed, VaultError> {
        self.vault()
            .reveal(&self.permit::<credential::Reveal>().await, &named(name))
            .await
    }

    pub(crate) async fn read(&self, name: &str) -> Result<Arc<Credential>, VaultError> {
        self.vault()
            .credential(&self.permit::<credential::Read>().await, &named(name))
            .await
    }

    pub(crate) async fn close(self) {
        self.house.close().await;
    }
}

pub(crate) fn named(name: &str) -> CredentialRef {
    CredentialRef::Name(name.to_owned())
}

/// An opaque secret.
pub(crate) fn opaque(name: &str) -> NewCredential {
    NewCredential {
        name: name.to_owned(),
        kind: "database".to_owned(),
        provider: Some("ACME".to_owned()),
        value: Some(secret(CANARY)),
        ..NewCredential::default()
    }
}

/// What a revealed secret holds.
pub(crate) fn value(revealed: &Revealed) -> &str {
    revealed.fields[0].value.expose_str().unwrap()
}
