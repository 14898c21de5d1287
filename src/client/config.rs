//! Where to connect, and how long to wait.

use std::sync::Arc;
use std::time::Duration;

use super::follow::Follow;
use super::state::Failure;
use crate::protocol::Token;

/// A server, and what to present to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `host:port`, `[v6]:port`.
    pub address: String,
    /// `None`: try without; the server says if it needs one.
    pub token: Option<Token>,
    /// Which servers may get the token.
    pub recipient: Recipient,
}

/// Which servers may get the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// Any server at the address: its session is registered, or the user named the address.
    Anybody,
    /// On loopback only a server of this user or of root.
    OwnOrRoot,
}

/// Finds the server before every attempt: a restarted one may have another address or token. An error
/// fails the attempt.
pub type FindTarget = Arc<dyn Fn() -> Result<Target, Failure> + Send + Sync>;

/// When to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Persistence {
    /// At the first attempt that fails, and when a connection is lost.
    Once,
    /// At the first attempt that fails before there was ever a connection; never after that.
    OnceConnected,
    /// Never.
    Always,
}

/// How a client behaves.
#[derive(Clone)]
pub struct ClientConfig {
    /// Where to connect.
    pub target: FindTarget,
    /// When to give up.
    pub persistence: Persistence,
    /// Which log entries come through the events; `None` for none.
    pub follow: Option<Follow>,
    /// What it calls itself.
    pub agent: &'static str,
    /// Timeouts.
    pub timings: Timings,
}

/// What a client of this program calls itself: the `User-Agent` of its connections.
pub const AGENT: &str = concat!("flowlayer/", env!("CARGO_PKG_VERSION"));

impl ClientConfig {
    /// This server, always reconnecting, without log entries.
    pub fn new(target: Target) -> Self {
        Self::finding(Arc::new(move || Ok(target.clone())))
    }

    /// Whichever server is found, always reconnecting, without log entries.
    pub fn finding(target: FindTarget) -> Self {
        Self {
            target,
            persistence: Persistence::Always,
            follow: None,
            agent: AGENT,
            timings: Timings::default(),
        }
    }
}

/// How long things may take. Defaults: docs/protocol.md, The end of a session. Tests
/// shorten them.
#[derive(Debug, Clone)]
pub struct Timings {
    /// The waits after failed attempts, in order; the last one repeats.
    pub backoff: Vec<Duration>,
    /// A connection that lasted this long resets the waits.
    pub settled: Duration,
    /// From dialling to the server's hello.
    pub handshake: Duration,
    /// From a command to its ack.
    pub ack: Duration,
    /// From a question (`get_logs`, `get_snapshot`) to its answer. Actions take as long as they take.
    pub answer: Duration,
    /// A server from which nothing has come for this long is pinged.
    pub ping: Duration,
    /// A server from which nothing has come for this long is considered lost.
    pub silence: Duration,
}

impl Default for Timings {
    fn default() -> Self {
        Self {
            backoff: [500, 1000, 2000, 5000].map(Duration::from_millis).to_vec(),
            settled: Duration::from_secs(5),
            handshake: Duration::from_secs(5),
            ack: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            ping: Duration::from_secs(25),
            silence: Duration::from_secs(60),
        }
    }
}

impl Timings {
    /// The wait after the given number of earlier failed attempts in a row.
    pub(super) fn backoff(&self, failures: usize) -> Duration {
        let last = self.backoff.last().copied();
        let wait = self.backoff.get(failures).copied().or(last);
        wait.unwrap_or(Duration::from_secs(5))
    }
}
