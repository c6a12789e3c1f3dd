//! The scripted provider: an HTTP/1.1 server on the loopback, a port for each origin, that answers as the script says, or
//! as a provider in trouble does.
//!
//! It writes its answers by hand, so that it can also answer what no proper server would: garbage, a body that is cut off,
//! nothing at all.

use std::collections::BTreeMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use claviger_runtime::Origin;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::script::Script;

mod answer;
mod items;
mod needs;
mod request;
mod state;

pub(crate) use request::Recorded;
pub(crate) use state::{ELSEWHERE, Fault};

use answer::Reply;
use state::State;

/// The longest that a connection is kept that says nothing: a client that waits for an answer is silent for as long.
const SILENCE: Duration = Duration::from_mins(1);

/// A scripted provider that runs. It ends when this is dropped.
pub(crate) struct Upstream {
    shared: Arc<Shared>,
    /// Where the requests to each origin go.
    origins: BTreeMap<Origin, Origin>,
    /// Where credentials that name no address of their own are at home.
    own: Origin,
    /// Counts the requests that arrived, for those who wait for one.
    arrived: watch::Receiver<usize>,
    _listening: JoinSet<()>,
}

struct Shared {
    state: Mutex<State>,
    arrived: watch::Sender<usize>,
}

impl Upstream {
    /// Starts one that serves these origins.
    pub(crate) async fn start(
        script: Script,
        origins: impl IntoIterator<Item = Origin>,
    ) -> io::Result<Self> {
        let (sender, arrived) = watch::channel(0);
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(script)),
            arrived: sender,
        });
        let mut listening = JoinSet::new();
        let (own, listener) = listen().await?;
        listening.spawn(accept(listener, own.clone(), shared.clone()));
        let mut served = BTreeMap::new();
        for origin in origins {
            if served.contains_key(&origin) {
                continue;
            }
            let (local, listener) = listen().await?;
            listening.spawn(accept(listener, origin.clone(), shared.clone()));
            served.insert(origin, local);
        }
        Ok(Self {
            shared,
            origins: served,
            own,
            arrived,
            _listening: listening,
        })
    }

    /// Where the requests to each origin go.
    pub(crate) fn origins(&self) -> &BTreeMap<Origin, Origin> {
        &self.origins
    }

    /// Its own address.
    pub(crate) fn own(&self) -> &Origin {
        &self.own
    }

    /// Begins anew: no items, no requests, the first answer of each route, no fault.
    pub(crate) fn reset(&self) {
        self.shared.lock().reset();
        self.shared.arrived.send_replace(0);
    }

    /// From now on it answers so.
    pub(crate) fn fail_with(&self, fault: Option<Fault>) {
        self.shared.lock().fault = fault;
    }

    /// From now on this credential is one that works.
    pub(crate) fn take(&self, fields: BTreeMap<String, String>) {
        self.shared.lock().working.push(fields);
    }

    /// What arrived since it began anew.
    pub(crate) fn requests(&self) -> Vec<Recorded> {
        self.shared.lock().requests.clone()
    }

    /// The requests that the script has no answer to, since it began anew.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        self.shared.lock().unanswered.clone()
    }

    /// How many things are there that requests made and none removed.
    pub(crate) fn items(&self) -> usize {
        self.shared.lock().items.len()
    }

    /// Waits until a request arrived since it began anew.
    pub(crate) async fn asked(&self) {
        let mut arrived = self.arrived.clone();
        // It fails only where the server is gone, and it isn't before this is.
        let _gone = arrived.wait_for(|count| *count > 0).await;
    }
}

impl Shared {
    /// No lock is held where anything can panic; were it, the state would still be whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn listen() -> io::Result<(Origin, TcpListener)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let origin = format!("http://{}", listener.local_addr()?);
    Ok((origin.parse().map_err(io::Error::other)?, listener))
}

async fn accept(listener: TcpListener, origin: Origin, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let serving = serve(stream, origin.clone(), shared.clone());
        connections.spawn(timeout(SILENCE, serving));
        while connections.try_join_next().is_some() {}
    }
}

/// One request a connection: then no request can be lost to a connection that is just being closed.
async fn serve(mut stream: TcpStream, origin: Origin, shared: Arc<Shared>) {
    let Some(request) = request::read(&mut stream, origin).await else {
        return;
    };
    let reply = shared.lock().answer(request);
    shared.arrived.send_modify(|count| *count += 1);
    // A client that is gone doesn't want to know.
    let _gone = match reply {
        Reply::Bytes(bytes) => answer::write(&mut stream, &bytes).await,
        Reply::Silence => answer::wait_for_the_end(&mut stream).await,
    };
}
