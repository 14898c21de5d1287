//! What the listener and all connections of a session have in common.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::SessionConfig;
use crate::logs::Logs;
use crate::runtime::Handle;

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) config: SessionConfig,
    pub(super) runtime: Handle,
    pub(super) logs: Logs,
    /// No new connections from here on; HTTP connections finish what they have begun.
    pub(super) stop: CancellationToken,
    /// HTTP connections that are still there are cut off.
    pub(super) cut: CancellationToken,
    /// WebSockets send what is pending and close.
    pub(super) ending: CancellationToken,
    /// WebSockets that are still there are cut off.
    pub(super) kill: CancellationToken,
    /// The accepting task and one task for each HTTP connection, until it ends or is upgraded.
    pub(super) requests: TaskTracker,
    /// One task for each WebSocket: once upgraded, nobody else knows of it.
    pub(super) sockets: TaskTracker,
}

impl Shared {
    pub(super) fn new(config: SessionConfig, runtime: Handle, logs: Logs) -> Self {
        Self {
            config,
            runtime,
            logs,
            stop: CancellationToken::new(),
            cut: CancellationToken::new(),
            ending: CancellationToken::new(),
            kill: CancellationToken::new(),
            requests: TaskTracker::new(),
            sockets: TaskTracker::new(),
        }
    }
}
