//! The plugins that act at a provider, against a provider that remembers: each of their calls, and each of their calls
//! while a request of it goes wrong.

use std::sync::Arc;

use claviger_plugins::PLUGINS;
use claviger_runtime::{
    CallContext, CallError, CallOutcome, Field, FieldValue, Plugin, Provenance, Secret, Subject,
};
use serde_json::json;

use super::stage::{Names, runtime, settings};
use super::support::fakes::{Fake, Service};
use super::support::trace::Canary;

mod aws;
mod github;

/// A plugin of the server's whose provider is a fake. Calls end after a second and a half.
async fn plugin<S: Service>(fake: &Fake<S>) -> Arc<Plugin> {
    let wasm = PLUGINS.iter().find(|plugin| plugin.name == S::PLUGIN);
    let wasm = wasm.expect("a plugin of the server's").wasm;
    let mut replaced = json!({});
    for origin in S::MORE_ORIGINS.iter().chain(S::ORIGIN.iter()) {
        replaced[*origin] = fake.upstream.origin().into();
    }
    let written = settings(json!({ "replace-origins": replaced, "timeout": "1500ms" }));
    let loaded = runtime(Names::default())
        .load(wasm, Provenance::Embedded, &written)
        .await;
    loaded.unwrap_or_else(|error| panic!("{error}"))
}

/// A credential that was stored for these origins; secret fields have an asterisk behind their name.
fn credential(kind: &str, fields: &[(&str, &str)], origins: &[&str]) -> Subject {
    let field = |(name, value): &(&str, &str)| match name.strip_suffix('*') {
        Some(name) => Field {
            name: name.to_owned(),
            value: FieldValue::Secret(Secret::from((*value).to_owned())),
        },
        None => Field {
            name: (*name).to_owned(),
            value: FieldValue::Text((*value).to_owned()),
        },
    };
    Subject {
        id: "0123456789abcdef".to_owned(),
        name: "subject".to_owned(),
        kind: kind.to_owned(),
        version: 1,
        fields: fields.iter().map(field).collect(),
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: origins
            .iter()
            .map(|it| it.parse().expect("an origin"))
            .collect(),
    }
}

fn operation(key: &str) -> CallContext {
    CallContext {
        idempotency_key: key.to_owned(),
        ..CallContext::default()
    }
}

#[track_caller]
fn answered<T>(outcome: CallOutcome<T>) -> T {
    assert!(
        outcome.evidence.denials.is_empty(),
        "{:?}",
        outcome.evidence
    );
    outcome.result.unwrap_or_else(|error| panic!("{error}"))
}

/// The code and the message of a call's failure.
#[track_caller]
fn failure<T>(outcome: CallOutcome<T>) -> (String, String) {
    match outcome.result {
        Err(CallError::Failure(failure)) => (failure.code, failure.message),
        // What has no end within the call's time is for the host to judge.
        Err(CallError::TimedOut { .. }) => ("timed-out".to_owned(), String::new()),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it succeeded"),
    }
}

fn secret(fields: &[Field], name: &str) -> String {
    let field = fields.iter().find(|field| field.name == name);
    match field.map(|field| &field.value) {
        Some(FieldValue::Secret(secret)) => secret.expose_str().expect("text").to_owned(),
        _ => panic!("no secret {name}"),
    }
}

fn text(fields: &[Field], name: &str) -> String {
    let field = fields.iter().find(|field| field.name == name);
    match field.map(|field| &field.value) {
        Some(FieldValue::Text(text)) => text.clone(),
        _ => panic!("no text {name}"),
    }
}

/// Fails if a secret is in what the plugin told.
#[track_caller]
fn assert_untold(secret: &str, told: &impl std::fmt::Debug) {
    Canary::new(secret).assert_absent(format!("{told:?}").as_bytes(), "what the plugin told");
}
