//! A load generator that costs little itself: keep-alive connections that write prepared bytes and check what comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How many connections ask at a time.
pub const CONNECTIONS: usize = 32;

/// What came of a load.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// Requests answered per second.
    pub rate: f64,
    /// The time of the median request.
    pub median: Duration,
}

/// Sends `total` requests over `connections` connections, each as `request` writes it, for `longest` at most.
/// Every answer has to be a 200.
pub async fn load(
    address: &str,
    connections: usize,
    total: usize,
    longest: Duration,
    request: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static,
) -> Load {
    let request = Arc::new(request);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    let mut streams = Vec::new();
    for _ in 0..connections {
        streams.push(connect(address).await);
    }
    let began = Instant::now();
    for mut stream in streams {
        let (request, next) = (Arc::clone(&request), Arc::clone(&next));
        tasks.spawn(async move {
            let mut times = Vec::new();
            let mut buffer = Vec::with_capacity(64 * 1024);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total || began.elapsed() > longest {
                    return times;
                }
                let bytes = request(number);
                let sent = Instant::now();
                stream.write_all(&bytes).await.expect("the server reads");
                read_answer(&mut stream, &mut buffer).await;
                times.push(sent.elapsed());
            }
        });
    }
    let mut times = Vec::new();
    while let Some(done) = tasks.join_next().await {
        times.extend(done.expect("every answer is a 200"));
    }
    let took = began.elapsed().as_secs_f64();
    times.sort_unstable();
    #[expect(
        clippy::cast_precision_loss,
        reason = "a count of requests is far from 2^53"
    )]
    let rate = times.len() as f64 / took;
    Load {
        rate,
        median: times[times.len() / 2],
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the load generator is a client, not the server"
)]
async fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address)
        .await
        .expect("the server listens");
    stream.set_nodelay(true).expect("a TCP socket");
    stream
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) {
    buffer.clear();
    let mut whole = None;
    loop {
        if whole.is_none()
            && let Some(head) = buffer.windows(4).position(|window| window == b"\r\n\r\n")
        {
            let text = std::str::from_utf8(&buffer[..head])
                .expect("a head in ASCII")
                .to_ascii_lowercase();
            assert!(
                text.starts_with("http/1.1 200"),
                "{text}\n{}",
                String::from_utf8_lossy(buffer)
            );
            let length = text
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .expect("a length");
            whole = Some(head + 4 + length.trim().parse::<usize>().expect("a number"));
        }
        if whole.is_some_and(|whole| buffer.len() >= whole) {
            return;
        }
        let read = stream.read_buf(buffer).await.expect("the server answers");
        assert!(read > 0, "the server closed");
    }
}

/// A request's bytes.
pub fn bytes(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let mut head =
        format!("{method} {path} HTTP/1.1\r\nhost: claviger\r\nauthorization: Bearer {token}\r\n");
    if !body.is_empty() {
        let length = body.len();
        head = format!("{head}content-type: application/json\r\ncontent-length: {length}\r\n");
    } else if method != "GET" {
        head.push_str("content-length: 0\r\n");
    }
    format!("{head}\r\n{body}").into_bytes()
}
