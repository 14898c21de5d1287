//! The guardian: the process the user started. It starts the server as its child and takes the stack
//! down when the server cannot (SPEC 4.4; DESIGN, the guardian).

use std::io;

/// Which of the two processes this is, after [`enter`].
#[derive(Debug)]
#[must_use]
pub enum Entered {
    /// The guardian, and all is over: end the process with this exit code, doing nothing else.
    Guardian(i32),
    /// The server.
    Server(Link),
}

/// The server's end of what connects the two; goes into [`super::start`].
#[derive(Debug)]
pub struct Link {}

/// Splits the process in two. To be called before any thread exists: it forks. In the guardian it
/// returns when the server and everything below it is gone.
pub fn enter() -> io::Result<Entered> {
    Err(io::ErrorKind::Unsupported.into())
}
