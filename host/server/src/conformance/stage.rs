//! The plugin in its sandbox, the scripted provider before it, and everything that its calls show.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claviger_runtime::egress::PrivateGrant;
use claviger_runtime::{
    CallContext, CallOutcome, Field, FieldValue, LoadError, Manifest, Origin, OriginPattern,
    Plugin, PluginSettings, Prepared, Provenance, Replacement, Report, Rights, Secret, Subject,
};
use thiserror::Error;
use url::Url;

use super::generic;
use super::observed::{Observed, Use};
use super::script::{Credential, Script};
use super::told::Told;
use super::upstream::{Fault, Upstream};

/// How long a call may take whose provider answers: an interpreter starts in far less.
const PATIENT: &str = "5s";

/// How long a call may take whose provider hangs.
const HASTY: &str = "1s";

/// How many of a failed call's last log lines are told.
const LINES: usize = 3;

/// Why there is no stage.
#[derive(Debug, Error)]
pub(crate) enum StageError {
    /// The plugin was refused.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The scripted provider can't listen.
    #[error("the scripted provider can't listen on the loopback: {0}")]
    Listen(#[from] io::Error),
}

/// How a plugin is set up for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setting {
    /// The scripted provider is where the provider should be.
    Usual,
    /// The same, with a deadline that is soon there.
    Hasty,
    /// Nobody listens where the provider should be.
    Nobody,
}

/// A plugin, and what it needs to be called.
pub(crate) struct Stage {
    pub prepared: Prepared,
    pub script: Script,
    /// Whether the script was written for this plugin. If not, nothing is known of good answers.
    pub is_scripted: bool,
    pub upstream: Upstream,
    usual: Arc<Plugin>,
    hasty: Arc<Plugin>,
    nobody: Arc<Plugin>,
    /// Where credentials are at home.
    homes: Vec<Origin>,
    observed: Mutex<Observed>,
    operations: AtomicU64,
}

impl Stage {
    /// Sets a plugin up, with all the rights that it asks for.
    pub(crate) async fn set(
        prepared: Prepared,
        script: Option<Script>,
    ) -> Result<Self, StageError> {
        let manifest = prepared.manifest();
        let is_scripted = script.is_some();
        let mut script = script.unwrap_or_else(|| generic::script(manifest));
        let origins = origins(manifest, &script);
        let upstream = Upstream::start(script.clone(), origins).await?;
        fill(&mut script, manifest, upstream.own());

        let homes = upstream.origins().keys().chain([upstream.own()]).cloned();
        let homes: Vec<Origin> = homes.collect();
        let admit = |timeout: &str, replaced: BTreeMap<Origin, Origin>| {
            let settings = PluginSettings {
                settings: script.settings.clone(),
                replace_origins: replaced,
                allow_private: vec![PrivateGrant::Origin(upstream.own().clone())],
                // Both are durations as an operator writes them.
                timeout: timeout.parse().ok(),
                ..PluginSettings::default()
            };
            let rights = Rights::asked(manifest);
            (prepared.clone()).admit(Provenance::Directory, &settings, &rights)
        };
        let nobody = nobody().await?;
        let nowhere = homes.iter().map(|home| (home.clone(), nobody.clone()));
        let (usual, hasty) = (
            admit(PATIENT, upstream.origins().clone())?,
            admit(HASTY, upstream.origins().clone())?,
        );
        let nobody = admit(PATIENT, nowhere.collect())?;

        let mut observed = Observed::default();
        for credential in &script.credentials {
            let secrets = secrets(manifest, credential);
            secrets.for_each(|secret| observed.watch(secret.as_bytes()));
        }
        Ok(Self {
            prepared,
            script,
            is_scripted,
            upstream,
            usual,
            hasty,
            nobody,
            homes,
            observed: Mutex::new(observed),
            operations: AtomicU64::new(0),
        })
    }

    /// What the plugin says of itself.
    pub(crate) fn manifest(&self) -> &Manifest {
        self.prepared.manifest()
    }

