//! What a session needs to know, and the bounds it keeps (docs/protocol.md, Bounds).

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::protocol::Token;

/// What the Session API needs to know before it opens.
#[derive(Debug, Clone)]
pub struct SessionConfig {
    /// What every request must present.
    pub token: Token,
    /// New for every `serve`; clients recognise a restarted server by it.
    pub session_id: Uuid,
    /// The number of the session's first log entry: clients distinguish it from earlier sessions.
    pub first_seq: u64,
    /// Names of the services, sorted; their index is their identity.
    pub services: Arc<[Arc<str>]>,
    /// How many entries `get_logs` gives to those who do not say.
    pub log_defaults: LogDefaults,
    /// Bounds of memory, number and time.
    pub limits: Limits,
}

/// The limits of `get_logs` without a `limit` (docs/protocol.md, `get_logs`), resolved from the
/// config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogDefaults {
    /// For all services together.
    pub all: u64,
    /// For one service, by its index.
    pub services: Vec<u64>,
}

impl LogDefaults {
    /// What applies where the config says nothing.
    pub const BUILT_IN: u64 = 500;

    /// Resolves `logView.maxEntries`, `logView.all.maxEntries` and each service's own.
    pub fn resolve(
        view: Option<u64>,
        all: Option<u64>,
        services: impl IntoIterator<Item = Option<u64>>,
    ) -> Self {
        let general = view.unwrap_or(Self::BUILT_IN);
        Self {
            all: all.unwrap_or(general),
            services: services
                .into_iter()
                .map(|own| own.unwrap_or(general))
                .collect(),
        }
    }
}

/// Bounds of memory, number and time. Defaults: docs/protocol.md, Bounds. Tests shorten them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at the same time, WebSockets included.
    pub connections: usize,
    /// Connections that have not shown credentials; for one more the oldest is dropped.
    pub without_credentials: usize,
    /// How long the headers of a request may take.
    pub headers: Duration,
    /// How long requests under way may take once the API stops taking connections.
    pub requests_at_stop: Duration,
    /// Bytes of one inbound message.
    pub message_bytes: usize,
    /// Commands of one connection that are not answered yet; beyond that it is not read.
    pub commands_in_flight: usize,
    /// Bytes of replies one connection has not taken yet; beyond that it is not read.
    pub unsent_bytes: usize,
    /// Bytes that one `get_logs` may add to them.
    pub page_bytes: usize,
    /// Bytes of status events one connection has not taken yet; beyond that it is closed.
    pub unsent_status_bytes: usize,
    /// How often a connection is pinged.
    pub ping: Duration,
    /// A peer from which nothing comes for this long is dropped.
    pub silence: Duration,
    /// A peer that takes nothing for this long while status events wait is closed.
    pub status_wait: Duration,
    /// How long pending replies may take at the end of the session.
    pub drain: Duration,
    /// How long the closing handshake may take.
    pub close: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            connections: 1024,
            without_credentials: 64,
            headers: Duration::from_secs(10),
            requests_at_stop: Duration::from_secs(2),
            message_bytes: MIB,
            commands_in_flight: 32,
            unsent_bytes: 32 * MIB,
            page_bytes: 15 * MIB,
            unsent_status_bytes: 32 * MIB,
            ping: Duration::from_secs(20),
            silence: Duration::from_secs(60),
            status_wait: Duration::from_secs(10),
            drain: Duration::from_secs(3),
            close: Duration::from_secs(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference lists the bounds that the code keeps.
    #[test]
    fn the_bounds_are_those_of_the_reference() {
        let limits = Limits::default();
        let seconds = |time: Duration| format!("{} s", time.as_secs());
        let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
        let header_bytes = super::super::listener::HEADER_BYTES;
        let rows = [
            (
                "connections, WebSockets included",
                limits.connections.to_string(),
            ),
            (
                "connections without credentials so far, besides; the oldest is dropped for one more",
                limits.without_credentials.to_string(),
            ),
            ("time for the headers of a request", seconds(limits.headers)),
            (
                "bytes of the headers of a request",
                format!("{} KiB", header_bytes >> 10),
            ),
            ("bytes of an inbound message", mib(limits.message_bytes)),
            (
                "commands of a connection without a result",
                limits.commands_in_flight.to_string(),
            ),
            (
                "bytes of replies that a connection has not taken",
                mib(limits.unsent_bytes),
            ),
            (
                "time without taking anything while status events wait",
                seconds(limits.status_wait),
            ),
            ("ping interval", seconds(limits.ping)),
            ("silence until a peer is dropped", seconds(limits.silence)),
        ];
        let rows: Vec<String> = rows
            .iter()
            .map(|(bound, value)| format!("| {bound} | {value} |"))
            .collect();
        let table = format!("\n| bound | value |\n|---|---|\n{}\n", rows.join("\n"));
        let reference = include_str!("../../docs/protocol.md");
        assert!(reference.contains(&format!("{table}\n")), "{table}");
    }

    #[test]
    fn the_nearest_setting_applies() {
        let resolve = |view, all, own| LogDefaults::resolve(view, all, [own, None]);
        let expect = |all, first, second| LogDefaults {
            all,
            services: vec![first, second],
        };
        assert_eq!(resolve(None, None, None), expect(500, 500, 500));
        assert_eq!(resolve(Some(9), None, None), expect(9, 9, 9));
        assert_eq!(resolve(Some(9), Some(7), Some(3)), expect(7, 3, 9));
        assert_eq!(resolve(None, Some(7), Some(3)), expect(7, 3, 500));
    }
}
