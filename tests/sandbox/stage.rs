//! A runtime, a guest in it, and the upstream that it speaks to.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use claviger_runtime::egress::Resolve;
use claviger_runtime::subject::{CallContext, Field, FieldValue, Subject};
use claviger_runtime::{
    CacheOptions, CallOutcome, LoadError, Plugin, PluginSettings, Provenance, Report, Runtime,
    RuntimeOptions, Secret,
};
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::support::trace::Canary;
use super::support::upstream::{Recorded, Reply, Upstream};

/// The subject's secret: it needs another encoding at each position.
pub const SECRET: &str = "s3cr3t/Tr&e=val+ue\"with%41\\odd#chars?9f8e7d";

/// The origin that guests are granted.
pub const UPSTREAM: &str = "https://upstream.example";

/// Compiled guests, shared by all tests of this process: each is compiled once.
static COMPILED: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("a directory"));

/// A runtime with a guest, and an upstream behind `https://upstream.example`.
pub struct Stage {
    /// Where it runs.
    pub runtime: Runtime,
    /// The guest.
    pub plugin: Arc<Plugin>,
    /// What it speaks to.
    pub upstream: Upstream,
}

/// Names lead nowhere, except those that a test names.
#[derive(Default, Clone)]
pub struct Names(pub BTreeMap<&'static str, SocketAddr>);

impl Resolve for Names {
    fn resolve<'a>(&'a self, host: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        let found = self.0.get(host).copied();
        Box::pin(async move {
            found
                .map(|address| vec![address])
                .ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }
}

/// A runtime in which names lead where `names` says. After each call, the guest's memory is searched for its secrets: what
/// is found there fails the test.
pub fn runtime(names: Names) -> Runtime {
    started(names, true)
}

/// The same without the search, for thousands of calls.
pub fn unwatched(names: Names) -> Runtime {
    started(names, false)
}

fn started(names: Names, inspected: bool) -> Runtime {
    let cache = CacheOptions {
        directory: COMPILED.path().to_owned(),
        key: [7; 32],
    };
    Runtime::new(RuntimeOptions {
        cache: Some(cache),
        resolver: Arc::new(names),
        inspected,
        ..RuntimeOptions::default()
    })
    .expect("a runtime")
}

/// What an operator writes for a plugin.
pub fn settings(value: Value) -> PluginSettings {
    serde_json::from_value(value).expect("settings")
}

/// Loads a guest with these settings.
pub async fn load(
    runtime: &Runtime,
    guest: &'static [u8],
    written: Value,
) -> Result<Arc<Plugin>, LoadError> {
    runtime
        .load(guest, Provenance::Directory, &settings(written))
        .await
}

impl Stage {
    /// A guest whose upstream answers every request with 200.
    pub async fn of(guest: &'static [u8]) -> Self {
        Self::answering(guest, |_| Reply::json(200, &json!({"fine": true}))).await
    }

    /// A guest and how its upstream answers.
    pub async fn answering(
        guest: &'static [u8],
        answer: impl Fn(&Recorded) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::with(guest, json!({}), Names::default(), answer).await
    }

    /// A guest, further settings of it, where names lead, and how its upstream answers.
    pub async fn with(
        guest: &'static [u8],
        written: Value,
        names: Names,
        answer: impl Fn(&Recorded) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::on(runtime(names), guest, written, answer).await
    }

    /// A guest in a runtime, further settings of it, and how its upstream answers.
    pub async fn on(
        runtime: Runtime,
        guest: &'static [u8],
        mut written: Value,
        answer: impl Fn(&Recorded) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let upstream = Upstream::start(answer).await;
        if written["replace-origins"].is_null() {
            written["replace-origins"] = json!({});
        }
        written["replace-origins"][UPSTREAM] = upstream.origin().into();
        let plugin = load(&runtime, guest, written)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        Self {
            runtime,
            plugin,
            upstream,
        }
    }

    /// Validates a credential of kind `test` whose field `what` is this.
    pub async fn test(&self, what: Option<&str>) -> CallOutcome<Report> {
        self.plugin
            .validate(
                context(),
                subject(
                    "test",
                    &[("secret", SECRET)],
                    what.map(|what| ("what", what)),
                ),
            )
            .await
    }

    /// Runs a script of the guest `sender`.
    pub async fn script(&self, steps: Value) -> CallOutcome<Report> {
        self.plugin.validate(context(), scripted(&steps)).await
    }

    /// Runs one step of the guest `sender`, named `one`.
    pub async fn step(&self, mut step: Value) -> CallOutcome<Report> {
        step["name"] = "one".into();
        self.script(json!([step])).await
    }
}

/// A call's context.
pub fn context() -> CallContext {
    CallContext {
        idempotency_key: "one-operation".to_owned(),
        ..CallContext::default()
    }
}

/// The subject of a script.
pub fn scripted(steps: &Value) -> Subject {
    let secrets = [
        ("secret", SECRET),
        ("second", "second-secret-0123456789"),
        ("nowhere", "nowhere-secret-0123456789"),
        ("signing_key", "signing-key-0123456789"),
    ];
    let mut subject = subject("scripted", &secrets, Some(("script", &steps.to_string())));
    subject.fields.push(Field {
        name: "base_url".to_owned(),
        value: FieldValue::Text("https://tenant.example/base".to_owned()),
    });
    subject
}

/// A credential.
pub fn subject(kind: &str, secrets: &[(&str, &str)], text: Option<(&str, &str)>) -> Subject {
    let secret = |(name, value): &(&str, &str)| Field {
        name: (*name).to_owned(),
        value: FieldValue::Secret(Secret::from((*value).to_owned())),
    };
    let text = text.map(|(name, value)| Field {
        name: name.to_owned(),
        value: FieldValue::Text(value.to_owned()),
    });
    let origins = [
        UPSTREAM,
        "https://second.example",
        "https://tenant.example",
        "https://a.wild.example",
        "https://evil.example",
    ];
    Subject {
        id: "0123456789abcdef".to_owned(),
        name: "subject".to_owned(),
        kind: kind.to_owned(),
        version: 3,
        fields: secrets.iter().map(secret).chain(text).collect(),
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: origins
            .iter()
            .map(|origin| origin.parse().expect("an origin"))
            .collect(),
    }
}

/// Everything that the guest said, and that the host says of it, as one text.
pub fn said(outcome: &CallOutcome<Report>) -> String {
    format!("{:?}\n{:?}", outcome.result, outcome.evidence)
}

/// A detail of the report.
#[track_caller]
pub fn detail(outcome: &CallOutcome<Report>, key: &str) -> String {
    let report = outcome
        .result
        .as_ref()
        .unwrap_or_else(|error| panic!("{error}"));
    let found = report.details.iter().find(|(known, _)| known == key);
    found
        .unwrap_or_else(|| panic!("no detail {key} in {report:#?}"))
        .1
        .clone()
}

/// Whether the text has a stand-in in it: `clv` and 26 letters of base32.
pub fn has_stand_in(text: &str) -> bool {
    text.match_indices("clv").any(|(at, _)| {
        let word: Vec<u8> = text[at + 3..]
            .bytes()
            .take_while(|b| b.is_ascii_lowercase() || (b'2'..=b'7').contains(b))
            .collect();
        word.len() >= 26
    })
}

/// Fails if the secret is in what the guest or the host said, in any form.
#[track_caller]
pub fn assert_nothing_leaked(outcome: &CallOutcome<Report>) {
    Canary::new(SECRET).assert_absent(said(outcome).as_bytes(), "the outcome");
    // As the guest's texts have it, rather than as they are printed.
    if let Ok(report) = &outcome.result {
        let texts: Vec<&str> = report
            .details
            .iter()
            .flat_map(|(key, value)| [key.as_str(), value])
            .chain(report.scopes.iter().map(String::as_str))
            .chain(report.account.as_deref())
            .collect();
        Canary::new(SECRET).assert_absent(texts.join("\n").as_bytes(), "the report");
    }
    for line in &outcome.evidence.log {
        Canary::new(SECRET).assert_absent(line.message.as_bytes(), "the log");
    }
}
