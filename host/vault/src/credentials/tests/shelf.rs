//! What the guest `shelf` works with: a server on the loopback that keeps copies of tokens and knows where each is used.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use claviger_runtime::{FieldValue, Provenance, Secret};
use claviger_test_guests as guests;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::plugins::runtime;
use super::support::{Desk, named};
use crate::credentials::{Credential, NewCredential};
use crate::error::VaultError;
use crate::identity::tests::support::secret;
use crate::permission::credential;
use crate::places::{Applied, Apply, Place};
use crate::vault::Vault;

pub(super) const ADDRESS: &str = "https://upstream.example";
pub(super) const TOKEN: &str = "token-of-ours-0123456789";

/// What is on the shelf.
#[derive(Default)]
pub(super) struct State {
    /// By id: the name and the secret.
    pub(super) copies: BTreeMap<String, (String, String)>,
    /// By `container/slot`: the copy's id.
    pub(super) places: BTreeMap<String, String>,
    /// The pages of the inventory.
    pub(super) pages: BTreeMap<String, String>,
    /// What requests that begin so are answered in place of being done; 0: nothing at all.
    pub(super) broken: Vec<(&'static str, u16)>,
    /// Like that, but done before.
    pub(super) garbled: Vec<(&'static str, u16)>,
    /// First lines of requests.
    pub(super) asked: Vec<String>,
}

#[derive(Clone, Default)]
pub(super) struct Shelf(Arc<Mutex<State>>);

impl Shelf {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Starts the server; where it listens.
    async fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let kept = self.clone();
        tokio::spawn(async move {
            // Ends with the test's runtime.
            while let Ok((mut stream, _)) = listener.accept().await {
                let kept = kept.clone();
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    while !request.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else {
                            return;
                        };
                        request.push(byte);
                    }
                    let request = String::from_utf8(request).unwrap();
                    let (status, body) = kept.state().answer(&request);
                    if status == 0 {
                        // Until the caller gives up.
                        let _ = stream.read_u8().await;
                        return;
                    }
                    let length = body.len();
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                    );
                    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
                });
            }
        });
        origin
    }
}

impl State {
    fn answer(&mut self, request: &str) -> (u16, String) {
        let line = request.lines().next().unwrap_or_default();
        let line = line.trim_end_matches(" HTTP/1.1").to_owned();
        self.asked.push(line.clone());
        let armed = |list: &[(&str, u16)]| {
            let found = list.iter().find(|(begin, _)| line.starts_with(begin));
            found.map(|(_, status)| *status)
        };
        if let Some(status) = armed(&self.broken) {
            return (status, String::new());
        }
        let garbled = armed(&self.garbled);
        let done = self.done(&line, request);
        garbled.map_or(done, |status| (status, String::new()))
    }

    fn done(&mut self, line: &str, request: &str) -> (u16, String) {
        let secret = request
            .lines()
            .find_map(|header| header.strip_prefix("x-secret: "))
            .unwrap_or_default()
            .to_owned();
        let (method, target) = line.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let value = query.split_once('=').map_or("", |(_, value)| value);
        match (method, path.split('/').collect::<Vec<_>>().as_slice()) {
            ("POST", ["", "copies"]) => {
                let known = self.copies.iter().find(|(_, (name, _))| name == value);
                let id =
                    known.map_or_else(|| format!("copy-{}", self.copies.len()), |it| it.0.clone());
                self.copies.insert(id.clone(), (value.to_owned(), secret));
                (200, id)
            }
            ("PUT", ["", "copies", id]) => match self.copies.get_mut(*id) {
                Some(copy) => {
                    copy.1 = secret;
                    (200, String::new())
                }
                None => (404, String::new()),
            },
            ("PUT", ["", "places", container, slot]) if *container != "nowhere" => {
                self.places
                    .insert(format!("{container}/{slot}"), value.to_owned());
                (200, String::new())
            }
            ("GET", ["", "places", container, slot])
                if self.places.contains_key(&format!("{container}/{slot}")) =>
            {
                (200, String::new())
            }
            ("GET", ["", "list"]) => match self.pages.get(value) {
                Some(page) => (200, page.clone()),
                None => (404, String::new()),
            },
            _ => (404, String::new()),
        }
    }
}

