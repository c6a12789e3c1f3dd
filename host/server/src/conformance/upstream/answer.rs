//! Answers, to the byte.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::conformance::script::Answer;

/// What is done about a request.
pub(super) enum Reply {
    /// These bytes are sent, and the connection is closed.
    Bytes(Vec<u8>),
    /// Nothing is sent until the client gives up.
    Silence,
}

/// An answer's bytes. Of a body that is to be cut off, half is there of what the head says.
pub(super) fn bytes(answer: &Answer, cut_off: bool) -> Vec<u8> {
    let (kind, body) = match (&answer.json, &answer.text) {
        (Some(json), _) => (Some("application/json"), json.to_string()),
        (None, Some(text)) => (Some("text/plain; charset=utf-8"), text.clone()),
        (None, None) => (None, String::new()),
    };
    let mut head = vec![
        format!("HTTP/1.1 {} Scripted", answer.status),
        "connection: close".to_owned(),
    ];
    let has_type = answer
        .headers
        .keys()
        .any(|name| name.eq_ignore_ascii_case("content-type"));
    if let Some(kind) = kind.filter(|_| !has_type) {
        head.push(format!("content-type: {kind}"));
    }
    for (name, value) in &answer.headers {
        head.push(format!("{name}: {value}"));
    }
    // A body of nothing can't be cut off, so one is announced.
    let (announced, sent) = if cut_off {
        (body.len().max(64), body.len() / 2)
    } else {
        (body.len(), body.len())
    };
    if answer.status != 204 && answer.status != 304 {
        head.push(format!("content-length: {announced}"));
    }
    let mut bytes = (head.join("\r\n") + "\r\n\r\n").into_bytes();
    bytes.extend_from_slice(&body.as_bytes()[..sent]);
    bytes
}

/// Sends an answer, and closes.
pub(super) async fn write(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    stream.write_all(bytes).await?;
    stream.shutdown().await
}

/// Waits until the client closes.
pub(super) async fn wait_for_the_end(stream: &mut TcpStream) -> io::Result<()> {
    let mut sink = [0; 1024];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}
