//! `kill -9` in the middle of rotations: the provider is stopped before and after each thing that it is asked for, the
//! server is killed while it waits, and started again. Whatever was under way, the credential works at the provider,
//! exactly one version is current, no secret at the provider is without a record, and the log tells what happened.
//!
//! To add a provider: a file in `interrupted/` with what is stored of it and which of its secrets work.

use serde_json::{Value, json};

use super::support::client::User;
use super::support::database::administrator;
use super::support::fakes::{Fake, Fault, Service};
use super::support::server::{Server, Site};
use super::support::wait;

mod anthropic;
mod api;
mod aws;
mod n8n;
mod openai;
mod slack;
mod supabase;

/// More requests than any rotation makes.
const MOST_REQUESTS: usize = 40;

/// A provider, and a credential of it that rotates.
trait Rotates: Service {
    /// As it is before anything was rotated.
    fn fresh() -> Self;

    /// What the rotation needs beside the credential, to be stored before it; the fake is at `origin`.
    fn connections(_origin: &str) -> Vec<Value> {
        Vec::new()
    }

    /// The credential, without its name.
    fn credential(origin: &str) -> Value;

    /// What its rotation is asked for with, beside the trigger.
    fn request(&mut self) -> Value {
        json!({})
    }

    /// The field that holds its secret.
    const FIELD: &'static str;

    /// The secrets of it that the provider takes now, those that it will take in a moment included.
    fn working(&self) -> Vec<String>;
}

/// A server, and a provider that is asked by it.
struct Scene<S> {
    fake: Fake<S>,
    server: Server,
    admin: User,
    rounds: usize,
}

impl<S: Rotates> Scene<S> {
    async fn new() -> Self {
        Self::with(Site::new().await).await
    }

    async fn with(site: Site) -> Self {
        let fake = Fake::start(S::fresh()).await;
        let server = site.fake(&fake).start().await;
        let admin = server.admin().await;
        for connection in S::connections(&fake.upstream.origin()) {
            admin
                .send("POST", "/credentials", connection)
                .await
                .expect(200);
        }
        Self {
            fake,
            server,
            admin,
            rounds: 0,
        }
    }

    /// A provider as new, and a credential of it.
    async fn credential(&mut self) -> Stored {
        self.rounds += 1;
        *self.fake.state() = S::fresh();
        let name = format!("key {}", self.rounds);
        store(
            &self.admin,
            &name,
            S::credential(&self.fake.upstream.origin()),
        )
        .await
    }

    /// Asks for a rotation, the older secret to be ended at once. None where the server doesn't live to answer.
    fn rotate(&self, stored: &Stored) -> tokio::task::JoinHandle<Option<u16>> {
        let mut body = S::request(&mut self.fake.state());
        body["trigger"] = json!("emergency");
        body["reason"] = json!("tests");
        let (admin, path) = (self.admin.clone(), stored.path("/rotate"));
        tokio::spawn(async move {
            let answer = admin.ask("POST", &path).json(&body).try_send().await;
            answer.map(|answer| answer.status)
        })
    }

    /// Kills the server and starts it again.
    async fn killed(self) -> Self {
        let server = self.server.kill().await;
        self.fake.heal();
        let server = server.start().await;
        let admin = server.admin().await;
        Self {
            server,
            admin,
            ..self
        }
    }

    /// Waits until nothing is left to do: no rotation is open, and the provider takes one secret.
    async fn settled(&self, what: &str) {
        wait::until(&format!("{what} comes to its end"), async || {
            let open = self
                .admin
                .get("/admin/rotations?open=true")
                .await
                .expect(200);
            let over = open.json()["rotations"] == json!([]);
            (over && self.fake.state().working().len() == 1).then_some(())
        })
        .await;
    }

    /// What holds after any rotation that came to its end.
    async fn holds(&self, stored: &Stored, what: &str) {
        let works = self.fake.state().working();
        let current = stored.secret(&self.admin, S::FIELD).await;
        assert_eq!(
            [current],
            works[..],
            "{what}: the credential's secret is the one that works"
        );
        let details = self.admin.get(&stored.path("")).await.expect(200).json();
        let history = details["version_history"].as_array().expect("a list");
        let current: Vec<_> = history
            .iter()
            .filter(|version| version["version"] == details["version"])
            .collect();
        assert_eq!(current.len(), 1, "{what}: {details}");
        assert_eq!(details["status"], "active", "{what}: {details}");
        self.tells_the_story(stored, what).await;
    }

    /// The log has the rotation's intent, and how it ended.
    async fn tells_the_story(&self, stored: &Stored, what: &str) {
        let log = self.admin.audit_log().await;
        let about = |action: &str| {
            log.iter().any(|entry| {
                entry["credential_name"] == stored.name.as_str() && entry["action"] == action
            })
        };
        assert!(about("credential.rotate.intent"), "{what}: {log:#?}");
        assert!(
            about("rotated") || about("credential.rotate") || about("credential.rotate.failed"),
            "{what}: {log:#?}"
        );
    }
}

/// A credential that was stored.
struct Stored {
    name: String,
    id: String,
}

async fn store(admin: &User, name: &str, mut body: Value) -> Stored {
    body["name"] = json!(name);
    let made = admin
        .send("POST", "/credentials", body)
        .await
        .expect(200)
        .json();
    let id = made["id"]
        .as_str()
        .expect("an id")
        .trim_start_matches("cred_");
    Stored {
        name: name.to_owned(),
        id: format!("CRD-{}", id.to_uppercase()),
    }
}

impl Stored {
    fn path(&self, rest: &str) -> String {
        format!("/credentials/{}{rest}", self.name.replace(' ', "%20"))
    }

    /// What is stored in a field now.
    async fn secret(&self, admin: &User, field: &str) -> String {
        let workspace = admin.workspace(&admin.default_workspace().await);
        let revealed = workspace.reveal(&self.id).await.expect(200).json();
        let value = revealed["data"]["credential_data"][field].as_str();
        value.unwrap_or_else(|| panic!("{revealed}")).to_owned()
    }
}

/// Kills the server at each request of a rotation in turn, before and after the provider did what it was asked for.
async fn at_every_request<S: Rotates>() {
    if administrator().is_some() {
        // Where several hosts share a database, a killed one's claims hold until they end, which takes minutes.
        return;
    }
    let mut scene = Scene::<S>::new().await;
    for fault in [Fault::FrozenBefore, Fault::FrozenAfter] {
        for passes in 0..MOST_REQUESTS {
            let what = format!("{} killed at {fault:?} after {passes} requests", S::PLUGIN);
            let stored = scene.credential().await;
            let hits = scene.fake.hits();
            scene.fake.fail_after(passes, fault, |_| true);
            let rotation = scene.rotate(&stored);
            let over = async {
                rotation.await.expect("no panic");
                scene.settled(&what).await;
            };
            let whole = tokio::select! {
                () = scene.fake.hit(hits + 1) => false,
                () = over => true,
            };
            if whole {
                assert!(passes > 0, "{what}: it asks for nothing");
                scene.holds(&stored, &what).await;
                scene.fake.heal();
                break;
            }
            scene = scene.killed().await;
            scene.settled(&what).await;
            scene.holds(&stored, &what).await;
        }
    }
}
