//! The language of the Session API, as in `docs/protocol.md`: plain data, used by the server and by our client.
//!
//! What a client sends goes through [`parse`] (the envelope) and [`Command::interpret`]
//! (what it asks for). What a server sends is written by [`message`] and read back by
//! [`Incoming::parse`]. Nothing here knows of services, sockets or time.

mod code;
mod command;
mod entry;
mod event;
mod inbound;
mod incoming;
pub mod message;
mod number;
mod terminal;
mod token;

pub use code::{Code, ErrorBody};
pub use command::{Command, EventsQuery, LogsCursor, LogsQuery, PayloadFault};
pub use entry::{EventPage, LogEntry, LogPage};
pub use event::{
    CAPABILITIES, Details, Event, HISTORY, Hello, PROTOCOL_VERSION, PortConflict, ProbeState,
    SERVER_NAME, ServiceDetail, ServiceState, ServiceStatus, Snapshot, TERMINALS,
};
pub use inbound::{CommandEnvelope, Fault, Refused, parse};
pub use incoming::{Incoming, ResultBody, Unreadable};
pub use message::{AckPayload, ResultPayload};
pub use terminal::{TerminalOutput, TerminalScreen};
pub use token::{Token, TokenError};

#[cfg(test)]
mod docs;
