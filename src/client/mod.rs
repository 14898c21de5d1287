//! A client of the Session API (docs/protocol.md, A log without gaps).
//!
//! [`start`] returns a handle for commands and one stream of events. Behind them a task connects,
//! reconnects, and keeps the log without gaps and duplicates. Memory stays bounded even if the
//! consumer does not read: entries are fetched again when there is room, statuses become a
//! snapshot. Commands are never sent twice: those without an outcome at a disconnect have failed.

mod calls;
mod client_state;
mod config;
mod connection;
mod dial;
mod entry;
mod follow;
mod handle;
pub mod history;
mod queue;
mod reconnect;
mod replay;
mod request;
mod state;
#[cfg(test)]
mod tests;

pub use calls::{CommandError, Page, Reloaded, Reply};
pub use config::{AGENT, ClientConfig, FindTarget, Persistence, Recipient, Target, Timings};
pub use dial::{Socket, dial};
pub use entry::{Entry, Gap};
pub use follow::{Follow, Missed, Start};
pub use handle::{Call, Client, Connected, Events, connect, start};
pub use queue::{Event, SessionInfo};
pub use state::{ConnectionState, Failure};
