//! Takes connections, and lets them finish when the server stops.

use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tracing::{debug, warn};

use crate::app::App;
use crate::front::Front;
use crate::surfaces;

/// How long requests under way may take to finish once the server stops.
const DRAIN: Duration = Duration::from_secs(20);
/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long to wait where the system has no more file descriptors to give: trying at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves every surface on `listener` until `stop` is done; then no new connection is taken, and those that are open end with
/// the request that they are at.
pub(crate) async fn serve(listener: TcpListener, app: App, stop: impl Future<Output = ()>) {
    let router = surfaces::router(app.clone());
    // Each connection holds a receiver: sending tells them to end, and when all are dropped all have ended.
    let (stopping, stopped) = watch::channel(());
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, address)) => connect(
                stream,
                Front::new(router.clone(), app.clone(), address.ip()),
                stopped.clone(),
            ),
            Err(error) => {
                warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, stopped));
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

fn connect(stream: TcpStream, front: Front, mut stopped: watch::Receiver<()>) {
    if let Err(error) = stream.set_nodelay(true) {
        debug!(%error, "answers on this connection may be delayed");
    }
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
        drop(stopped);
    });
}
