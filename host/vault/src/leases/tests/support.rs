//! A workspace with backends, and the provider behind them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use claviger_runtime::{Catalogue, Plugin, Provenance, Runtime, RuntimeOptions};
use claviger_test_guests as guests;
use serde_json::json;

use crate::backends::NewBackend;
use crate::credentials::{CredentialRef, NewCredential};
use crate::identity::Caller;
use crate::identity::tests::support::{House, secret};
use crate::ids::LeaseId;
use crate::leases::{IssuedLease, Lease, LeaseError, NewLease, RevokedLease};
use crate::permission::{InWorkspace, Permit, credential, workspace};
use crate::store::audit::AuditRow;
use crate::store::leases::{self as rows, LeaseRow};
use crate::vault::Vault;

#[expect(dead_code, unreachable_pub, reason = "black-box tests use all of it")]
#[path = "../../../../../tests/support/upstream.rs"]
pub(super) mod upstream;

use upstream::{Recorded, Reply, Upstream};

/// What every token begins with.
pub(super) const CANARY: &str = "issued-canary-7c1f";
/// The root credential's secret.
const ROOT: &str = "root-secret-0123456789";
pub(super) const HOUR: Duration = Duration::from_hours(1);

/// What goes wrong with the next requests of a method.
pub(super) struct Trouble {
    method: &'static str,
    /// Whether the provider does what it was asked for.
    done: bool,
    times: usize,
    reply: Reply,
}

/// What the provider remembers.
#[derive(Default)]
pub(super) struct Provider {
    /// Ids, names and secrets.
    pub(super) keys: Vec<(String, String, String)>,
    made: usize,
    trouble: Option<Trouble>,
}

impl Provider {
    fn answer(&mut self, request: &Recorded) -> Reply {
        if let Some(trouble) = &mut self.trouble
            && trouble.method == request.method
            && trouble.times > 0
        {
            trouble.times -= 1;
            let (done, reply) = (trouble.done, trouble.reply.clone());
            if done {
                self.work(request);
            }
            return reply;
        }
        self.work(request)
    }

    fn work(&mut self, request: &Recorded) -> Reply {
        match request.method.as_str() {
            "POST" => {
                self.made += 1;
                let (id, key) = (
                    format!("id-{}", self.made),
                    format!("{CANARY}-{}", self.made),
                );
                let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
                let name = body["name"].as_str().unwrap().to_owned();
                self.keys.push((id.clone(), name, key.clone()));
                Reply::json(201, &json!({"id": id, "key": key}))
            }
            "GET" => {
                let keys = self.keys.iter();
                let data: Vec<_> = keys
                    .map(|(id, name, _)| json!({"id": id, "name": name}))
                    .collect();
                Reply::json(200, &json!({ "data": data }))
            }
            "DELETE" => {
                let before = self.keys.len();
                self.keys
                    .retain(|(id, ..)| !request.path().ends_with(&format!("/{id}")));
                let status = if self.keys.len() < before { 204 } else { 404 };
                Reply::json(status, &json!({}))
            }
            _ => Reply::json(405, &json!({})),
        }
    }
}

/// A workspace with the backends `keys` and `issuer`, whose provider it is.
pub(super) struct Bank {
    pub(super) house: House,
    pub(super) caller: Caller,
    pub(super) upstream: Upstream,
    provider: Arc<Mutex<Provider>>,
    plugins: Vec<Arc<Plugin>>,
}

impl Bank {
    pub(super) async fn new() -> Self {
        Self::doing("nothing-else").await
    }

    /// With a guest `issuer` that does something else.
    pub(super) async fn doing(what: &str) -> Self {
        let provider = Arc::<Mutex<Provider>>::default();
        let answering = Arc::clone(&provider);
        let upstream =
            Upstream::start(move |request| answering.lock().unwrap().answer(request)).await;
        let house = House::new().await;
        let caller = house.admin().await;
        let clock: Arc<dyn claviger_runtime::Clock> = house.clock.clone();
        let runtime = Runtime::new(RuntimeOptions {
            max_calls: 8,
            clock,
            ..RuntimeOptions::default()
        });
        let runtime = runtime.unwrap();
        let settings = json!({
            "replace-origins": {"https://upstream.example": upstream.origin()}, "timeout": "2s"
        });
        let settings = serde_json::from_value(settings).unwrap();
        let mut plugins = Vec::new();
        for wasm in [guests::KEYS, guests::ISSUER] {
            let loaded = runtime.load(wasm, Provenance::Directory, &settings).await;
            plugins.push(loaded.unwrap());
        }
        let bank = Self {
            house,
            caller,
            upstream,
            provider,
            plugins,
        };
        bank.serve(bank.vault());
        for name in ["keys", "issuer"] {
            let root = NewCredential {
                name: format!("root of {name}"),
                kind: "test".to_owned(),
                provider: Some(name.to_owned()),
                value: Some(secret(ROOT)),
                fields: vec![("what".to_owned(), secret(what))],
                ..NewCredential::default()
            };
            let permit = bank.permit::<credential::Create>().await;
            bank.vault().create_credential(&permit, root).await.unwrap();
            bank.add_backend(name, &[]).await;
        }
        bank
    }

