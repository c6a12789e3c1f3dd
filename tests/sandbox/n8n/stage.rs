//! The plugin, an n8n, and credentials to put to use in it.

use std::sync::Arc;

use claviger_plugins::PLUGINS;
use claviger_runtime::{
    CallContext, CallError, CallOutcome, Failure, Field, FieldValue, Place, Plugin, Receipt,
    Runtime, Secret, Subject,
};
use serde_json::{Value, json};

use crate::stage::{Names, load, runtime};
use crate::support::fakes::n8n::{Flow, KEY, N8n, Stored, Version};
use crate::support::fakes::{Fake, Service};
use crate::support::upstream::{Recorded, Reply};

pub const NODE: &str = "HTTP Request";
pub const ANY_REQUEST: &str = "n8n-nodes-base.httpRequest";
pub const FIRST: &str = "first-secret-0123456789";
pub const SECOND: &str = "second-secret-9876543210";

type Meddling = dyn FnMut(&mut N8n, &Recorded) + Send;

/// An n8n in which somebody else is at work: after each answer.
pub struct Shared {
    pub n8n: N8n,
    pub meddling: Option<Box<Meddling>>,
}

impl Service for Shared {
    const PLUGIN: &'static str = N8n::PLUGIN;
    const ORIGIN: Option<&'static str> = N8n::ORIGIN;

    fn answer(&mut self, request: &Recorded) -> Reply {
        let reply = self.n8n.answer(request);
        if let Some(meddling) = &mut self.meddling {
            meddling(&mut self.n8n, request);
        }
        reply
    }
}

pub struct Stage {
    pub fake: Fake<Shared>,
    pub plugin: Arc<Plugin>,
    pub key: String,
    _runtime: Runtime,
}

impl Stage {
    pub async fn of(version: Version) -> Self {
        let n8n = N8n::new(version);
        let fake = Fake::start(Shared {
            n8n,
            meddling: None,
        })
        .await;
        let runtime = runtime(Names::default());
        let wasm = PLUGINS
            .iter()
            .find(|it| it.name == "n8n")
            .expect("it is embedded")
            .wasm;
        let settings = json!({ "allow-private": [fake.upstream.origin()], "timeout": "1s" });
        let plugin = load(&runtime, wasm, settings)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        Self {
            fake,
            plugin,
            key: KEY.to_owned(),
            _runtime: runtime,
        }
    }

    /// A workflow with a node that makes any request.
    pub fn flow(&self, active: bool) -> String {
        self.fake
            .state()
            .n8n
            .flow(NODE, ANY_REQUEST, &Value::Null, active)
    }

    pub fn flows(&self) -> Vec<Flow> {
        self.fake.state().n8n.workflows.clone()
    }

    pub fn credentials(&self) -> Vec<Stored> {
        self.fake.state().n8n.credentials.clone()
    }

    pub fn secret_in_use(&self, flow: &str) -> Option<String> {
        self.fake.state().n8n.secret_in_use(flow, NODE)
    }

    /// The requests with that method since the last look, and forgets all.
    pub fn sent(&self, method: &str) -> usize {
        let requests = self.fake.upstream.requests();
        self.fake.upstream.forget();
        requests.iter().filter(|it| it.method == method).count()
    }

    pub fn connection(&self) -> Subject {
        let origin = self.fake.upstream.origin();
        let fields = [
            ("base_url", format!("{origin}/")),
            ("api_key", self.key.clone()),
        ];
        let mut connection = subject(
            "n8n",
            1,
            &[("api_key", &fields[1].1)],
            &[("base_url", &fields[0].1)],
        );
        connection.origins = vec![origin.parse().expect("an origin")];
        connection
    }

    pub fn context(&self, key: &str, options: &[(&str, &str)]) -> CallContext {
        let options = options
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        CallContext {
            idempotency_key: key.to_owned(),
            connection: Some(self.connection()),
            options: options.collect(),
        }
    }

    pub async fn apply(
        &self,
        key: &str,
        subject: Subject,
        place: Place,
        options: &[(&str, &str)],
    ) -> CallOutcome<Receipt> {
        self.plugin
            .apply(self.context(key, options), subject, place)
            .await
    }

    pub async fn refresh(
        &self,
        key: &str,
        secret: &str,
        version: u32,
        id: &str,
        places: &[Place],
    ) -> CallOutcome<Receipt> {
        let receipt = Receipt {
            external_id: Some(id.to_owned()),
            details: Vec::new(),
        };
        let context = self.context(key, &[("provider", "openai"), ("external-id", id)]);
        self.plugin
            .refresh(context, openai(secret, version), receipt, places.to_vec())
            .await
    }

    /// Has the key put to use in the workflow: the id that n8n keeps it under.
    pub async fn applied(&self, flow: &str, options: &[(&str, &str)]) -> String {
        let options = [&[("provider", "openai")], options].concat();
        let outcome = self
            .apply(
                &format!("apply-{flow}"),
                openai(FIRST, 1),
                place(flow),
                &options,
            )
            .await;
        answered(outcome).external_id.expect("an id")
    }
}

pub fn openai(secret: &str, version: u32) -> Subject {
    subject("api_key", version, &[("api_key", secret)], &[])
}

pub fn subject(
    kind: &str,
    version: u32,
    secrets: &[(&str, &str)],
    texts: &[(&str, &str)],
) -> Subject {
    let field = |name: &str, value| Field {
        name: name.to_owned(),
        value,
    };
    let secrets = secrets
        .iter()
        .map(|(name, value)| field(name, FieldValue::Secret(Secret::from((*value).to_owned()))));
    let texts = texts
        .iter()
        .map(|(name, value)| field(name, FieldValue::Text((*value).to_owned())));
    Subject {
        id: "0123456789abcdef".to_owned(),
        name: "the key".to_owned(),
        kind: kind.to_owned(),
        version,
        fields: secrets.chain(texts).collect(),
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: vec!["https://api.openai.com".parse().expect("an origin")],
    }
}

pub fn place(flow: &str) -> Place {
    Place {
        container: flow.to_owned(),
        slot: NODE.to_owned(),
        parameters: Vec::new(),
    }
}

pub fn with(mut place: Place, parameters: &[(&str, &str)]) -> Place {
    place.parameters = parameters
        .iter()
        .map(|&(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    place
}

#[track_caller]
pub fn answered<T>(outcome: CallOutcome<T>) -> T {
    let denials = outcome.evidence.denials;
    outcome
        .result
        .unwrap_or_else(|error| panic!("{error} {denials:?}"))
}

#[track_caller]
pub fn failure<T>(outcome: CallOutcome<T>) -> Failure {
    match outcome.result {
        Err(CallError::Failure(failure)) => failure,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it succeeded"),
    }
}

/// The places that a receipt tells as stale.
pub fn stale(receipt: &Receipt) -> Vec<(usize, &str)> {
    let stale = receipt.details.iter().filter_map(|(key, reason)| {
        Some((
            key.strip_prefix("stale:")?.parse().expect("an index"),
            reason.as_str(),
        ))
    });
    stale.collect()
}
