//! Takes connections, and lets them finish when the server stops.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tracing::{debug, warn};

use crate::app::App;
use crate::control::ControlSocket;
use crate::front::{Door, Front};
use crate::surfaces;

/// How long requests under way may take to finish once the server stops.
const DRAIN: Duration = Duration::from_secs(20);
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait where the system has no more file descriptors to give: trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The most connections that are served at once. Those beyond wait to be accepted: a crowd takes no memory here.
const MOST_CONNECTIONS: usize = 4096;

/// Whether the server stops: with each request, for what would otherwise wait on its client.
#[derive(Clone)]
pub(crate) struct Stopping(watch::Receiver<()>);

impl Stopping {
    /// Done when the server stops.
    pub(crate) async fn stopped(mut self) {
        // An error is the sender gone, and the server with it.
        let _ = self.0.changed().await;
    }
}

/// Serves every surface on `listener` until `stop` is done; then no new connection is taken, and those that are open end with
/// the request that they are at. `control` serves the operator's commands, and nothing else.
pub(crate) async fn serve(
    listener: TcpListener,
    control: Option<ControlSocket>,
    app: App,
    stop: impl Future<Output = ()>,
) {
    let router = surfaces::router(app.clone());
    let control_router = surfaces::control_router(app.clone());
    // Each connection holds a receiver: sending tells them to end, and when all are dropped all have ended.
    let (stopping, stopped) = watch::channel(());
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let stopping = Stopping(stopped.clone());
        let front = |router: &Router, door| Front::new(router.clone(), app.clone(), door, stopping);
        let accepted = tokio::select! {
            accepted = accept(&listener, &places) => accepted.map(|(stream, address, place)| {
                if let Err(error) = stream.set_nodelay(true) {
                    debug!(%error, "answers on this connection may be delayed");
                }
                connect(stream, front(&router, Door::Network(address.ip())), stopped.clone(), place);
            }),
            accepted = ControlSocket::accept(control.as_ref()) => accepted.map(|(stream, place)| {
                connect(stream, front(&control_router, Door::Control), stopped.clone(), place);
            }),
            () = &mut stop => break,
        };
        match accepted {
            Ok(()) => {}
            Err(error) => {
                warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, control, stopped));
    stopping.send_replace(());
    if tokio::time::timeout(DRAIN, stopping.closed())
        .await
        .is_err()
    {
        warn!(
            "requests were still under way after {} seconds and are cut off",
            DRAIN.as_secs()
        );
    }
}

/// The next connection, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    Ok((stream, address, place))
}

fn connect(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    front: Front,
    mut stopped: watch::Receiver<()>,
    place: OwnedSemaphorePermit,
) {
    tokio::spawn(async move {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT);
        let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), front));
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            debug!(%error, "a connection ended early");
        }
        drop((stopped, place));
    });
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn a_connection_is_taken_only_where_there_is_a_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("an address");
        let places = Arc::new(Semaphore::new(0));
        let client = tokio::net::TcpSocket::new_v4().expect("a socket");
        let client = client.connect(address).await.expect("connected");
        let mut accepted = std::pin::pin!(accept(&listener, &places));
        assert!(matches!(poll!(&mut accepted), Poll::Pending));
        places.add_permits(1);
        let (_, peer, _) = accepted.await.expect("accepted");
        assert_eq!(peer, client.local_addr().expect("an address"));
    }
}
