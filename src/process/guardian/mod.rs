//! The guardian: the process the user started. It forks the server into a process group of its own,
//! forwards signals to it, and takes the stack down when the server cannot
//! (docs/lifecycle.md, The guardian).
//!
//! Both are subreapers. Whatever a service forks stays below the server; when the server dies, by whatever cause,
//! all of it is re-parented to the guardian. When the guardian dies, the server reads the end of the socket
//! between them and takes the stack down itself.

mod drain;
mod session;
mod supervise;
mod teardown;

use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};

use nix::libc::rlimit;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{ForkResult, Pid, fork, getpid, getppid, setpgid};

pub use super::link::Link;
use super::message::{End, ProcessInfo};
use super::spawn::Spawner;
use super::system;
use super::system::prepare::prepare;
use super::system::wait::have_children;
use super::system::waker::Waker;
use session::KnownSession;
use supervise::{Supervised, block_signals};

/// Which of the two processes this is, after [`enter`].
#[derive(Debug)]
#[must_use]
pub enum Entered {
    /// The guardian, and all has ended: exit with this code, doing nothing else.
    Guardian(i32),
    /// The server.
    Server(Link),
}

/// Forks. To be called before any thread exists. In the guardian it returns when the server and everything below
/// it is gone, with the server's exit code, or 1 when the server was killed or something could not be ended.
///
/// # Errors
/// When the system refuses a pipe, a socket or a process. Then there is still one process.
pub fn enter() -> io::Result<Entered> {
    if have_children()
        && let Some(code) = run_below_proxy()?
    {
        return Ok(Entered::Guardian(code));
    }
    let open_files = prepare()?;
    let (socket, servers_socket) = system::socket_pair()?;
    let waker = Waker::new()?;
    block_signals(true)?;
    // SAFETY: there is one thread, so that the child may do anything.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            system::become_subreaper()?;
            block_signals(false)?;
            Ok(Entered::Server(Link {
                socket: servers_socket,
            }))
        }
        ForkResult::Parent { child } => {
            // The child does the same: neither may be late.
            let _ = setpgid(child, child);
            drop(servers_socket);
            system::set_name(c"flowlayer-guard");
            let supervised = Supervised::new(child.as_raw().cast_unsigned(), waker)?;
            guard(supervised, &socket, open_files).map(Entered::Guardian)
        }
    }
}

/// A process can inherit children: `exec flowlayer serve` in a shell with a background job. Those are not ours,
/// but a subreaper could not distinguish them from ours. So then the guardian is a child, and this process a proxy
/// that forwards signals and exits as the guardian does. Returns in both: the exit code here, `None` in the
/// child.
fn run_below_proxy() -> io::Result<Option<i32>> {
    let waker = Waker::new()?;
    block_signals(true)?;
    let here = getpid();
    // SAFETY: there is one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            system::terminate_with_parent()?;
            block_signals(false)?;
            if getppid() != here {
                // The proxy is gone already, so there is nobody to run for.
                return Ok(Some(1));
            }
            Ok(None)
        }
        ForkResult::Parent { child } => {
            let mut supervised = Supervised::new(child.as_raw().cast_unsigned(), waker)?;
            let end = supervised.wait(None);
            supervised.reap();
            Ok(Some(match end {
                End::Code(code) => code,
                End::Signal(_) => 1,
            }))
        }
    }
}

/// Runs the guardian; returns its exit code.
fn guard(mut supervised: Supervised, socket: &OwnedFd, open_files: rlimit) -> io::Result<i32> {
    let mut session = KnownSession::default();
    let end = supervised.wait(Some((&mut session, socket)));
    let _ = session.read(socket);
    supervised.reap();
    let asked = supervised.was_asked(end);
    let code = match end {
        End::Code(code) => code,
        End::Signal(_) => i32::from(!asked),
    };
    if session.finished || !(have_children() || session.anything_up()) {
        if !asked && let End::Signal(signal) = end {
            say(&format!("the server was ended by signal {signal}"));
        }
        return Ok(code);
    }
    let how = match end {
        End::Code(code) => format!("exited with {code}"),
        End::Signal(signal) => format!("was ended by signal {signal}"),
    };
    say(&format!(
        "the server {how}: taking down what it had started"
    ));
    let spawner = Spawner::new(open_files)?;
    let left = teardown::Teardown::new(session, spawner, supervised.waker, socket).run()?;
    if left.is_empty() {
        return Ok(code);
    }
    let left: Vec<_> = left.iter().map(ProcessInfo::to_string).collect();
    say(&format!("could not end {}", left.join(", ")));
    Ok(1)
}

/// Writes a line to stderr, unless that would block: the guardian does not wait for a terminal.
fn say(line: &str) {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut fds, PollTimeout::ZERO) == Ok(1) {
        let _ = writeln!(stderr.lock(), "[flowlayer] guardian: {line}");
    }
}
