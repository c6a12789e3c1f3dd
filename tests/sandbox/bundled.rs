//! Versions of a credential before a plugin of the server's own, and what each fault of its provider has to come to.

use std::sync::Arc;

use claviger_runtime::{
    CallContext, CallError, CallOutcome, FieldValue, Plugin, Replacement, Report, Subject,
};

use super::first_party::{before, credential};
use super::stage::has_stand_in;
use super::support::fakes::{Fake, Fault, Service};
use super::support::trace::Canary;

/// A plugin, its provider, and what it is connected with.
pub struct Bundled<S> {
    /// The provider.
    pub fake: Fake<S>,
    /// What opens the provider itself, where the plugin needs that.
    pub connection: Option<Stored>,
    plugin: Arc<Plugin>,
}

/// A version of a credential, as the vault keeps it.
#[derive(Clone)]
pub struct Stored {
    kind: &'static str,
    secrets: Vec<(String, String)>,
    texts: Vec<(String, String)>,
    /// The provider's id of it.
    pub external_id: Option<String>,
    /// What the plugin gave to keep with it.
    pub handle: Option<String>,
}

impl Stored {
    /// Of this kind, with these secrets and texts.
    pub fn new(kind: &'static str, secrets: &[(&str, &str)], texts: &[(&str, &str)]) -> Self {
        let owned = |fields: &[(&str, &str)]| {
            let fields = fields.iter();
            fields
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        Self {
            kind,
            secrets: owned(secrets),
            texts: owned(texts),
            external_id: None,
            handle: None,
        }
    }

    /// The same, with the id that the provider knows it by.
    #[must_use]
    pub fn known_as(mut self, id: &str) -> Self {
        self.external_id = Some(id.to_owned());
        self
    }

    /// A secret field.
    #[track_caller]
    pub fn secret(&self, name: &str) -> &str {
        value(&self.secrets, name)
    }

    /// A text field.
    #[track_caller]
    pub fn text(&self, name: &str) -> &str {
        value(&self.texts, name)
    }

    /// The next version.
    #[must_use]
    pub fn replaced(&self, replacement: &Replacement) -> Self {
        let mut next = self.clone();
        for field in &replacement.fields {
            let (fields, value) = match &field.value {
                FieldValue::Text(text) => (&mut next.texts, text.clone()),
                FieldValue::Secret(secret) => {
                    let secret = secret.expose_str().expect("text").to_owned();
                    (&mut next.secrets, secret)
                }
            };
            fields.retain(|(name, _)| *name != field.name);
            fields.push((field.name.clone(), value));
        }
        next.external_id.clone_from(&replacement.external_id);
        next.handle.clone_from(&replacement.handle);
        next
    }

    fn subject(&self, origin: &str) -> Subject {
        let secrets = pairs(&self.secrets);
        let texts = pairs(&self.texts);
        Subject {
            external_id: self.external_id.clone(),
            handle: self.handle.clone(),
            ..credential(self.kind, &secrets, &texts, &[origin])
        }
    }
}

fn pairs(fields: &[(String, String)]) -> Vec<(&str, &str)> {
    let fields = fields.iter();
    fields
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[track_caller]
fn value<'f>(fields: &'f [(String, String)], name: &str) -> &'f str {
    let found = fields.iter().find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("no field {name}")).1
}

impl<S: Service> Bundled<S> {
    /// The plugin of that provider.
    pub async fn of(service: S) -> Self {
        Self::with(service, "10s").await
    }

    /// The same, before such trouble: a provider that freezes is not waited for as long.
    pub async fn before(fault: Fault, service: S) -> Self {
        match fault {
            Fault::FrozenBefore | Fault::FrozenAfter => Self::with(service, "1s").await,
            _ => Self::of(service).await,
        }
    }

    async fn with(service: S, timeout: &str) -> Self {
        let fake = Fake::start(service).await;
        let plugin = before(&fake, timeout).await;
        Self {
            fake,
            connection: None,
            plugin,
        }
    }

    /// The same, with a connection.
    #[must_use]
    pub fn connected(mut self, connection: Stored) -> Self {
        self.connection = Some(connection);
        self
    }

    pub async fn validate(&self, credential: &Stored) -> CallOutcome<Report> {
        let subject = credential.subject(origin::<S>());
        self.plugin.validate(self.context(""), subject).await
    }

