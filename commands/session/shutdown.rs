//! A session that ends: how that is recognised, and waiting until its processes are gone.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use flowlayer_core::process::Watched;
use flowlayer_core::session::registry::{self, LiveSession, Presence};
use tokio::time::Instant;

use crate::timeout::Deadline;

/// A port of this machine answers or refuses at once, whatever its process does.
const ANSWER: Duration = Duration::from_secs(1);

/// Whether a registered session is on its way down. Its server listens before it is registered, and
/// the first thing it does at its end is to listen no more. Of one without an API nobody can tell.
pub(crate) fn is_ending(session: &LiveSession) -> bool {
    session.address().is_some_and(refuses)
}

/// Whether there is no listener.
pub(crate) fn refuses(address: &str) -> bool {
    let Ok(address) = address.parse::<SocketAddr>() else {
        return false;
    };
    TcpStream::connect_timeout(&address, ANSWER)
        .is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// A server on this machine, and its guardian.
#[derive(Debug)]
pub(crate) struct Processes {
    server: Presence,
    /// Ends right after the server; not known everywhere.
    guardian: Option<Watched>,
}

impl Processes {
    /// Those of a session that runs here. The id of the guardian comes from a file, and is used for
    /// waiting only; while the server has its lock, it is right.
    pub(crate) fn of(session_id: Option<&str>, guardian: Option<u32>) -> Option<Self> {
        let guardian = guardian.and_then(|pid| Watched::begin(pid).ok());
        let server = registry::presence(session_id?)?;
        Some(Self { server, guardian })
    }

    /// Waits for their end. Blocks the thread.
    pub(crate) fn wait_for_end(self) -> io::Result<()> {
        self.server.wait_for_end()?;
        self.guardian.map_or(Ok(()), Watched::wait_for_end)
    }
}

/// Waits for something that blocks; an error when it has not come by the deadline. After an answer there is
/// no thread left, so that this process can be split in two.
pub(crate) fn wait_by<T: Send + 'static>(
    deadline: Option<Deadline>,
    wait: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<io::Result<T>, Deadline> {
    let Some(deadline) = deadline else {
        return Ok(wait());
    };
    let (sender, receiver) = mpsc::channel();
    let waiting = thread::spawn(move || {
        // The receiver is gone when it comes too late.
        let _ = sender.send(wait());
    });
    let left = deadline.at.saturating_duration_since(Instant::now());
    let result = receiver.recv_timeout(left).map_err(|_| deadline)?;
    // It has sent its result, and ends.
    let _ = waiting.join();
    Ok(result)
}
