//! Processes: spawn, watch, reap, take down, and the guardian that does the last of these when the
//! server cannot any more (SPEC 4.4, 4.5).
//!
//! One OS thread owns everything here; [`Processes`] is its handle, [`Event`]s are its answers. It
//! knows nothing of the rest of the core: a service is a number.

mod describe;
pub mod guardian;
mod message;
mod spawn_error;

use std::io;
use std::sync::Arc;

pub use describe::{ProcessInfo, Why};
pub use message::{
    End, Event, LifeId, Mode, Request, Role, SpawnRequest, Stdin, StopCommand, Teardown,
};
pub use spawn_error::SpawnError;

/// The handle of the thread that owns all processes; cheap to clone.
#[derive(Debug, Clone)]
pub struct Processes {}

impl Processes {
    /// Hands over one request; requests are taken in the order they were sent. Never blocks.
    pub fn send(&self, request: Request) {
        drop(request);
    }
}

/// Starts the thread. `link` comes from [`guardian::enter`]; without one (tests) nothing watches
/// over this process, and every child it has is taken to be its own. At most one per process.
///
/// `session` becomes part of the marker that descendants carry. `events` is called on the thread:
/// it must return at once.
pub fn start(
    link: Option<guardian::Link>,
    names: Vec<Arc<str>>,
    session: &str,
    events: impl Fn(Event) + Send + 'static,
) -> io::Result<Processes> {
    drop((link, names, session.len(), events));
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether a process is a descendant of this server; used to tell our own listeners from others'.
pub fn is_ours(pid: u32) -> bool {
    pid == std::process::id()
}

/// Whether SIGHUP was ignored when the program was started (`nohup`): then it is to stay so
/// (SPEC 4.5), and the server must not install a handler for it.
pub fn hangup_ignored() -> bool {
    false
}
