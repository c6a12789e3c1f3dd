//! A plugin of the server's own, before a provider that remembers.

use std::sync::Arc;

use claviger_plugins::PLUGINS;
use claviger_runtime::{
    CallError, CallOutcome, Failure, Field, FieldValue, Plugin, PluginSettings, Provenance, Secret,
    Subject,
};
use serde_json::{Value, json};

use super::stage::{Names, runtime, settings};
use super::support::fakes::{Fake, Service};

/// Loads a plugin of the binary with these settings.
pub async fn embedded(name: &str, settings: &PluginSettings) -> Arc<Plugin> {
    let plugin = PLUGINS
        .iter()
        .find(|plugin| plugin.name == name)
        .expect("it is embedded");
    runtime(Names::default())
        .load(plugin.wasm, Provenance::Embedded, settings)
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The plugin of a fake, its provider there.
pub async fn before<S: Service>(fake: &Fake<S>, timeout: &str) -> Arc<Plugin> {
    let mut written = json!({"timeout": timeout});
    let place = fake.upstream.origin();
    match S::ORIGIN {
        Some(origin) => written["replace-origins"] = json!({origin: place}),
        None => written["allow-private"] = json!([place]),
    }
    embedded(S::PLUGIN, &settings(written)).await
}

/// A credential with secret fields and text fields, whose secrets may go to these origins.
pub fn credential(
    kind: &str,
    secrets: &[(&str, &str)],
    texts: &[(&str, &str)],
    origins: &[&str],
) -> Subject {
    let secret = |(name, value): &(&str, &str)| Field {
        name: (*name).to_owned(),
        value: FieldValue::Secret(Secret::from((*value).to_owned())),
    };
    let text = |(name, value): &(&str, &str)| Field {
        name: (*name).to_owned(),
        value: FieldValue::Text((*value).to_owned()),
    };
    Subject {
        id: "0123456789abcdef".to_owned(),
        name: "subject".to_owned(),
        kind: kind.to_owned(),
        version: 1,
        fields: secrets
            .iter()
            .map(secret)
            .chain(texts.iter().map(text))
            .collect(),
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

/// The failure of a call's own.
#[track_caller]
pub fn failure<T>(outcome: CallOutcome<T>) -> Failure {
    match outcome.result {
        Err(CallError::Failure(failure)) => failure,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it succeeded"),
    }
}

/// The answer of a call.
#[track_caller]
pub fn answered<T>(outcome: CallOutcome<T>) -> T {
    outcome.result.unwrap_or_else(|error| panic!("{error}"))
}

/// A secret of an answer.
#[track_caller]
pub fn secret<'f>(fields: &'f [Field], name: &str) -> &'f str {
    let field = fields.iter().find(|field| field.name == name);
    match field.map(|field| &field.value) {
        Some(FieldValue::Secret(secret)) => secret.expose_str().expect("text"),
        _ => panic!("no secret {name}"),
    }
}

/// Fails where one of these is in what was said.
#[track_caller]
pub fn assert_absent(said: &impl std::fmt::Debug, secrets: &[&str]) {
    let said = format!("{said:?}");
    for secret in secrets {
        super::support::trace::Canary::new(secret).assert_absent(said.as_bytes(), "what was said");
    }
}

/// Settings of a plugin that is lent a directory.
pub fn lent(directory: &std::path::Path) -> Value {
    json!({"directory": directory})
}
