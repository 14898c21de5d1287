//! The socket of a client, with the time of its last write and whether anything was ever read.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// A socket that can say whether the peer still takes what is sent to it.
#[derive(Debug)]
pub(super) struct Metered {
    socket: TcpStream,
    /// Set with the first byte; the task that owns the HTTP connection reads it.
    spoken: Arc<AtomicBool>,
    /// When the system last took bytes from us, which it does for as long as the peer reads.
    pub(super) last_write: Instant,
}

impl Metered {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            spoken: Arc::default(),
            last_write: Instant::now(),
        }
    }

    /// Whether anything has come from the peer; can still be read when the socket has been upgraded.
    pub(super) fn spoken(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.spoken)
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.socket).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.spoken.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.socket).poll_write(cx, bytes);
        if matches!(result, Poll::Ready(Ok(1..))) {
            self.last_write = Instant::now();
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// Reads to the end, so that hanging up does not destroy what the peer has not read yet.
pub(super) async fn discard(socket: &mut (impl AsyncRead + Unpin)) {
    let mut sink = tokio::io::sink();
    let _ = tokio::io::copy(socket, &mut sink).await;
}
