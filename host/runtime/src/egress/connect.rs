//! Connects to addresses that were looked at: a name is resolved once, what it may not reach is dropped, and the
//! connection goes to what is left, not to the name.
//!
//! Whether an address may be reached depends on the origin that is connected to and the plugin's grant, and on nothing
//! of the request. A pooled connection, found again by its origin in the plugin's own pool, was therefore made under the
//! very rules that a new one would be.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Uri;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use rustls::ClientConfig;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tower_service::Service;
use url::Url;

use super::addresses::{self, Reach};
use super::counted::Counted;
use super::failure::FailureCause;
use super::resolve::Resolve;
use super::rules::EgressRules;
use super::tls::Trust;
use crate::origin::{Origin, Scheme};

/// Why there is no connection. Nothing was sent.
#[derive(Debug, Error)]
pub(crate) enum ConnectError {
    /// The name resolves only to addresses that the plugin may not reach.
    #[error("{0}")]
    Denied(String),
    #[error("the name of {origin} doesn't resolve: {cause}")]
    Unresolved { origin: Origin, cause: io::Error },
    #[error("{origin} refuses connections: {cause}")]
    Refused { origin: Origin, cause: io::Error },
    #[error("{origin} didn't accept a connection in time")]
    TimedOut { origin: Origin },
    #[error("no trusted TLS connection to {origin}: {reason}")]
    Tls { origin: Origin, reason: String },
    #[error("`{0}` is nothing to connect to")]
    NotAnOrigin(Uri),
}

impl ConnectError {
    /// What the trouble is with.
    pub(crate) fn cause(&self) -> FailureCause {
        match self {
            Self::Denied(_) => FailureCause::Address,
            Self::Unresolved { .. } => FailureCause::Name,
            Self::Refused { .. } => FailureCause::Refused,
            Self::TimedOut { .. } => FailureCause::ConnectionTime,
            Self::Tls { .. } => FailureCause::Tls,
            Self::NotAnOrigin(_) => FailureCause::Request,
        }
    }
}

/// Makes a plugin's connections.
#[derive(Clone)]
pub(crate) struct Connector(Arc<Shared>);

struct Shared {
    rules: Arc<EgressRules>,
    resolver: Arc<dyn Resolve>,
    trust: Trust,
    lookups: Arc<Semaphore>,
    connections: Arc<Semaphore>,
}

/// How many names a plugin may look up at a time. A look-up holds a thread of the host until the system has an answer, and
/// nobody can end it before.
const LOOKUPS: usize = 4;

/// How many connections a plugin may have, those that wait for their next request included. With a wildcard among its
/// origins there is no end of names to connect to, and each connection is a file descriptor of the host.
const CONNECTIONS: usize = 64;

type Connecting<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl Connector {
    pub(crate) fn new(rules: Arc<EgressRules>, resolver: Arc<dyn Resolve>, trust: Trust) -> Self {
        Self(Arc::new(Shared {
            rules,
            resolver,
            trust,
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            connections: Arc::new(Semaphore::new(CONNECTIONS)),
        }))
    }
}

impl Service<Uri> for Connector {
    type Response = MaybeHttpsStream<Counted>;
    type Error = ConnectError;
    type Future = Connecting<Self::Response, ConnectError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let shared = self.0.clone();
        Box::pin(async move {
            let origin = origin_of(&uri)?;
            let until = Instant::now() + shared.rules.limits.connect;
            match origin.scheme() {
                Scheme::Http => Ok(MaybeHttpsStream::Http(
                    shared.connect(&origin, until).await?,
                )),
                Scheme::Https => shared.secured(uri, origin, until).await,
            }
        })
    }
}

/// Connects below TLS.
#[derive(Clone)]
struct Plain {
    shared: Arc<Shared>,
    until: Instant,
}

impl Service<Uri> for Plain {
    type Response = Counted;
    type Error = ConnectError;
    type Future = Connecting<Self::Response, ConnectError>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { shared, until } = self.clone();
        Box::pin(async move { shared.connect(&origin_of(&uri)?, until).await })
    }
}

impl Shared {
    async fn secured(
        self: Arc<Self>,
        uri: Uri,
        origin: Origin,
        until: Instant,
    ) -> Result<MaybeHttpsStream<Counted>, ConnectError> {
        let refused = |reason: String| ConnectError::Tls {
            origin: origin.clone(),
            reason,
        };
        let config: Arc<ClientConfig> = self
            .trust
            .config()
            .await
            .map_err(|error| refused(error.to_string()))?;
        let mut secured = HttpsConnector::from((
            Plain {
                shared: self,
                until,
            },
            config,
        ));
        let connected = timeout_at(until, secured.call(uri)).await;
        match connected.map_err(|_| ConnectError::TimedOut {
            origin: origin.clone(),
        })? {
            Ok(stream) => Ok(stream),
            Err(error) => Err(match error.downcast::<ConnectError>() {
                Ok(error) => *error,
                Err(error) => refused(error.to_string()),
            }),
        }
    }

