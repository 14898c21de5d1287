//! Processes: spawn, watch, reap, take down, and the guardian that does the last of these when the
//! server cannot any more (SPEC 4.4, 4.5).
//!
//! One OS thread owns everything here; [`Processes`] is its handle, [`Event`]s are its answers. It
//! knows nothing of the rest of the core: a service is a number.
//!
//! Inside: `worker` is the thread, `table` what it drives (the guardian drives the same), `lives` and
//! `owner` say whose a process is, `takedown` who has had which signal, `spawn`, `command` and `image` start
//! a process, `linux` and `macos` are what differs between systems.

#[path = "terminal/background.rs"]
pub mod background;
#[path = "system/waker.rs"]
mod bell;
#[path = "spawn/command.rs"]
mod command;
#[path = "message/process_info.rs"]
mod describe;
#[path = "terminal/foreground.rs"]
pub mod foreground;
pub mod guardian;
#[path = "spawn/child.rs"]
mod image;
mod launchers;
#[path = "system/process_entry.rs"]
mod listed;
#[path = "ownership/runs.rs"]
mod lives;
mod lookup;
#[path = "ownership/mark.rs"]
mod mark;
mod message;
#[path = "ownership/mod.rs"]
mod owner;
#[path = "table/schedule.rs"]
mod pace;
#[path = "system/prepare.rs"]
mod prepare;
mod signals;
#[path = "system/reserved_fds.rs"]
mod spare;
mod spawn;
#[path = "message/spawn_error.rs"]
mod spawn_error;
mod suspend;
mod table;
mod takedown;
#[cfg(test)]
mod tests;
#[path = "system/wait.rs"]
mod wait;
mod watch;
mod worker;

#[cfg(target_os = "linux")]
#[path = "system/linux/mod.rs"]
mod linux;
#[cfg(target_os = "macos")]
#[path = "system/macos/mod.rs"]
mod macos;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::Signal;

pub use describe::{ProcessInfo, Why};
pub use message::{
    End, Event, LifeId, Mode, Request, Role, SpawnRequest, Stdin, StopCommand, Teardown,
};
pub use signals::{Ask, EndSignals};
pub use spawn_error::SpawnError;
pub use suspend::suspend_job;
pub use watch::Watched;

#[cfg(target_os = "linux")]
use linux as os;
#[cfg(target_os = "macos")]
use macos as os;

use bell::Bell;
use guardian::{Mailbox, News};
use listed::Listed;
use mark::Mark;
use os::Silence;
use spawn::Spawner;
use table::Table;
use worker::{Inbox, Worker};

/// The handle of the thread that owns all processes; cheap to clone.
#[derive(Debug, Clone)]
pub struct Processes {
    inbox: &'static Inbox,
}

impl Processes {
    /// Hands over one request; requests are taken in the order they were sent. Never blocks.
    pub fn send(&self, request: Request) {
        self.inbox.send(request);
    }
}

/// Whether the thread runs. What is below this process is ours, so that there can be only one.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// Starts the thread. `link` comes from [`guardian::enter`]; without one (tests) nothing watches
/// over this process, and every child it has is taken to be its own.
///
/// `session` (1 to 40 of `A-Za-z0-9_-`) becomes part of the marks that descendants carry. `events` is
/// called on the thread: it must return at once.
///
/// # Errors
/// When there is one already, when the name does not fit, when the list of processes cannot be read (no
/// `/proc`), or when the system refuses a thread or a pipe.
pub fn start(
    link: Option<guardian::Link>,
    session: &str,
    events: impl Fn(Event) + Send + 'static,
) -> io::Result<Processes> {
    let mark = Mark::new(session).ok_or(io::ErrorKind::InvalidInput)?;
    os::list(&mut Vec::new())?;
    let inherited = prepare::prepare()?;
    let (mailbox, silence) = match link {
        Some(link) => (Mailbox::new(link.socket), link.silence),
        None => (Mailbox::default(), Silence::new()?),
    };
    let spawner = Spawner::new(inherited, silence)?;
    let mut table = Table::new(mark, mailbox);
    table
        .mailbox
        .post(&News::Session(session.to_owned()), Vec::new());
    let bell = Bell::new()?;
    if RUNNING.swap(true, Ordering::SeqCst) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    // Signal handlers write to the bell for as long as the process lives.
    let inbox: &'static Inbox = Box::leak(Box::new(Inbox::new(bell)));
    let thread = std::thread::Builder::new().name("processes".to_owned());
    let started = thread.spawn(move || {
        // Each signal goes to a thread that lets it through: this is the one.
        let ready = prepare::set_blocked(&[Signal::SIGCHLD], false)
            .and_then(|()| Ok(inbox.bell.ring_on(&[Signal::SIGCHLD])?));
        debug_assert!(ready.is_ok(), "a known signal");
        Worker::new(table, spawner, inbox, events).run();
        RUNNING.store(false, Ordering::SeqCst);
    });
    match started {
        Ok(_) => Ok(Processes { inbox }),
        Err(error) => {
            RUNNING.store(false, Ordering::SeqCst);
            Err(error)
        }
    }
}

/// Whether a process is a descendant of this server; used to tell our own listeners from others'.
pub fn is_ours(pid: u32) -> bool {
    let me = std::process::id();
    let mut at = pid;
    // As many generations as nobody has.
    for _ in 0..10_000 {
        match os::find(at) {
            Ok(Some(Listed { parent, .. })) if parent == me => return true,
            Ok(Some(Listed { parent, .. })) if parent > 1 => at = parent,
            _ => return false,
        }
    }
    false
}

/// Takes a secret out of this process's arguments, which everybody on the machine can see (Linux). To be called
/// before any thread exists. From here on `std::env::args` gives asterisks for it too.
pub fn conceal_argument(secret: &str) {
    os::conceal(secret);
}

/// Whether SIGHUP was ignored when the program was started (`nohup`): then it is to stay so
/// (SPEC 4.5).
fn hangup_ignored() -> bool {
    prepare::prepare().is_ok_and(|inherited| inherited.hangup_ignored)
}

/// Whether SIGHUP is ignored now. It changes nothing, and can be asked in a
/// process that starts nothing itself.
pub fn hangup_is_ignored() -> bool {
    prepare::ignored(Signal::SIGHUP)
}

/// A pid as the system's calls take it.
fn pid(pid: u32) -> nix::unistd::Pid {
    nix::unistd::Pid::from_raw(pid.cast_signed())
}
