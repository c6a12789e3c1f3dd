//! A server that a plugin is dropped into, and the provider that it asks.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::project::Project;
use super::support::client::User;
use super::support::server::{Server, Site};
use super::support::trace::{Canary, files};
use super::support::upstream::{Recorded, Reply, Upstream};
use super::support::wait::until;

/// How long a tool may take: a debug build compiles an interpreter for a minute on a busy machine.
const TOOL: Duration = Duration::from_mins(10);

/// From the end of the copy until a compiled plugin serves.
const AT_ONCE: Duration = Duration::from_secs(1);

const WORKS: &str = "acme-WORKS-4bQ9zLr7Tn2x";
const REVOKED: &str = "acme-REVOKED-8sVd3kWm6Yp1";
const STRANGE: &str = "acme-STRANGE-5hJc0gXf2Ru7";

/// The keys that plugins are asked about, each with a name and what has to come of it.
pub const KEYS: [(&str, &str, &str); 3] = [
    ("works", WORKS, "healthy"),
    ("revoked", REVOKED, "unhealthy"),
    ("strange", STRANGE, "unknown"),
];

/// A running server with the plugin in it.
pub struct Stage {
    server: Server,
    admin: User,
    provider: Upstream,
    plugin: String,
    kind: &'static str,
    secrets: Vec<String>,
}

impl Stage {
    /// Starts a server on an empty data directory, checks and tests the component with its configuration, copies it into
    /// the plugin directory and waits until it serves. The provider's answers are `answer`'s.
    pub async fn set(
        project: &Project,
        answer: impl Fn(&Recorded) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let provider = Upstream::start(answer).await;
        let replaced = toml::Table::from_iter([(project.origin.clone(), provider.origin().into())]);
        let site = Site::new().await;
        let site = site.plugin(&project.name, "replace-origins", replaced);
        let server = site.start().await;
        let admin = server.admin().await;
        let component = project.component();
        // The server made the master key, so both leave compiled code where the server looks for it.
        for verb in ["check", "test"] {
            tool(&server.site, verb, &component).await;
        }
        assert_eq!(
            provider.connections(),
            0,
            "the conformance suite has a provider of its own"
        );
        let stage = Self {
            server,
            admin,
            provider,
            plugin: project.name.clone(),
            kind: project.kind,
            secrets: Vec::new(),
        };
        stage.drop_in(&component).await;
        stage
    }

    async fn drop_in(&self, component: &Path) {
        let directory = self.server.site.data().join("plugins");
        std::fs::create_dir_all(&directory).expect("a directory");
        let file = component.file_name().expect("a file");
        std::fs::copy(component, directory.join(file)).expect("copied");
        let copied = Instant::now();
        until("the plugin serves", async || {
            self.serves().await.then_some(())
        })
        .await;
        let took = copied.elapsed();
        println!("{}: serves {took:.1?} after the copy's end", self.plugin);
        assert!(took < AT_ONCE, "{took:?}");
    }

    async fn serves(&self) -> bool {
        let answer = self.admin.get("/admin/plugins").await.expect(200).json();
        let plugins = answer["plugins"].as_array().expect("a list");
        plugins
            .iter()
            .any(|one| one["name"] == *self.plugin && one["state"] == "serving")
    }

    /// Stores a credential and has the plugin test it.
    pub async fn test(&mut self, name: &str, secret: &str) -> Value {
        self.secrets.push(secret.to_owned());
        self.admin
            .store(name, self.kind, &self.plugin, secret)
            .await;
        let began = Instant::now();
        let tested = self.admin.test(name).await;
        println!("{}: tested {name} in {:.1?}", self.plugin, began.elapsed());
        tested
    }

    /// The provider.
    pub fn provider(&self) -> &Upstream {
        &self.provider
    }

    /// What the server logged.
    pub fn log(&self) -> String {
        self.server.site.stderr()
    }

    /// Fails unless the server logged that.
    #[track_caller]
    pub fn assert_logged(&self, text: &str) {
        let log = self.log();
        assert!(log.contains(text), "`{text}` was not logged:\n{log}");
    }

    /// Ends the server, and looks for the secrets in everything that it said and left behind.
    pub async fn strike(self) {
        let record = self.server.http.record();
        let (site, status) = self.server.stop().await;
        assert!(status.success(), "{status}");
        for canary in self.secrets.iter().map(Canary::new) {
            for answer in &record {
                canary.assert_absent(&answer.all(), &answer.asked);
            }
            canary.assert_absent(site.stdout().as_bytes(), "stdout");
            canary.assert_absent(site.stderr().as_bytes(), "the log");
            for (path, contents) in files(&site.data()) {
                canary.assert_absent(&contents, &path.display().to_string());
            }
        }
    }
}

/// `claviger plugin <verb> <component>` with the server's configuration; it has to find nothing wrong.
pub async fn tool(site: &Site, verb: &str, component: &Path) {
    let began = Instant::now();
    let path = component.to_str().expect("UTF-8");
    let mut command = site.command(&["plugin", verb, path]);
    let output = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output();
    let output = timeout(TOOL, output)
        .await
        .expect("it ends")
        .expect("the binary");
    assert!(
        output.status.success(),
        "plugin {verb}: {}\n{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    println!("plugin {verb}: {:.1?}", began.elapsed());
}

/// What a provider of bearer tokens says to `GET /v1/me`: `good` to the key that works, 418 with an echo of it to the one that
/// is strange, 401 to any other.
pub fn me(good: Reply) -> impl Fn(&Recorded) -> Reply + Send + Sync + 'static {
    move |request| {
        let token = request
            .header("authorization")
            .and_then(|value| value.strip_prefix("Bearer "));
        match (request.method.as_str(), request.path(), token) {
            ("GET", "/v1/me", Some(WORKS)) => good.clone(),
            ("GET", "/v1/me", Some(STRANGE)) => {
                Reply::json(418, &json!({"error": format!("what is {STRANGE}?")}))
            }
            ("GET", "/v1/me", _) => Reply::json(401, &json!({"error": "invalid key"})),
            _ => Reply::json(404, &json!({"error": "no such page"})),
        }
    }
}

/// Has the plugin test a key that works, one that doesn't, and one whose answer it has no meaning for. The provider is shown
/// the secrets themselves.
pub async fn works_as_told(stage: &mut Stage) {
    for (name, secret, status) in KEYS {
        let tested = stage.test(name, secret).await;
        assert_eq!(tested["status"], status, "{tested}\n{}", stage.log());
        let shown = stage.provider().requests().pop();
        let shown = shown.expect("the provider was asked");
        assert_eq!(
            shown.header("authorization"),
            Some(format!("Bearer {secret}").as_str())
        );
    }
}

/// Has the plugin trap on the answer that it has no meaning for. What it says then of the key and of the answer holds
/// stand-ins.
pub async fn traps_with_stand_ins(stage: &mut Stage) {
    let tested = stage.test("strange-again", KEYS[2].1).await;
    let error = tested["error"].as_str().unwrap_or_default();
    assert!(
        error.contains("the guest holds clv") && error.contains("what is clv"),
        "{tested}"
    );
}
