//! Plugins never hold a secret: after each call the host searches all of the guest's memory for the call's secrets.
//!
//! Every runtime of these tests does so ([`runtime`]), whatever else it is about; what is here are the controls, and every
//! capability of every plugin that the server brings, before a provider that gives back all it is sent.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use claviger_plugins::{EmbeddedPlugin, PLUGINS};
use claviger_runtime::{
    CallContext, Capability, Evidence, Field, FieldValue, IssueRequest, Issued, Origin, Place,
    Plugin, Provenance, Receipt, Secret, Subject,
};
use claviger_test_guests::{ALL_ROUNDER, ECHO, REVEALER, SENDER};
use serde_json::{Value, json};

use super::stage::{
    Names, SECRET, Stage, context, runtime, scripted, settings, subject, unwatched,
};
use super::support::upstream::{Recorded, Reply, Upstream};

#[tokio::test]
async fn what_a_guest_was_shown_is_found() {
    let settings = json!({"reveal": true});
    let stage = Stage::with(REVEALER, settings, Names::default(), echoing).await;
    let evidence = stage.test(None).await.evidence;
    assert_eq!(evidence.reveals, 1);
    assert!(evidence.secrets_left > Some(0), "{evidence:?}");
}

#[tokio::test]
async fn what_a_guest_has_and_was_not_shown_fails_the_test() {
    let stage = Stage::of(ECHO).await;
    // The host gives it away itself, as text.
    let told = subject("test", &[("secret", SECRET)], Some(("what", SECRET)));
    let call = tokio::spawn(async move { stage.plugin.validate(context(), told).await.evidence });
    let failed = call.await.expect_err("it was found");
    assert!(failed.is_panic());
}

#[tokio::test]
async fn encoded_ones_are_found_as_well() {
    let in_base64 = BASE64_STANDARD.encode(SECRET);
    let in_hex = SECRET
        .bytes()
        .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
    for encoded in [in_base64, in_hex] {
        let stage = Stage::of(ECHO).await;
        let told = subject("test", &[("secret", SECRET)], Some(("what", &encoded)));
        let call =
            tokio::spawn(async move { stage.plugin.validate(context(), told).await.evidence });
        assert!(call.await.is_err(), "{encoded}");
    }
}

#[tokio::test]
async fn who_is_not_searched_says_so() {
    let stage = Stage::on(unwatched(Names::default()), ECHO, json!({}), echoing).await;
    assert_eq!(stage.test(None).await.evidence.secrets_left, None);
}

#[tokio::test]
async fn an_echo_and_a_new_secret_leave_nothing() {
    let stage = Stage::answering(SENDER, echoing).await;
    let headers = json!([["authorization", "Bearer {secret}"]]);
    let steps = json!([{"name": "one", "method": "GET", "url": "https://upstream.example/header", "headers": headers}]);
    let outcome = stage.plugin.validate(context(), scripted(&steps)).await;
    assert!(outcome.evidence.subject_sent, "{:?}", outcome.evidence);
    assert_eq!(outcome.evidence.secrets_left, Some(0));

    let minted = |_: &Recorded| Reply::json(200, &json!({"token": "fresh-token-4f6a8b0c2d4e6f80"}));
    let stage = Stage::answering(ALL_ROUNDER, minted).await;
    let captures = json!([["token", "json-pointer", "/token"]]);
    let mint = json!({"name": "mint", "method": "POST", "url": "https://upstream.example/create", "captures": captures});
    let fields = json!([["secret", "{captured.token}"], ["second", "{second}"]]);
    let script = json!({"steps": [mint], "answer": {"fields": fields}});
    let current = subject(
        "scripted",
        &[("secret", SECRET), ("second", "second-secret-0123456789")],
        Some(("script", &script.to_string())),
    );
    let outcome = stage.plugin.create(context(), current).await;
    assert_eq!(outcome.evidence.secrets_left, Some(0));
    if let Err(error) = outcome.result {
        panic!("{error}");
    }
}

#[tokio::test]
async fn no_embedded_plugin_holds_a_secret_whatever_it_is_asked_to_do() {
    for embedded in PLUGINS {
        let scene = Scene::of(embedded).await;
        let plugin = &scene.plugin;
        let manifest = plugin.manifest();
        for capability in plugin.capabilities() {
            // What is put to use is another plugin's.
            let kinds: Vec<&String> = match capability {
                Capability::Application => manifest.subjects.iter().map(|it| &it.kind).collect(),
                _ => manifest.kinds.iter().map(|it| &it.name).collect(),
            };
            for kind in kinds {
                for evidence in scene.call(*capability, kind).await {
                    let what = format!("{} {capability} {kind}", embedded.name);
                    assert!(evidence.secrets_left.is_some(), "{what} wasn't looked at");
                    let kept = evidence.secrets_left == Some(0) || evidence.reveals > 0;
                    assert!(kept, "{what}");
                }
            }
        }
        assert!(
            scene.upstream.connections() > 0 || plugin.manifest().origins.is_empty(),
            "{} asked nobody",
            embedded.name
        );
    }
}

/// Everything that it was sent.
fn echoing(request: &Recorded) -> Reply {
    let headers: Vec<Value> = request
        .headers
        .iter()
        .map(|(name, value)| json!([name, value]))
        .collect();
    let body = String::from_utf8_lossy(&request.body);
    let echo =
        json!({"ok": true, "headers": headers, "target": request.target, "body": body, "data": []});
    Reply::json(200, &echo)
}

