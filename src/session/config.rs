//! What a session needs to know, and the bounds it keeps (docs/protocol.md, Bounds).

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
    /// Bounds of memory, number and time.
    pub limits: Limits,
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
}