    /// Adds a backend of a plugin's own name.
    pub(super) async fn add_backend(&self, plugin: &str, scopes: &[&str]) {
        let suffix = if scopes.is_empty() { "" } else { "-limited" };
        let new = NewBackend {
            id: format!("{plugin}{suffix}"),
            provider: plugin.to_owned(),
            credential: format!("root of {plugin}"),
            allowed_scopes: (!scopes.is_empty())
                .then(|| scopes.iter().map(|scope| (*scope).to_owned()).collect()),
            ..NewBackend::default()
        };
        let permit = self.permit::<workspace::Manage>().await;
        self.vault().create_backend(&permit, new).await.unwrap();
    }

    pub(super) fn vault(&self) -> &Vault {
        &self.house.vault
    }

    /// Has the plugins serve on a host.
    pub(super) fn serve(&self, vault: &Vault) {
        let catalogue = Catalogue::new(self.plugins.clone());
        vault.inner.catalogue.store(Arc::new(catalogue));
    }

    pub(super) async fn permit<P: InWorkspace>(&self) -> Permit<P> {
        let workspace = self.house.default_workspace;
        self.vault().permit(&self.caller, workspace).await.unwrap()
    }

    pub(super) async fn ask(&self, new: NewLease) -> Result<IssuedLease, LeaseError> {
        let permit = self.permit::<credential::Issue>().await;
        self.vault().issue_lease(&permit, new).await
    }

    /// A lease for half an hour.
    pub(super) async fn issue(&self, backend: &str) -> Lease {
        let issued = self.ask(wanted(backend, "30m")).await;
        issued
            .unwrap_or_else(|error| panic!("{backend}: {error}"))
            .lease
    }

    pub(super) async fn lease(&self, id: LeaseId) -> Lease {
        let permit = self.permit::<credential::Read>().await;
        self.vault().lease(&permit, id).await.unwrap()
    }

    pub(super) async fn row(&self, id: LeaseId) -> LeaseRow {
        let found = rows::find(&self.vault().inner.database, None, &id.to_string()).await;
        found.unwrap().unwrap()
    }

    /// The only lease there is that may still work.
    pub(super) async fn only(&self) -> Lease {
        let mut all = self.live().await;
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    pub(super) async fn live(&self) -> Vec<Lease> {
        let permit = self.vault().server_permit(&self.caller).await.unwrap();
        let filter = crate::leases::LeaseFilter::default();
        self.vault().leases(&permit, &filter).await.unwrap()
    }

    pub(super) async fn revoke(&self, id: LeaseId) -> RevokedLease {
        let permit = self.permit::<credential::Revoke>().await;
        self.vault().revoke_lease(&permit, id).await.unwrap()
    }

    /// Does all that is due after a while.
    pub(super) async fn after(&self, wait: Duration) {
        self.house.clock.advance(wait);
        self.sweep(self.vault()).await;
    }

    /// Does on a host all that is due.
    pub(super) async fn sweep(&self, vault: &Vault) {
        for job in vault.begin_due_leases().await.unwrap() {
            job.await.unwrap();
        }
    }

    /// The next requests of a method go wrong.
    pub(super) fn fail(&self, method: &'static str, times: usize, done: bool, reply: Reply) {
        self.provider.lock().unwrap().trouble = Some(Trouble {
            method,
            done,
            times,
            reply,
        });
    }

    /// The names of the tokens that work at the provider.
    pub(super) fn working(&self) -> Vec<String> {
        let provider = self.provider.lock().unwrap();
        provider
            .keys
            .iter()
            .map(|(_, name, _)| name.clone())
            .collect()
    }

    /// What the provider was asked since this was last looked at.
    pub(super) fn asked(&self) -> Vec<String> {
        let requests = self.upstream.requests();
        self.upstream.forget();
        requests.into_iter().map(|request| request.method).collect()
    }

    /// What the log has of an action.
    pub(super) async fn logged(&self, action: &str) -> Vec<AuditRow> {
        let entries = self.house.entries().await;
        entries
            .into_iter()
            .filter(|entry| entry.action == action)
            .collect()
    }

    pub(super) async fn close(self) {
        assert!(self.vault().verify_audit(None).await.unwrap().holds());
        self.house.close().await;
    }
}

/// A lease that is wanted for so long.
pub(super) fn wanted(backend: &str, ttl: &str) -> NewLease {
    NewLease {
        backend: backend.to_owned(),
        ttl: Some(ttl.parse().unwrap()),
        ..NewLease::default()
    }
}

/// The root credential of a plugin.
pub(super) fn root_of(plugin: &str) -> CredentialRef {
    CredentialRef::Name(format!("root of {plugin}"))
}

/// An answer that is lost on its way.
pub(super) fn lost() -> Reply {
    Reply::Raw(Vec::new())
}

/// A provider in trouble.
pub(super) fn trouble() -> Reply {
    Reply::json(500, &json!({}))
}
