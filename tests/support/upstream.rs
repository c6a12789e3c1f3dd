//! An HTTP/1.1 server on the loopback that records each request to the byte and answers as it is told.
//!
//! It writes its answers by hand, so that it can also answer what no proper server would: garbage, a body that is cut
//! off, a head that never ends.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running upstream. It ends when this is dropped.
pub struct Upstream {
    port: u16,
    requests: Arc<Mutex<Vec<Recorded>>>,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

/// A request as it arrived.
#[derive(Clone)]
pub struct Recorded {
    /// Everything, to the byte (a chunked body with its framing).
    pub raw: Vec<u8>,
    /// `GET`
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// Names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// The body, without framing.
    pub body: Vec<u8>,
}

/// What an upstream answers.
#[derive(Debug, Clone)]
pub enum Reply {
    /// A proper answer; `content-length` and `date` are added.
    Http {
        /// The status code.
        status: u16,
        /// Headers, written as they are.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
        /// How long the server thinks first.
        delay: Duration,
    },
    /// These bytes, and then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing: the connection stays open and silent until the client gives up.
    Hang,
    /// A head at once and then one byte of body every so often, without an end.
    Drip(Duration),
}

impl Reply {
    /// An answer with a JSON body.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::body(status, "application/json", body.to_string())
    }

    /// An answer with a body of that type.
    pub fn body(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Http {
            status,
            headers: vec![("Content-Type".to_owned(), content_type.to_owned())],
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    /// The same with one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Self::Http { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    /// The same after a while.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        if let Self::Http { delay, .. } = &mut self {
            *delay = wait;
        }
        self
    }
}

impl std::fmt::Debug for Recorded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.raw_text())
    }
}

impl Recorded {
    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The path without the query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The whole request as text, for messages and searches.
    pub fn raw_text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }
}

impl Upstream {
    /// Starts one that answers each request with what `answer` says.
    pub async fn start(answer: impl Fn(&Recorded) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(accept(
            listener,
            Arc::new(answer),
            Arc::clone(&requests),
            Arc::clone(&connections),
        ));
        Self {
            port,
            requests,
            connections,
            task,
        }
    }

    /// `http://127.0.0.1:41234`
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What arrived until now.
    pub fn requests(&self) -> Vec<Recorded> {
        self.requests
            .lock()
            .expect("no test panics with it")
            .clone()
    }

    /// How often anyone connected, whatever they said then.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The only request that arrived.
    pub fn only_request(&self) -> Recorded {
        let requests = self.requests();
        assert_eq!(
            requests.len(),
            1,
            "one request was expected, got {requests:#?}"
        );
        requests.into_iter().next().expect("counted")
    }

    /// Forgets what arrived until now.
    pub fn forget(&self) {
        self.requests
            .lock()
            .expect("no test panics with it")
            .clear();
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

type Answer = dyn Fn(&Recorded) -> Reply + Send + Sync;

async fn accept(
    listener: TcpListener,
    answer: Arc<Answer>,
    requests: Arc<Mutex<Vec<Recorded>>>,
    count: Arc<AtomicUsize>,
) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        count.fetch_add(1, Ordering::SeqCst);
        let _ = stream.set_nodelay(true);
        connections.spawn(serve(stream, Arc::clone(&answer), Arc::clone(&requests)));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<Answer>, requests: Arc<Mutex<Vec<Recorded>>>) {
    let mut buffer = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut buffer).await {
        requests
            .lock()
            .expect("no test panics with it")
            .push(request.clone());
        match answer(&request) {
            Reply::Http {
                status,
                headers,
                body,
                delay,
            } => {
                if !delay.is_zero() {
                    tokio::time::sleep(delay).await;
                }
                if stream
                    .write_all(&head_and_body(status, &headers, &body))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            Reply::Raw(bytes) => {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                return;
            }
            Reply::Hang => {
                // Reads until the client closes.
                let mut sink = [0; 1024];
                while matches!(stream.read(&mut sink).await, Ok(read) if read > 0) {}
                return;
            }
            Reply::Drip(pause) => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n";
                let mut alive = stream.write_all(head).await.is_ok();
                while alive {
                    tokio::time::sleep(pause).await;
                    alive = stream.write_all(b" ").await.is_ok();
                }
                return;
            }
        }
    }
}

fn head_and_body(status: u16, headers: &[(String, String)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} Scripted\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Reads one request off the stream; none when the client closed or speaks no HTTP.
async fn read_request(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<Recorded> {
    let head_end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
        fill(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let value = |wanted: &str| {
        headers
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.clone())
    };

    let (body, end) = if value("transfer-encoding")
        .is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"))
    {
        read_chunks(stream, buffer, head_end).await?
    } else {
        let length: usize = value("content-length")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        while buffer.len() < head_end + length {
            fill(stream, buffer).await?;
        }
        (
            buffer[head_end..head_end + length].to_vec(),
            head_end + length,
        )
    };
    let raw: Vec<u8> = buffer.drain(..end).collect();
    Some(Recorded {
        raw,
        method,
        target,
        headers,
        body,
    })
}

async fn read_chunks(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    mut at: usize,
) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    loop {
        let line_end = loop {
            if let Some(found) = find(&buffer[at..], b"\r\n") {
                break at + found;
            }
            fill(stream, buffer).await?;
        };
        let size = std::str::from_utf8(&buffer[at..line_end])
            .ok()?
            .split(';')
            .next()?
            .trim()
            .to_owned();
        let size = usize::from_str_radix(&size, 16).ok()?;
        let start = line_end + 2;
        while buffer.len() < start + size + 2 {
            fill(stream, buffer).await?;
        }
        body.extend_from_slice(&buffer[start..start + size]);
        at = start + size + 2;
        if size == 0 {
            return Some((body, at));
        }
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<()> {
    let mut chunk = vec![0; 16 * 1024];
    match stream.read(&mut chunk).await {
        Ok(read) if read > 0 => {
            buffer.extend_from_slice(&chunk[..read]);
            Some(())
        }
        _ => None,
    }
}

/// Where `needle` first is in `haystack`.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
