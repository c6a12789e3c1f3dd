//! Providers on loopback: one that records what arrives and answers as told, one that speaks raw bytes.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::origin::Origin;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: Method,
    /// Path and query, as on the wire.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Which connection it came on, counted from 0.
    pub(super) connection: usize,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("a header of ASCII"))
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("a body of text")
    }

    /// All of it, as one text.
    pub(super) fn everything(&self) -> Vec<u8> {
        let mut all = format!("{} {}\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            all.extend_from_slice(name.as_str().as_bytes());
            all.extend_from_slice(b": ");
            all.extend_from_slice(value.as_bytes());
            all.push(b'\n');
        }
        all.extend_from_slice(&self.body);
        all
    }
}

pub(super) type Answer = Response<Full<Bytes>>;

pub(super) fn answer(status: u16, body: impl Into<Bytes>) -> Answer {
    Response::builder()
        .status(status)
        .body(Full::new(body.into()))
        .expect("an answer")
}

/// A provider.
#[derive(Clone)]
pub(super) struct Upstream {
    pub(super) origin: Origin,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Upstream {
    /// One that answers as told.
    pub(super) async fn start(handle: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let upstream = Self::at(&listener);
        let (seen, handle) = (upstream.seen.clone(), Arc::new(handle));
        tokio::spawn(async move {
            for connection in 0.. {
                let Ok((stream, _)) = listener.accept().await else {
                    return;
                };
                let (seen, handle) = (seen.clone(), handle.clone());
                tokio::spawn(serve(TokioIo::new(stream), seen, connection, move |seen| {
                    handle(seen)
                }));
            }
        });
        upstream
    }

    /// One that says `{}` to everything.
    pub(super) async fn quiet() -> Self {
        Self::start(|_| answer(200, "{}")).await
    }

    /// One that reads a request's head and then writes these bytes; it keeps the connection open where `open`.
    pub(super) async fn raw(bytes: impl Into<Vec<u8>>, open: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let upstream = Self::at(&listener);
        let bytes = Arc::new(bytes.into());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let bytes = bytes.clone();
                tokio::spawn(async move { blurt(stream, &bytes, open).await });
            }
        });
        upstream
    }

    fn at(listener: &TcpListener) -> Self {
        let address = listener.local_addr().expect("an address");
        Self {
            origin: format!("http://{address}").parse().expect("an origin"),
            seen: Arc::default(),
        }
    }

    /// Where arrivals are recorded, for a server of another sort.
    pub(super) fn record(&self) -> Arc<Mutex<Vec<Seen>>> {
        self.seen.clone()
    }

    /// What has arrived so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panics with it").clone()
    }

    /// What has arrived since the last time.
    pub(super) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().expect("no test panics with it"))
    }

    /// The one request that has arrived.
    pub(super) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

/// Serves one connection, whatever it runs over.
pub(super) async fn serve<S>(
    stream: S,
    seen: Arc<Mutex<Vec<Seen>>>,
    connection: usize,
    handle: impl Fn(&Seen) -> Answer + Clone,
) where
    S: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let service = service_fn(move |request: http::Request<Incoming>| {
        let (seen, handle) = (seen.clone(), handle.clone());
        async move {
            let (head, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map(http_body_util::Collected::to_bytes)
                .unwrap_or_default();
            let arrived = Seen {
                method: head.method,
                target: head.uri.to_string(),
                headers: head.headers,
                body,
                connection,
            };
            seen.lock()
                .expect("no test panics with it")
                .push(arrived.clone());
            Ok::<_, Infallible>(handle(&arrived))
        }
    });
    // A client that goes away in the middle is what some tests are about.
    let _ended = hyper::server::conn::http1::Builder::new()
        .serve_connection(stream, service)
        .await;
}

async fn blurt(mut stream: TcpStream, bytes: &[u8], open: bool) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    // The client may have had enough before all of it is written.
    let _written = stream.write_all(bytes).await;
    if open {
        // Until the client hangs up.
        let _rest = stream.read_to_end(&mut head).await;
    }
}