/// A plugin, and a provider that gives back all it is sent.
struct Scene {
    plugin: Arc<Plugin>,
    upstream: Upstream,
    /// Where secrets may go.
    origins: Vec<Origin>,
}

impl Scene {
    async fn of(embedded: &EmbeddedPlugin) -> Self {
        let upstream = Upstream::start(echoing).await;
        let runtime = runtime(Names::default());
        let asking = runtime
            .load(embedded.wasm, Provenance::Embedded, &settings(json!({})))
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", embedded.name));
        let origins = asking.manifest().origins.iter().map(ToString::to_string);
        let exact: Vec<String> = origins
            .filter(|origin| origin.parse::<Origin>().is_ok())
            .collect();
        let provider = upstream.origin();
        let origins = exact
            .iter()
            .chain([&provider])
            .map(|origin| origin.parse().expect("an origin"));
        let origins = origins.collect();
        let replaced: Value = exact
            .into_iter()
            .map(|origin| (origin, Value::from(upstream.origin())))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let written =
            settings(json!({"replace-origins": replaced, "allow-private": [upstream.origin()]}));
        let plugin = runtime
            .load(embedded.wasm, Provenance::Embedded, &written)
            .await;
        Self {
            plugin: plugin.unwrap_or_else(|error| panic!("{}: {error}", embedded.name)),
            upstream,
            origins,
        }
    }

    /// What the host saw of the calls of a capability.
    async fn call(&self, capability: Capability, kind: &str) -> Vec<Evidence> {
        let plugin = &self.plugin;
        let subject = || self.credential(kind);
        let place = || Place {
            container: "1".to_owned(),
            slot: "HTTP Request".to_owned(),
            parameters: Vec::new(),
        };
        match capability {
            Capability::Validation => {
                vec![plugin.validate(self.context(), subject()).await.evidence]
            }
            Capability::Rotation => {
                let created = plugin.create(self.context(), subject()).await;
                let retired = plugin.retire(self.context(), subject()).await;
                vec![created.evidence, retired.evidence]
            }
            Capability::Assignment => {
                let assigned = plugin.assign(self.context(), subject(), subject()).await;
                vec![assigned.evidence]
            }
            Capability::Restoration => {
                vec![plugin.restore(self.context(), subject()).await.evidence]
            }
            Capability::Recovery => {
                vec![plugin.abandon(self.context(), subject()).await.evidence]
            }
            Capability::Application => {
                let applied = plugin.apply(self.context(), subject(), place()).await;
                let receipt = Receipt {
                    external_id: Some("1".to_owned()),
                    details: Vec::new(),
                };
                let refreshed = plugin
                    .refresh(self.context(), subject(), receipt, vec![place()])
                    .await;
                vec![applied.evidence, refreshed.evidence]
            }
            Capability::Issuance => {
                let request = IssueRequest {
                    ttl: Duration::from_hours(1),
                    ..IssueRequest::default()
                };
                let issued = plugin.issue(self.context(), subject(), request).await;
                let lease = Issued {
                    fields: vec![secret_field("token", "lease-")],
                    scopes: Vec::new(),
                    expires_at_ms: None,
                    handle: Some("{}".to_owned()),
                    details: Vec::new(),
                };
                let revoked = plugin.revoke(self.context(), subject(), lease).await;
                vec![issued.evidence, revoked.evidence]
            }
            Capability::Inventory => {
                vec![plugin.enumerate(self.context(), None).await.evidence]
            }
        }
    }

    fn context(&self) -> CallContext {
        let kind = self.plugin.manifest().connection.as_ref();
        CallContext {
            connection: kind.map(|kind| self.credential(kind)),
            ..context()
        }
    }

    /// A credential of a kind, whose texts are the manifest's examples, or lead to the provider.
    fn credential(&self, kind: &str) -> Subject {
        let provider = self.upstream.origin();
        let manifest = self.plugin.manifest();
        let applied = manifest.subjects.iter().filter(|it| it.kind == kind);
        let applied = applied.flat_map(|it| &it.fields).map(|field| {
            if field.places.is_empty() {
                text_field(&field.name, "text".to_owned())
            } else {
                secret_field(&field.name, "applied-")
            }
        });
        let rules = manifest.kind(kind);
        let fields = rules.iter().flat_map(|kind| &kind.fields).map(|rule| {
            let example = rule.example.clone().unwrap_or_default();
            let is_url = example.starts_with("http") || rule.name.ends_with("url");
            match (rule.secret, is_url) {
                (true, _) => secret_field(&rule.name, &example),
                (false, true) => text_field(&rule.name, provider.clone()),
                (false, false) => text_field(&rule.name, example),
            }
        });
        Subject {
            fields: fields.chain(applied).collect(),
            external_id: Some("external-1".to_owned()),
            origins: self.origins.clone(),
            ..subject(kind, &[], None)
        }
    }
}

/// A secret that begins as the example does and that no plugin's own text has in it.
fn secret_field(name: &str, example: &str) -> Field {
    let end = example.rfind(['-', '_']).map_or(0, |at| at + 1);
    let secret = format!("{}{:032x}", &example[..end], rand::random::<u128>());
    Field {
        name: name.to_owned(),
        value: FieldValue::Secret(Secret::from(secret)),
    }
}

fn text_field(name: &str, text: String) -> Field {
    Field {
        name: name.to_owned(),
        value: FieldValue::Text(text),
    }
}
