//! What a guest writes to stdout and stderr: its last words, if it traps.
//!
//! The end is kept rather than the beginning, because a panic's message comes last. Writing always succeeds, so that a
//! chatty guest works; what it costs is its own processor time.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// How much is kept, in bytes.
const KEPT: usize = 64 << 10;

/// Both streams of a guest, in the order in which it wrote to them.
#[derive(Clone, Default)]
pub(crate) struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn append(&self, bytes: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&bytes[bytes.len().saturating_sub(KEPT)..]);
        // Cut only when twice as much is there: cutting each time would move it all for each byte.
        if kept.len() > 2 * KEPT {
            let excess = kept.len() - KEPT;
            kept.drain(..excess);
        }
    }

    /// The last of what was written, as text.
    pub(crate) fn last(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept[kept.len().saturating_sub(KEPT)..]).into_owned()
    }
}

impl IsTerminal for Output {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Output {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl OutputStream for Output {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.append(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(KEPT)
    }
}

#[async_trait]
impl Pollable for Output {
    async fn ready(&mut self) {}
}

impl AsyncWrite for Output {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.append(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept() {
        let output = Output::default();
        output.append(&vec![b'a'; 10 * KEPT]);
        output.append(b"the end");
        let last = output.last();
        assert_eq!(last.len(), KEPT);
        assert!(last.ends_with("aathe end"));
    }

    #[test]
    fn memory_stays_bounded() {
        let output = Output::default();
        for _ in 0..1000 {
            output.append(&[b'x'; 1000]);
            assert!(output.0.lock().expect("a lock").len() <= 2 * KEPT);
        }
    }

    #[test]
    fn a_cut_character_is_no_error() {
        let output = Output::default();
        output.append("ä".repeat(KEPT).as_bytes());
        output.append(b"x");
        assert!(output.last().ends_with("äx"));
    }
}