    /// The plugin, set up so.
    pub(crate) fn plugin(&self, setting: Setting) -> &Arc<Plugin> {
        match setting {
            Setting::Usual => &self.usual,
            Setting::Hasty => &self.hasty,
            Setting::Nobody => &self.nobody,
        }
    }

    /// What the calls showed so far.
    pub(crate) fn observed(&self) -> MutexGuard<'_, Observed> {
        self.observed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the calls used so far, by function.
    pub(crate) fn used(&self) -> BTreeMap<&'static str, Use> {
        self.observed().used.clone()
    }

    /// Has the plugin validate a credential.
    pub(crate) async fn validate(
        &self,
        setting: Setting,
        credential: &Credential,
    ) -> CallOutcome<Report> {
        let (context, subject) = (self.context(&self.operation()), self.subject(credential));
        let outcome = self.plugin(setting).validate(context, subject).await;
        self.note("validate", setting, &outcome);
        outcome
    }

    /// The same, while the provider is in trouble.
    pub(crate) async fn validate_during(
        &self,
        fault: Fault,
        setting: Setting,
        credential: &Credential,
    ) -> CallOutcome<Report> {
        self.upstream.fail_with(Some(fault));
        let outcome = self.validate(setting, credential).await;
        self.upstream.fail_with(None);
        outcome
    }

    /// Keeps what a call of a plugin in its usual setting showed.
    pub(crate) fn noted<T: Told>(
        &self,
        function: &'static str,
        outcome: CallOutcome<T>,
    ) -> CallOutcome<T> {
        self.note(function, Setting::Usual, &outcome);
        outcome
    }

    /// From now on, the credential's secrets are looked for as well.
    pub(crate) fn watch(&self, credential: &Credential) {
        for secret in secrets(self.manifest(), credential) {
            self.observed().watch(secret.as_bytes());
        }
    }

    /// A credential with these fields of a call's answer in the place of its own.
    pub(crate) fn replaced(
        &self,
        credential: &Credential,
        replacement: &Replacement,
    ) -> Credential {
        let mut replaced = credential.clone();
        for field in &replacement.fields {
            let text = match &field.value {
                FieldValue::Text(text) => text.clone(),
                // Scripts are text, so what the scripted provider makes is text too.
                FieldValue::Secret(secret) => secret.expose_str().unwrap_or_default().to_owned(),
            };
            replaced.fields.insert(field.name.clone(), text);
        }
        replaced.external_id.clone_from(&replacement.external_id);
        replaced.handle.clone_from(&replacement.handle);
        // A provider that remembers knows by itself what it made.
        if !self.remembers() {
            self.upstream.take(replaced.fields.clone());
        }
        replaced
    }

    /// Whether the scripted provider knows what it made.
    pub(crate) fn remembers(&self) -> bool {
        self.script.routes.iter().any(|route| route.adds.is_some())
    }

    /// Keeps what a call showed.
    pub(crate) fn note<T: Told>(
        &self,
        function: &'static str,
        setting: Setting,
        outcome: &CallOutcome<T>,
    ) {
        self.observed()
            .note(function, outcome, setting == Setting::Usual);
    }

    /// A key for an operation that wasn't there before.
    pub(crate) fn operation(&self) -> String {
        let number = self.operations.fetch_add(1, Ordering::Relaxed);
        format!("claviger-test-operation-{number}")
    }

    /// What a call of an operation may rely on.
    pub(crate) fn context(&self, operation: &str) -> CallContext {
        let connection = self.manifest().connection.as_deref();
        let connection = connection.and_then(|kind| self.script.working(kind));
        CallContext {
            idempotency_key: operation.to_owned(),
            connection: connection.map(|credential| self.subject(credential)),
            ..CallContext::default()
        }
    }

    /// A credential as the host holds it.
    pub(crate) fn subject(&self, credential: &Credential) -> Subject {
        let field = |(name, value): (&String, &String)| Field {
            name: name.clone(),
            value: if is_secret(self.manifest(), credential, name) {
                FieldValue::Secret(Secret::from(value.clone()))
            } else {
                FieldValue::Text(value.clone())
            },
        };
        Subject {
            id: "claviger-test".to_owned(),
            name: "claviger test".to_owned(),
            kind: credential.kind.clone(),
            version: 1,
            fields: credential.fields.iter().map(field).collect(),
            metadata: Vec::new(),
            external_id: credential.external_id.clone(),
            handle: credential.handle.clone(),
            expires_at_ms: None,
            origins: self.homes.clone(),
        }
    }

    /// Why a call came to what it came to, for the author: what it answered, what it wasn't let do, what it asked that
    /// the script knows nothing of.
    pub(crate) fn story<T: Told>(&self, outcome: &CallOutcome<T>) -> String {
        let mut story = vec![match &outcome.result {
            Ok(_) => "it succeeded".to_owned(),
            Err(error) => format!("it answered `{error}`"),
        }];
        for denial in &outcome.evidence.denials {
            story.push(format!("{} was denied: {}", denial.target, denial.reason));
        }
        let log = &outcome.evidence.log;
        for line in &log[log.len().saturating_sub(LINES)..] {
            story.push(format!("it logged `{}`", line.message));
        }
        let unanswered: BTreeSet<String> = self.upstream.unanswered().into_iter().collect();
        for line in unanswered.iter().filter(|_| self.is_scripted) {
            story.push(format!("the script has no [[route]] for {line}"));
        }
        story.join("; ")
    }

    /// How long a call may take whose provider hangs.
    pub(crate) fn deadline(&self) -> Duration {
        self.hasty.limits().wall
    }
}

