//! The state of the connection.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::protocol::PROTOCOL_VERSION;

/// The state of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionState {
    /// The first attempt is under way.
    Connecting,
    /// The server introduced itself.
    Connected,
    /// There was a connection, and there will be another attempt at this moment (or it is under
    /// way, when that has passed).
    Reconnecting {
        /// When.
        retry_at: Instant,
        /// Why it was lost, or why the last attempt failed.
        why: Failure,
    },
    /// There was no connection yet, or the server refuses us.
    Failing {
        /// When the next attempt is; `None` when there will be none.
        retry_at: Option<Instant>,
        /// Why.
        why: Failure,
    },
}

impl ConnectionState {
    /// A short text for a header (docs/tui.md, Connecting), e.g. `reconnecting in 2s`.
    pub fn label(&self, now: Instant) -> Cow<'static, str> {
        match self {
            Self::Connecting => "connecting".into(),
            Self::Connected => "connected".into(),
            Self::Reconnecting { retry_at, .. } => {
                let left = retry_at.saturating_duration_since(now).as_millis();
                match left.div_ceil(1000) {
                    0 => "reconnecting".into(),
                    seconds => format!("reconnecting in {seconds}s").into(),
                }
            }
            Self::Failing { why, .. } => why.label(),
        }
    }
}

/// Why there is no connection. An `address` is the one that was dialled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// No session of the configuration runs, and no address is known where one could be.
    #[error("no session of {0} runs")]
    NotRunning(String),
    /// The session runs, and was started without an address.
    #[error("the session of {config} (pid {pid}) has no session API")]
    NoApi {
        /// Its configuration.
        config: String,
        /// The process that a signal would go to.
        pid: u32,
    },
    /// Nobody listens there.
    #[error("cannot reach {0}: connection refused")]
    Refused(String),
    /// Something listens there and does not complete the handshake.
    #[error("something listens at {address}, but: {why}")]
    NoHandshake {
        /// What was dialled.
        address: String,
        /// What it did, or did not do.
        why: String,
    },
    /// No answer, or no way to ask.
    #[error("cannot reach {address}: {why}")]
    Unreachable {
        /// What was dialled.
        address: String,
        /// What the system says.
        why: String,
    },
    /// The server wants a token and none was given.
    #[error("{0} wants a token: give it with -token, or with -config")]
    TokenRequired(String),
    /// The server has another token.
    #[error("{0} does not accept this token: use the one that the server printed at boot")]
    InvalidToken(String),
    /// Somebody else answers there.
    #[error("{address} is not a flowlayer server: {why}")]
    NotFlowLayer {
        /// What was dialled.
        address: String,
        /// What it did.
        why: String,
    },
    /// The server speaks another version of the protocol.
    #[error(
        "{address} speaks version {version} of the protocol, this client version {PROTOCOL_VERSION}: use versions that belong together"
    )]
    WrongVersion {
        /// What was dialled.
        address: String,
        /// What it speaks.
        version: u64,
    },
    /// The server has too many connections.
    #[error("{0} has too many connections, try later")]
    Full(String),
    /// The server belongs to another user, or its user cannot be found, so it got no token.
    #[error(
        "{} listens at {address}, and gets no token; if that is your server, name it with --addr",
        .user.map_or_else(|| "an unknown user".to_owned(), |user| format!("user {user}"))
    )]
    Stranger {
        /// What was dialled.
        address: String,
        /// The user of the server, when known.
        user: Option<u32>,
    },
    /// The server has closed the connection.
    #[error("the server has closed the connection: {reason} ({code})")]
    Closed {
        /// The WebSocket close code.
        code: u16,
        /// What it said.
        reason: String,
    },
    /// The connection broke.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// The server has gone quiet.
    #[error("nothing has come from the server for {} s", .0.as_secs())]
    Silent(Duration),
}

impl Failure {
    fn label(&self) -> Cow<'static, str> {
        match self {
            Self::TokenRequired(_) => "token required".into(),
            Self::InvalidToken(_) => "invalid token".into(),
            Self::NotFlowLayer { .. } => "not a flowlayer server".into(),
            Self::WrongVersion { version, .. } => {
                format!("protocol version {version} is not supported").into()
            }
            Self::Full(_) => "too many connections".into(),
            Self::NotRunning(_) => "no session".into(),
            Self::NoApi { .. } => "no session API".into(),
            _ => "unreachable".into(),
        }
    }

    /// Whether the server is there and refuses us: worth showing instead of `reconnecting`.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::TokenRequired(_)
                | Self::InvalidToken(_)
                | Self::NotFlowLayer { .. }
                | Self::WrongVersion { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_label_counts_down_in_whole_seconds() {
        let now = Instant::now();
        let label = |left: u64| {
            let why = Failure::Silent(Duration::from_secs(60));
            let retry_at = now + Duration::from_millis(left);
            ConnectionState::Reconnecting { retry_at, why }
                .label(now)
                .into_owned()
        };
        assert_eq!(label(2000), "reconnecting in 2s");
        assert_eq!(label(500), "reconnecting in 1s");
        assert_eq!(label(1), "reconnecting in 1s");
        assert_eq!(label(0), "reconnecting");
    }
}
