//! A call with one credential, and the rules that the tests share.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use tokio::time::Instant;

use super::upstream::Upstream;
use crate::clock::Clock;
use crate::egress::{
    EgressRules, FieldGrant, InboundResponse, OutboundRequest, PluginEgress, Resolve, Role,
    SendFailure, Session,
};
use crate::manifest::Place;
use crate::origin::Origin;
use crate::secret::Secret;
use crate::subject::{Field, FieldValue, Subject};

/// The provider, as a plugin names it.
pub(super) const API: &str = "https://api.example.com";

/// An origin that is granted too, and that the secret has no place at.
pub(super) const OTHER: &str = "https://other.example.com";

pub(super) const SECRET: &str = "sk-proj-0/9+a \"b\\c%é=&;x";

pub(super) fn origin(text: &str) -> Origin {
    text.parse().expect("an origin")
}

pub(super) fn place(origin: &str, methods: &str, path_prefix: &str, at: &str) -> Place {
    Place {
        origin: origin.parse().expect("an origin"),
        methods: methods.split(' ').map(str::to_owned).collect(),
        path_prefix: path_prefix.to_owned(),
        at: at.parse().expect("a position"),
    }
}

/// One place of each sort at the provider, GET and POST below `/v1`.
pub(super) fn places() -> Vec<Place> {
    let at = |position| place(API, "GET POST", "/v1", position);
    vec![
        at("header:authorization"),
        at("header:x-api-key"),
        at("query:key"),
        at("form:token"),
        at("json:/data/*/value"),
        at("basic:password"),
        place(API, "GET POST", "/v1/hooks", "path"),
    ]
}

/// A grant of the one secret field `api_key` of the kind `api_key`, the providers replaced by these.
pub(super) fn rules(api: &Upstream, other: &Upstream) -> EgressRules {
    EgressRules {
        origins: [API, OTHER]
            .map(|origin| origin.parse().expect("an origin"))
            .to_vec(),
        kinds: kind(
            "api_key",
            FieldGrant {
                places: places(),
                ..FieldGrant::default()
            },
        ),
        replace_origins: BTreeMap::from([
            (origin(API), api.origin.clone()),
            (origin(OTHER), other.origin.clone()),
        ]),
        ..EgressRules::default()
    }
}

/// A kind with a secret field of its own name.
pub(super) fn kind(
    name: &str,
    grant: FieldGrant,
) -> BTreeMap<String, BTreeMap<String, FieldGrant>> {
    BTreeMap::from([(name.to_owned(), BTreeMap::from([(name.to_owned(), grant)]))])
}

pub(super) fn signs(scheme: &str) -> BTreeSet<String> {
    BTreeSet::from([scheme.to_owned()])
}

/// A credential of a kind with one secret field of the kind's name, stored for both providers.
pub(super) fn credential(kind: &str, secret: impl Into<Vec<u8>>) -> Subject {
    Subject {
        id: "1".to_owned(),
        name: "key".to_owned(),
        kind: kind.to_owned(),
        version: 1,
        fields: vec![Field {
            name: kind.to_owned(),
            value: FieldValue::Secret(Secret::new(secret.into())),
        }],
        metadata: Vec::new(),
        external_id: None,
        handle: None,
        expires_at_ms: None,
        origins: vec![origin(API), origin(OTHER)],
    }
}

/// A resolver that knows no name.
pub(super) struct Nowhere;

impl Resolve for Nowhere {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async { Err(io::Error::new(io::ErrorKind::NotFound, "no such name")) })
    }
}

/// 2015-08-30T12:36:00Z, as in AWS's published signatures.
pub(super) struct Fixed;

impl Clock for Fixed {
    fn now_ms(&self) -> u64 {
        1_440_938_160_000
    }
}

/// A call.
pub(super) struct Call {
    pub(super) session: Session,
    /// What the guest holds in place of the secret.
    pub(super) stand_in: String,
}

impl Call {
    pub(super) fn with(rules: EgressRules, subject: &Subject) -> Self {
        Self::of(
            &Arc::new(PluginEgress::new(rules, Arc::new(Nowhere)).expect("a way out")),
            subject,
        )
    }

    pub(super) fn of(egress: &Arc<PluginEgress>, subject: &Subject) -> Self {
        let mut session = session_of(egress);
        let fields = session.admit(Role::Subject, subject);
        let stand_in = fields.last().expect("a field").1.clone();
        Self { session, stand_in }
    }

    /// A call at providers that say `{}`, with [`SECRET`].
    pub(super) async fn quiet() -> (Self, Upstream, Upstream) {
        let (api, other) = (Upstream::quiet().await, Upstream::quiet().await);
        (
            Self::with(rules(&api, &other), &credential("api_key", SECRET)),
            api,
            other,
        )
    }

    /// What the guest holds in place of another of the credential's secrets.
    pub(super) fn stand_in_of(&self, secret: &str) -> String {
        self.session.scrub(secret)
    }

    pub(super) async fn send(
        &mut self,
        request: OutboundRequest,
    ) -> Result<InboundResponse, SendFailure> {
        self.session
            .send(request, Instant::now() + Duration::from_secs(20))
            .await
    }
}

/// A call without any secret yet.
pub(super) fn session(rules: EgressRules) -> Session {
    session_of(&Arc::new(
        PluginEgress::new(rules, Arc::new(Nowhere)).expect("a way out"),
    ))
}

fn session_of(egress: &Arc<PluginEgress>) -> Session {
    Session::new(
        egress.clone(),
        StdRng::from_rng(&mut rand::rng()),
        Arc::new(Fixed),
    )
}

pub(super) fn get(url: impl Into<String>) -> OutboundRequest {
    OutboundRequest {
        method: "GET".to_owned(),
        url: url.into(),
        ..OutboundRequest::default()
    }
}

pub(super) fn post(
    url: impl Into<String>,
    content_type: &str,
    body: impl Into<Vec<u8>>,
) -> OutboundRequest {
    let request = OutboundRequest {
        method: "POST".to_owned(),
        body: Some(body.into()),
        ..get(url)
    };
    with_header(request, "content-type", content_type)
}

pub(super) fn with_header(
    mut request: OutboundRequest,
    name: &str,
    value: impl Into<String>,
) -> OutboundRequest {
    request.headers.push((name.to_owned(), value.into()));
    request
}