    /// Tries one address after the other, each with its share of the time that is left.
    async fn connect(&self, origin: &Origin, until: Instant) -> Result<Counted, ConnectError> {
        let timed_out = || ConnectError::TimedOut {
            origin: origin.clone(),
        };
        let permit = timeout_at(until, self.connections.clone().acquire_owned()).await;
        // The semaphore is never closed, so there is one reason only.
        let permit = permit.ok().and_then(Result::ok).ok_or_else(timed_out)?;
        let addresses = timeout_at(until, self.addresses(origin))
            .await
            .map_err(|_| timed_out())??;
        let mut last = timed_out();
        for (tried, address) in addresses.iter().enumerate() {
            let left = until.saturating_duration_since(Instant::now());
            let shares = u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
            match timeout_at(Instant::now() + left / shares, open(*address)).await {
                Ok(Ok(stream)) => return Ok(Counted::new(stream, permit)),
                Ok(Err(cause)) => {
                    last = ConnectError::Refused {
                        origin: origin.clone(),
                        cause,
                    }
                }
                Err(_) => last = timed_out(),
            }
        }
        Err(last)
    }

    /// The addresses of an origin that this plugin may reach.
    async fn addresses(&self, origin: &Origin) -> Result<Vec<SocketAddr>, ConnectError> {
        let literal = origin.host().trim_matches(['[', ']']).parse::<IpAddr>();
        let found = if let Ok(address) = literal {
            vec![SocketAddr::new(address, origin.port())]
        } else {
            self.look_up(origin)
                .await
                .map_err(|cause| ConnectError::Unresolved {
                    origin: origin.clone(),
                    cause,
                })?
        };
        if found.is_empty() {
            let cause = io::Error::new(io::ErrorKind::NotFound, "it has no address");
            return Err(ConnectError::Unresolved {
                origin: origin.clone(),
                cause,
            });
        }
        let mut dropped = None;
        let kept: Vec<SocketAddr> = found
            .into_iter()
            // The port is the origin's, whatever a resolver says.
            .map(|address| SocketAddr::new(address.ip(), origin.port()))
            .filter(|address| {
                let refusal = self.refusal(origin, address.ip());
                let keep = refusal.is_none();
                dropped = dropped.take().or(refusal);
                keep
            })
            .collect();
        match dropped {
            Some(reason) if kept.is_empty() => Err(ConnectError::Denied(reason)),
            _ => Ok(kept),
        }
    }

    /// What a name resolves to. The look-up goes on where nobody waits for it any more, and counts until it ends.
    async fn look_up(&self, origin: &Origin) -> io::Result<Vec<SocketAddr>> {
        let permit = self.lookups.clone().acquire_owned().await;
        let permit = permit.map_err(io::Error::other)?;
        let (resolver, origin) = (self.resolver.clone(), origin.clone());
        let looking_up = tokio::spawn(async move {
            let found = resolver.resolve(origin.host(), origin.port()).await;
            drop(permit);
            found
        });
        looking_up.await.map_err(io::Error::other)?
    }

    /// Why an address may not be reached under an origin. The address itself isn't named: names of a private network are
    /// not for a plugin to look up.
    fn refusal(&self, origin: &Origin, address: IpAddr) -> Option<String> {
        let what = match addresses::reach(address) {
            Reach::Metadata => {
                return Some(format!(
                    "{origin} leads to a cloud's metadata service, which no plugin may reach"
                ));
            }
            Reach::Public
                if origin.scheme() == Scheme::Https || self.rules.grants_plain(origin) =>
            {
                return None;
            }
            Reach::Public => {
                return Some(format!(
                    "{origin} is not https; the operator can grant it with `allow-private = [\"{origin}\"]`"
                ));
            }
            Reach::Private(what) => what,
        };
        let granted = self.rules.has_written_out(origin)
            || self
                .rules
                .private
                .iter()
                .any(|grant| grant.has_address(address));
        (!granted).then(|| {
            format!(
                "{origin} leads to an address that is not public ({what}); the operator can grant it with \
                 `allow-private = [\"{origin}\"]`, or with a range of addresses there"
            )
        })
    }
}

fn origin_of(uri: &Uri) -> Result<Origin, ConnectError> {
    let origin = Url::parse(&uri.to_string())
        .ok()
        .and_then(|url| Origin::of(&url));
    origin.ok_or_else(|| ConnectError::NotAnOrigin(uri.clone()))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that opens connections, to addresses that were looked at"
)]
async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