    pub async fn create(&self, operation: &str, current: &Stored) -> CallOutcome<Replacement> {
        let subject = current.subject(origin::<S>());
        self.plugin.create(self.context(operation), subject).await
    }

    pub async fn retire(&self, old: &Stored) -> CallOutcome<()> {
        let subject = old.subject(origin::<S>());
        self.plugin.retire(self.context("retire"), subject).await
    }

    pub async fn restore(&self, old: &Stored) -> CallOutcome<()> {
        let subject = old.subject(origin::<S>());
        self.plugin.restore(self.context("restore"), subject).await
    }

    pub async fn abandon(&self, operation: &str, subject: &Stored) -> CallOutcome<()> {
        let subject = subject.subject(origin::<S>());
        self.plugin.abandon(self.context(operation), subject).await
    }

    fn context(&self, operation: &str) -> CallContext {
        let connection = self.connection.as_ref();
        CallContext {
            idempotency_key: operation.to_owned(),
            connection: connection.map(|connection| connection.subject(origin::<S>())),
            options: Vec::new(),
        }
    }
}

fn origin<S: Service>() -> &'static str {
    S::ORIGIN.expect("it is always at the same place")
}

/// What a call came to: `ok`, the code of a failure, or `timed-out`.
pub fn code<T>(outcome: &CallOutcome<T>) -> &str {
    match &outcome.result {
        Ok(_) => "ok",
        Err(CallError::Failure(failure)) => &failure.code,
        Err(CallError::TimedOut { .. }) => "timed-out",
        Err(error) => panic!("{error}"),
    }
}

/// What a failure says to a person.
#[track_caller]
pub fn message<T>(outcome: &CallOutcome<T>) -> &str {
    match &outcome.result {
        Err(CallError::Failure(failure)) => &failure.message,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it succeeded"),
    }
}

/// A detail of a report.
#[track_caller]
pub fn detail<'r>(report: &'r Report, key: &str) -> &'r str {
    let found = report.details.iter().find(|(name, _)| name == key);
    &found.unwrap_or_else(|| panic!("no {key} in {report:?}")).1
}

/// What a plugin is to make of a fault: of a request that changes something nobody knows whether it did.
pub fn stated(fault: Fault, method: &str) -> &'static [&'static str] {
    let lost: &[&str] = match method {
        "GET" => &["unreachable"],
        _ => &["unknown-outcome"],
    };
    match fault {
        Fault::Closed | Fault::ServerError | Fault::Garbage | Fault::CutOff => lost,
        // The request ends with the call: the host or the plugin, whichever is first, says so.
        Fault::FrozenBefore | Fault::FrozenAfter if method == "GET" => {
            &["timed-out", "unreachable"]
        }
        Fault::FrozenBefore | Fault::FrozenAfter => &["timed-out", "unknown-outcome"],
        Fault::RateLimited => &["rate-limited"],
        // Whoever that was, it wasn't the provider.
        Fault::Unauthorized => &["unreachable"],
    }
}

/// Fails unless the host alone has the new secret, as a secret.
#[track_caller]
pub fn assert_kept(outcome: &CallOutcome<Replacement>, field: &str, secret: &str) {
    let Ok(replacement) = &outcome.result else {
        panic!("{:?}", outcome.result.as_ref().err());
    };
    let found = replacement.fields.iter().find(|it| it.name == field);
    match &found.unwrap_or_else(|| panic!("no field {field}")).value {
        FieldValue::Secret(kept) => assert_eq!(kept.expose_str(), Some(secret)),
        FieldValue::Text(_) => panic!("{field} is text"),
    }
    let texts = replacement.fields.iter().filter_map(|it| match &it.value {
        FieldValue::Text(text) => Some(text.as_str()),
        FieldValue::Secret(_) => None,
    });
    let texts = texts
        .chain(replacement.external_id.as_deref())
        .chain(replacement.handle.as_deref())
        .chain(replacement.details.iter().map(|(_, text)| text.as_str()))
        .chain(outcome.evidence.log.iter().map(|it| it.message.as_str()));
    let told: Vec<&str> = texts.collect();
    let told = told.join("\n");
    Canary::new(secret).assert_absent(told.as_bytes(), "what the plugin said");
    assert!(!has_stand_in(&told), "{told}");
    assert!(
        outcome.evidence.denials.is_empty(),
        "{:?}",
        outcome.evidence
    );
}
