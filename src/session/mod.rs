//! The Session API: HTTP with two routes, and the WebSocket that clients live on. The rules are
//! in `docs/protocol.md`.
//!
//! A connection is one task that owns its socket. What it decides is decided in
//! `connection::conversation`, which does no I/O; the task only moves bytes and time. The runtime
//! answers through one ordered stream for each connection, so acks, statuses and results reach a
//! client in the order in which they were decided. Log lines come from a cursor of the
//! connection's own, when nothing else is waiting to be sent, and never hold anything up.

pub mod admission;
mod config;
mod connection;
mod http;
mod listener;
mod meter;
pub mod registry;
mod shared;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::time::timeout;

pub use config::{Limits, SessionConfig};

use crate::logs::Logs;
use crate::runtime::Handle;
use shared::Shared;

/// Opens the Session API on a listener that is bound already: what can fail has failed before.
/// Needs a tokio runtime.
pub fn serve(listener: TcpListener, config: SessionConfig, runtime: Handle, logs: Logs) -> Server {
    let shared = Arc::new(Shared::new(config, runtime, logs));
    let requests = shared.requests.clone();
    requests.spawn(listener::accept(listener, Arc::clone(&shared)));
    Server { shared }
}

/// The open API. Dropping it closes everything at once.
#[derive(Debug)]
#[must_use = "dropping it closes the API"]
pub struct Server {
    shared: Arc<Shared>,
}

impl Server {
    /// Stops taking connections, now. WebSockets stay. The future ends when the requests under
    /// way have been answered, after 2 s at the latest; it need not be waited for.
    pub fn stop_accepting(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        shared.stop.cancel();
        shared.requests.close();
        async move {
            let patience = shared.config.limits.requests_at_stop;
            if timeout(patience, shared.requests.wait()).await.is_err() {
                shared.cut.cancel();
                shared.requests.wait().await;
            }
        }
    }

    /// Ends the session's connections: each gets what is pending for it, then the close code 1001.
    /// To be called when the runtime has ended, so that nothing can come after it. Bounded in time
    /// whatever the peers do.
    pub async fn close(self) {
        let shared = &self.shared;
        let limits = &shared.config.limits;
        shared.stop.cancel();
        shared.cut.cancel();
        shared.ending.cancel();
        shared.requests.close();
        shared.requests.wait().await;
        shared.sockets.close();
        let patience = limits.drain + 2 * limits.close + Duration::from_millis(100);
        if timeout(patience, shared.sockets.wait()).await.is_err() {
            shared.kill.cancel();
            shared.sockets.wait().await;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.cancel();
        self.shared.cut.cancel();
        self.shared.kill.cancel();
    }
}
