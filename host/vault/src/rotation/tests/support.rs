//! A desk at which the guests `keys` and `assigner` serve, with the provider behind them.

use std::sync::Arc;
use std::time::Duration;

use claviger_runtime::Plugin;
use claviger_test_guests as guests;
use serde_json::json;

use super::provider::Provider;
use crate::credentials::tests::plugins::{dropped, runtime};
use crate::credentials::tests::support::{Desk, named};
use crate::credentials::{Credential, NewCredential, VersionState};
use crate::error::VaultError;
use crate::identity::tests::support::secret;
use crate::permission::credential;
use crate::rotation::{
    Generate, GivenSecret, RollbackRequest, RotateRequest, Rotated, RotationCause, RotationFilter,
};
use crate::store::credentials as rows;
use crate::vault::Vault;

/// The first secret of every credential here.
pub(super) const FIRST: &str = "first-secret-0123456789";

pub(super) struct Place {
    pub(super) desk: Desk,
    pub(super) provider: Provider,
    plugins: Vec<Arc<Plugin>>,
}

/// The guest `keys`, at whose provider a new key ends the one before.
fn replacing() -> Vec<u8> {
    let (old, new) = (br#""overlap": "both-work","#, br#""overlap": "replaces", "#);
    let mut wasm = guests::KEYS.to_vec();
    let at = wasm.windows(old.len()).position(|found| found == old);
    let at = at.expect("a manifest");
    wasm[at..at + new.len()].copy_from_slice(new);
    wasm
}

impl Place {
    pub(super) async fn new() -> Self {
        Self::with(guests::KEYS.to_vec()).await
    }

    pub(super) async fn that_replaces() -> Self {
        let place = Self::with(replacing()).await;
        place.provider.state().replaces = true;
        place
    }

    async fn with(keys: Vec<u8>) -> Self {
        let provider = Provider::start().await;
        let origin = provider.origin.clone();
        let settings = json!({"replace-origins": {"https://upstream.example": origin}});
        let runtime = runtime();
        let mut plugins = Vec::new();
        for wasm in [keys, guests::ASSIGNER.to_vec()] {
            plugins.push(dropped(&runtime, wasm, settings.clone()).await);
        }
        let desk = Desk::new().await;
        desk.serve(plugins.clone());
        Self {
            desk,
            provider,
            plugins,
        }
    }

    pub(super) fn vault(&self) -> &Vault {
        self.desk.vault()
    }

    /// A credential of the guest `keys`, whose key the provider has.
    pub(super) async fn key(&self, name: &str) -> Arc<Credential> {
        self.provider.add(name, FIRST);
        self.store(new_key(name)).await
    }

    pub(super) async fn password(&self, name: &str) -> Arc<Credential> {
        self.provider.add(name, FIRST);
        self.store(NewCredential {
            kind: "password".to_owned(),
            provider: Some("assigner".to_owned()),
            ..new_key(name)
        })
        .await
    }

    pub(super) async fn store(&self, new: NewCredential) -> Arc<Credential> {
        self.desk.create(new).await.unwrap()
    }

    pub(super) async fn rotate_with(
        &self,
        name: &str,
        request: RotateRequest,
    ) -> Result<Rotated, VaultError> {
        let permit = self.desk.permit::<credential::Rotate>().await;
        self.vault()
            .rotate_credential(&permit, &named(name), request)
            .await
    }

    pub(super) async fn rotate(&self, name: &str) -> Result<Rotated, VaultError> {
        self.rotate_with(name, RotateRequest::default()).await
    }

    pub(super) async fn roll_back(
        &self,
        name: &str,
        version: Option<u32>,
    ) -> Result<Rotated, VaultError> {
        let permit = self.desk.permit::<credential::Rollback>().await;
        let request = RollbackRequest {
            version,
            ..RollbackRequest::default()
        };
        self.vault()
            .rollback_credential(&permit, &named(name), request)
            .await
    }

    /// The current secret.
    pub(super) async fn secret(&self, name: &str) -> String {
        let revealed = self.desk.reveal(name).await.unwrap();
        let field = revealed.fields.iter().find(|field| field.secret).unwrap();
        field.value.expose_str().unwrap().to_owned()
    }

    /// The state of each version, from the first.
    pub(super) async fn states(&self, credential: &Credential) -> Vec<VersionState> {
        let (mut states, id) = (Vec::new(), credential.id.to_string());
        for version in 1.. {
            let row = rows::version(self.desk.database(), &id, version).await;
            let Some(row) = row.unwrap() else { break };
            let state = VersionState::parse(&row.state).unwrap();
            let is_empty = row.sealed.sealed.is_empty();
            assert_eq!(is_empty, state == VersionState::Discarded, "{version}");
            states.push(state);
        }
        states
    }

    /// Begins what is due and waits for it, until nothing is.
    pub(super) async fn work(&self) {
        work(self.vault()).await;
    }

    pub(super) fn later(&self, by: Duration) {
        self.desk.house.clock.advance(by);
    }

    /// What a host that is gone has claimed is free. On `SQLite` it is by itself; on `PostgreSQL` claims end by the
    /// database's own clock, which no test sets.
    pub(super) async fn end_claims(&self) {
        let mut transaction = self.desk.database().begin().await.unwrap();
        let of_rotations = "UPDATE rotations SET claimed_until = 0";
        let of_versions = "UPDATE credential_versions SET claimed_until = 0";
        for text in [of_rotations, of_versions] {
            execute!(transaction, text).unwrap();
        }
        transaction.commit().await.unwrap();
    }

    /// The same house after a crash of this one.
    pub(super) async fn crash(&mut self) {
        self.end_claims().await;
        let again = self.desk.house.another().await.vault;
        self.desk.house.vault = again;
        self.desk.serve(self.plugins.clone());
        self.desk.caller = self.desk.house.admin().await;
    }

    /// Phases and errors of the rotations there were, the first one first.
    pub(super) async fn journal(&self) -> Vec<(String, Option<String>)> {
        let admin = self.desk.house.admin().await;
        let permit = self.vault().server_permit(&admin).await.unwrap();
        let filter = RotationFilter::default();
        let listed = self.vault().rotations(&permit, &filter).await.unwrap();
        let told = listed.into_iter().rev();
        told.map(|rotation| (rotation.phase.as_str().to_owned(), rotation.error))
            .collect()
    }

    /// The actions of the log that are about rotations.
    pub(super) async fn log(&self) -> Vec<String> {
        let entries = self.desk.house.entries().await;
        assert!(
            entries
                .iter()
                .all(|entry| !entry.detail.contains("secret-0")),
            "a secret is in the log"
        );
        let about = |action: &String| {
            ["credential.rot", "credential.roll", "credential.version"]
                .iter()
                .any(|prefix| action.starts_with(prefix))
        };
        entries
            .into_iter()
            .map(|entry| entry.action)
            .filter(about)
            .collect()
    }
}

pub(super) async fn work(vault: &Vault) {
    for _ in 0..10_000 {
        let begun = vault.begin_due_jobs().await.unwrap();
        if begun.is_empty() {
            return;
        }
        for job in begun {
            job.await.unwrap();
        }
    }
    panic!("there is no end to what is due");
}

pub(super) fn new_key(name: &str) -> NewCredential {
    NewCredential {
        name: name.to_owned(),
        kind: "test".to_owned(),
        provider: Some("keys".to_owned()),
        value: Some(secret(FIRST)),
        provider_credential_id: Some(format!("id-{name}")),
        ..NewCredential::default()
    }
}

pub(super) fn given(value: &str) -> RotateRequest {
    RotateRequest {
        given: Some(GivenSecret {
            value: Some(secret(value)),
            ..GivenSecret::default()
        }),
        ..RotateRequest::default()
    }
}

pub(super) fn generated(length: u32) -> RotateRequest {
    RotateRequest {
        generate: Some(Generate {
            length: Some(length),
            alphabet: None,
        }),
        ..RotateRequest::default()
    }
}

pub(super) fn emergency() -> RotateRequest {
    RotateRequest {
        cause: RotationCause::Emergency,
        ..RotateRequest::default()
    }
}

/// The code and the text of a provider's refusal.
#[track_caller]
pub(super) fn refusal(rotated: Result<Rotated, VaultError>) -> (String, String) {
    match rotated {
        Err(VaultError::Provider { code, message, .. }) => (code, message),
        other => panic!("{other:?}"),
    }
}