/// The guest under the name of the plugin that syncs.
fn called_n8n() -> Vec<u8> {
    let (old, new) = (r#""name": "shelf","#, r#""name": "n8n",  "#);
    assert_eq!(old.len(), new.len());
    let mut wasm = guests::SHELF.to_vec();
    let at = wasm
        .windows(old.len())
        .position(|found| found == old.as_bytes());
    let at = at.expect("a manifest");
    wasm[at..at + old.len()].copy_from_slice(new.as_bytes());
    wasm
}

/// A desk at which the shelf serves as `n8n`, with the connection `box` and the credential `token`.
pub(super) async fn desk() -> (Desk, Shelf) {
    let shelf = Shelf::default();
    let origin = shelf.start().await;
    let desk = Desk::new().await;
    serve(desk.vault(), &origin).await;
    desk.create(boxed("box")).await.unwrap();
    desk.create(token("token")).await.unwrap();
    shelf.state().pages.insert(
        "origin".to_owned(),
        // For another host of the same test.
        origin,
    );
    (desk, shelf)
}

/// Has the shelf's plugin serve at a vault.
pub(super) async fn serve(vault: &Vault, origin: &str) {
    let settings = json!({"replace-origins": {ADDRESS: origin}, "timeout": "1s"});
    let settings = serde_json::from_value(settings).unwrap();
    let runtime = runtime();
    let loaded = runtime.load(called_n8n(), Provenance::Directory, &settings);
    let catalogue = claviger_runtime::Catalogue::new(vec![loaded.await.unwrap()]);
    vault.inner.catalogue.store(Arc::new(catalogue));
}

pub(super) fn boxed(name: &str) -> NewCredential {
    NewCredential {
        name: name.to_owned(),
        kind: "box".to_owned(),
        provider: Some("n8n".to_owned()),
        fields: vec![
            ("base_url".to_owned(), secret(ADDRESS)),
            ("key".to_owned(), secret("key-of-the-box-0123456789")),
        ],
        ..NewCredential::default()
    }
}

pub(super) fn token(name: &str) -> NewCredential {
    NewCredential {
        name: name.to_owned(),
        kind: "token".to_owned(),
        provider: Some("n8n".to_owned()),
        value: Some(secret(TOKEN)),
        ..NewCredential::default()
    }
}

pub(super) fn at(container: &str, slot: &str) -> Apply {
    Apply {
        container: container.to_owned(),
        slot: slot.to_owned(),
        ..Apply::default()
    }
}

impl Desk {
    pub(super) async fn apply(&self, name: &str, apply: Apply) -> Result<Applied, VaultError> {
        let permit = self.permit::<credential::Apply>().await;
        let reference = named(name);
        let applying = self.vault().apply_credential(&permit, &reference, apply);
        applying.await
    }

    /// Where a credential is in use, by the details that are shown of it.
    pub(super) async fn places(&self, name: &str) -> Vec<Place> {
        let permit = self.permit::<credential::Read>().await;
        let reference = named(name);
        let details = self.vault().credential_details(&permit, &reference);
        details.await.unwrap().places
    }

    /// The same in a line each.
    pub(super) async fn told(&self, name: &str) -> Vec<String> {
        let told = |place: Place| {
            let state = if place.is_current { "current" } else { "stale" };
            let known = if place.applied_at.is_some() { "" } else { "?" };
            format!("{}/{} {state}{known}", place.container, place.slot)
        };
        self.places(name).await.into_iter().map(told).collect()
    }

    /// Does what is due, to its end.
    pub(super) async fn work(&self) -> usize {
        work(self.vault()).await
    }

    /// What a rotation does at its end: another version with another secret is the current one.
    pub(super) async fn replace(&self, name: &str, value: &str) -> Arc<Credential> {
        let workspace = self.house.default_workspace;
        let found = self
            .vault()
            .read_through(workspace, &named(name))
            .await
            .unwrap();
        let mut payload = self.vault().unseal(&found).await.unwrap();
        payload.fields[0].value = FieldValue::Secret(Secret::from(value.to_owned()));
        let old = found.credential;
        let version = old.version + 1;
        let sealed = self
            .vault()
            .seal_version(&old, version, &payload)
            .await
            .unwrap();
        let mut transaction = self.database().begin().await.unwrap();
        let id = old.id.to_string();
        let text = "INSERT INTO credential_versions (credential, version, state, reason, data_key, sealed, created_at) \
             VALUES ($1, $2, 'current', 'rotation', $3, $4, 0)";
        execute!(
            transaction,
            text,
            &id,
            i64::from(version),
            &sealed.data_key,
            &sealed.sealed
        )
        .unwrap();
        let text = "UPDATE credentials SET version = $2, generation = generation + 1 WHERE id = $1";
        execute!(transaction, text, &id, i64::from(version)).unwrap();
        transaction.commit().await.unwrap();
        self.vault().inner.credentials.forget(workspace, old.id);
        self.read(name).await.unwrap()
    }

    /// Whether it is rotating.
    pub(super) async fn set_rotating(&self, name: &str, rotating: i64) {
        let credential = self.read(name).await.unwrap();
        let mut transaction = self.database().begin().await.unwrap();
        let text =
            "UPDATE credentials SET rotating = $2, generation = generation + 1 WHERE id = $1";
        execute!(transaction, text, credential.id.to_string(), rotating).unwrap();
        transaction.commit().await.unwrap();
        let workspace = self.house.default_workspace;
        self.vault()
            .inner
            .credentials
            .forget(workspace, credential.id);
    }
}

pub(super) async fn work(vault: &Vault) -> usize {
    let begun = vault.begin_due_jobs().await.unwrap();
    let count = begun.len();
    for job in begun {
        job.await.unwrap();
    }
    count
}
