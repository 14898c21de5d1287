//! The guardian: the process the user started. It starts the server as its child, in a process group of its
//! own, passes signals on to it, and takes the stack down when the server cannot (SPEC 4.4; DESIGN, the
//! guardian).
//!
//! Both are subreapers. Whatever a service forks stays below the server; when the server dies, by whatever
//! cause, all of it falls to the guardian. When the guardian dies, the server reads the end of the socket
//! between them and takes the stack down itself.

mod drain;
#[path = "session.rs"]
mod ledger;
#[path = "../link/outbox.rs"]
mod mailbox;
#[path = "../link/frame.rs"]
mod record;
#[path = "../link/stop_file.rs"]
pub(super) mod stop_file;
mod teardown;
#[path = "supervise.rs"]
mod watch;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::fd::{AsFd, OwnedFd};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{ForkResult, Pid, fork, getppid, setpgid};

use super::bell::Bell;
use super::os::{self, Silence};
use super::prepare::{Inherited, prepare};
use super::spawn::Spawner;
use super::wait::have_children;
use super::{End, ProcessInfo};
use ledger::Ledger;
use watch::{Charge, hold_signals};

pub(super) use mailbox::Mailbox;
pub(super) use record::{News, Record};

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
pub struct Link {
    pub(super) socket: OwnedFd,
    pub(super) silence: Silence,
}

/// Splits the process in two. To be called before any thread exists: it forks. In the guardian it
/// returns when the server and everything below it is gone, with the server's exit code, or 1 when the
/// server was killed or something could not be ended.
///
/// # Errors
/// When the system refuses a pipe, a socket or a process. Then there is still one process.
pub fn enter() -> io::Result<Entered> {
    if have_children()
        && let Some(code) = stand_in()?
    {
        return Ok(Entered::Guardian(code));
    }
    let inherited = prepare()?;
    let (socket, servers_socket) = os::socket_pair()?;
    let silence = Silence::new()?;
    let bell = Bell::new()?;
    hold_signals(true)?;
    // SAFETY: there is one thread, so that the child may do whatever it likes.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            os::become_subreaper()?;
            hold_signals(false)?;
            Ok(Entered::Server(Link {
                socket: servers_socket,
                silence,
            }))
        }
        ForkResult::Parent { child } => {
            // The child does the same; whoever comes first.
            let _ = setpgid(child, child);
            drop(servers_socket);
            os::set_name(c"flowlayer-guard");
            let charge = Charge::new(child.as_raw().cast_unsigned(), bell)?;
            guard(charge, &socket, inherited, silence).map(Entered::Guardian)
        }
    }
}

/// A process can be born with children: `exec flowlayer serve` in a shell that had put something into the
/// background. Those are not ours, but as a reaper of orphans this process could not tell them from ours. So
/// then the guardian is a child, and this process only stands in for it: it passes signals on and ends as
/// the guardian does. Returns in both: the exit code here, `None` in the child.
fn stand_in() -> io::Result<Option<i32>> {
    let bell = Bell::new()?;
    hold_signals(true)?;
    let here = nix::unistd::getpid();
    // SAFETY: there is one thread.
    match unsafe { fork() }? {
        ForkResult::Child => {
            let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
            os::terminate_with_parent()?;
            hold_signals(false)?;
            if getppid() != here {
                // It is gone already, and with it the reason to begin.
                return Ok(Some(1));
            }
            Ok(None)
        }
        ForkResult::Parent { child } => {
            let mut charge = Charge::new(child.as_raw().cast_unsigned(), bell)?;
            let end = charge.watch(None);
            charge.bury();
            Ok(Some(match end {
                End::Code(code) => code,
                End::Signal(_) => 1,
            }))
        }
    }
}

/// The guardian's life: returns its exit code.
fn guard(
    mut charge: Charge,
    socket: &OwnedFd,
    inherited: Inherited,
    silence: Silence,
) -> io::Result<i32> {
    let mut ledger = Ledger::default();
    let end = charge.watch(Some((&mut ledger, socket)));
    let _ = ledger.read(socket);
    charge.bury();
    let asked = charge.was_asked(end);
    let code = match end {
        End::Code(code) => code,
        End::Signal(_) => i32::from(!asked),
    };
    if ledger.finished || !(have_children() || ledger.anything_up()) {
        if !asked && let End::Signal(signal) = end {
            say(&format!("the server was ended by signal {signal}"));
        }
        return Ok(code);
    }
    say(&farewell(end));
    let spawner = Spawner::new(inherited, silence)?;
    let left = teardown::Teardown::new(ledger, spawner, charge.bell, socket).run()?;
    if left.is_empty() {
        return Ok(code);
    }
    say(&regrets(&left));
    Ok(1)
}

fn farewell(end: End) -> String {
    let how = match end {
        End::Code(code) => format!("exited with {code}"),
        End::Signal(signal) => format!("was ended by signal {signal}"),
    };
    format!("the server {how}: taking down what it had started")
}

fn regrets(left: &[ProcessInfo]) -> String {
    let mut words = "could not end".to_owned();
    for (at, process) in left.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(words, "{comma} {process}");
    }
    words
}

/// One line on stderr, if it takes it at once: nobody waits for a terminal here.
fn say(words: &str) {
    let stderr = io::stderr();
    let mut fds = [PollFd::new(stderr.as_fd(), PollFlags::POLLOUT)];
    if poll(&mut fds, PollTimeout::ZERO) == Ok(1) {
        let _ = writeln!(stderr.lock(), "[flowlayer] guardian: {words}");
    }
}