/// All origins that the plugin may go to: those of the manifest that are written out, those of the script's routes, and
/// those that its credentials name.
fn origins(manifest: &Manifest, script: &Script) -> Vec<Origin> {
    let exact = manifest.origins.iter().filter_map(|pattern| match pattern {
        OriginPattern::Exact(origin) => Some(origin.clone()),
        OriginPattern::SubDomains(_) | OriginPattern::Field(_) => None,
    });
    let routes = script
        .routes
        .iter()
        .filter_map(|route| route.origin.clone());
    let named = script.credentials.iter().flat_map(|credential| {
        templates(manifest)
            .filter_map(|name| Origin::of(&Url::parse(credential.fields.get(name)?).ok()?))
    });
    exact.chain(routes).chain(named).collect()
}

/// The fields that name an origin.
fn templates(manifest: &Manifest) -> impl Iterator<Item = &str> {
    manifest.origins.iter().filter_map(|pattern| match pattern {
        OriginPattern::Field(name) => Some(name.as_str()),
        OriginPattern::Exact(_) | OriginPattern::SubDomains(_) => None,
    })
}

/// Credentials that name no address are at home at the scripted provider's own.
fn fill(script: &mut Script, manifest: &Manifest, own: &Origin) {
    let is_own = |credential: &&mut Credential| credential.provider.is_none();
    for credential in script.credentials.iter_mut().filter(is_own) {
        let kind = manifest.kind(&credential.kind);
        for name in templates(manifest) {
            if kind.is_some_and(|kind| kind.field(name).is_some()) {
                let field = credential.fields.entry(name.to_owned());
                field.or_insert_with(|| own.to_string());
            }
        }
    }
}

/// The secret fields of a credential.
fn secrets<'c>(
    manifest: &'c Manifest,
    credential: &'c Credential,
) -> impl Iterator<Item = &'c str> {
    let secret = credential
        .fields
        .iter()
        .filter(|(name, _)| is_secret(manifest, credential, name));
    secret.map(|(_, value)| value.as_str())
}

/// Whether a field is secret. Of another plugin's credential those are that go somewhere.
fn is_secret(manifest: &Manifest, credential: &Credential, name: &str) -> bool {
    if credential.provider.is_some() {
        let subject = manifest.subject(&credential.kind);
        let mut fields = subject.into_iter().flat_map(|it| &it.fields);
        return fields.any(|field| field.name == name && !field.places.is_empty());
    }
    let kind = manifest.kind(&credential.kind);
    let field = kind.and_then(|kind| kind.field(name));
    field.is_some_and(|field| field.secret)
}

/// An address at which nobody listens: one that was free a moment ago.
async fn nobody() -> io::Result<Origin> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    origin.parse().map_err(io::Error::other)
}
