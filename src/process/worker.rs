//! The thread in the server that owns all processes, and its handle.

use std::collections::{HashMap, HashSet};
use std::io;
use std::mem::take;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::Signal;

use super::link::Link;
use super::link::frame::Update;
use super::link::outbox::Outbox;
use super::message::{
    End, Event, Mode, ProcessInfo, Request, Role, SpawnError, SpawnRequest, Teardown,
};
use super::ownership::mark::Mark;
use super::spawn::{Spawner, announce_teardown};
use super::system::prepare::{prepare, set_blocked};
use super::system::waker::{Waker, take_caught};
use super::system::{self, poll_until};
use super::table::{Notice, Table};
use super::takedown::{FINAL_GRACE, KILL_TIMEOUT, Target};

/// The handle of the thread that owns all processes; cheap to clone.
#[derive(Debug, Clone)]
pub struct Processes {
    inbox: &'static Inbox,
}

impl Processes {
    /// Sends a request; requests are handled in order. Never blocks.
    pub fn send(&self, request: Request) {
        self.inbox.lock().push(request);
        self.inbox.waker.wake();
    }
}

/// Requests on their way to the thread.
#[derive(Debug)]
struct Inbox {
    requests: Mutex<Vec<Request>>,
    waker: Waker,
}

impl Inbox {
    fn lock(&self) -> MutexGuard<'_, Vec<Request>> {
        // A push or a take leaves nothing half done.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the thread runs. Every process below this one is taken to be its own, so there is one at most.
static RUNNING: AtomicBool = AtomicBool::new(false);

/// Starts the thread. `link` comes from [`super::guardian::enter`]; without one (tests) there is no guardian.
///
/// `session` (1 to 40 of `A-Za-z0-9_-`) becomes part of the marks that descendants carry. `events` is called on
/// the thread: it must return at once.
///
/// # Errors
/// When the thread runs already, when the name does not fit, when processes cannot be listed (no `/proc`), or
/// when the system refuses a thread or a pipe.
pub fn start(
    link: Option<Link>,
    session: &str,
    events: impl Fn(Event) + Send + 'static,
) -> io::Result<Processes> {
    let mark = Mark::new(session).ok_or(io::ErrorKind::InvalidInput)?;
    system::list(&mut Vec::new())?;
    let open_files = prepare()?;
    let outbox = link.map_or_else(Outbox::default, |link| Outbox::new(link.socket));
    let spawner = Spawner::new(open_files)?;
    let mut table = Table::new(mark, outbox);
    let update = Update::Session(session.to_owned());
    table.outbox.send(&update, Vec::new());
    let waker = Waker::new()?;
    if RUNNING.swap(true, Ordering::SeqCst) {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let inbox: &'static Inbox = Box::leak(Box::new(Inbox {
        requests: Mutex::default(),
        waker,
    }));
    let worker = Worker {
        table,
        spawner,
        inbox,
        events,
        up_after_success: HashSet::new(),
        rounds: HashMap::new(),
        ending: Ending::No,
        scans_before_end: 0,
    };
    let thread = std::thread::Builder::new().name("processes".to_owned());
    let started = thread.spawn(move || {
        // A signal goes to a thread that does not block it: this is the only one.
        let ready = set_blocked(&[Signal::SIGCHLD], false)
            .and_then(|()| Ok(inbox.waker.wake_on(&[Signal::SIGCHLD])?));
        debug_assert!(ready.is_ok(), "a known signal");
        worker.run();
        RUNNING.store(false, Ordering::SeqCst);
    });
    if let Err(error) = started {
        RUNNING.store(false, Ordering::SeqCst);
        return Err(error);
    }
    Ok(Processes { inbox })
}

/// The state of the session's end.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// Not requested.
    No,
    /// What is left was sent SIGTERM.
    Terminating { until: Instant },
    /// What is left was sent SIGKILL.
    Killing { until: Instant },
}

/// What the thread owns.
struct Worker<F> {
    table: Table,
    spawner: Spawner,
    inbox: &'static Inbox,
    events: F,
    /// The services whose success makes them up, see [`Teardown::up_after_success`].
    up_after_success: HashSet<usize>,
    /// The newest round of each requested takedown, by service.
    rounds: HashMap<usize, u32>,
    ending: Ending,
    /// The number of scans when the end was requested: only later ones count.
    scans_before_end: u64,
}

impl<F: Fn(Event)> Worker<F> {
    /// Runs until the session has ended.
    fn run(mut self) {
        let mut notices = Vec::new();
        loop {
            self.wait();
            self.inbox.waker.clear();
            if take_caught([Signal::SIGCHLD]) {
                self.table.children_changed(&mut notices);
            }
            if self.table.outbox.guardian_lost() {
                (self.events)(Event::GuardianLost);
            }
            self.table.outbox.flush();
            self.perform_all();
            self.table.perform_due(&mut notices);
            for notice in notices.drain(..) {
                if let Some(event) = self.event(notice) {
                    (self.events)(event);
                }
            }
            if let Some(left) = self.end() {
                self.table.outbox.send(&Update::Finished, Vec::new());
                self.table.outbox.wait_until_sent();
                (self.events)(Event::Finished { left });
                return;
            }
        }
    }

    fn wait(&self) {
        let timeout = poll_until(self.next_time());
        let mut fds = vec![PollFd::new(self.inbox.waker.as_fd(), PollFlags::POLLIN)];
        if let Some((socket, flags)) = self.table.outbox.interest() {
            fds.push(PollFd::new(socket, flags));
        }
        // Interrupted or not: the loop looks at all sources.
        let _ = poll(&mut fds, timeout);
    }

    fn next_time(&self) -> Option<Instant> {
        let ending = match self.ending {
            Ending::No => None,
            Ending::Terminating { until } | Ending::Killing { until } => Some(until),
        };
        [self.table.due(), ending].into_iter().flatten().min()
    }

    /// Handles the requests in order; consecutive starts are made together.
    fn perform_all(&mut self) {
        let mut spawns = Vec::new();
        for request in take(&mut *self.inbox.lock()) {
            match request {
                Request::Spawn(request, teardown) => spawns.push((request, teardown)),
                other => {
                    self.spawn(&take(&mut spawns));
                    self.perform(other);
                }
            }
        }
        self.spawn(&spawns);
    }

    fn perform(&mut self, request: Request) {
        match request {
            Request::Spawn(request, teardown) => self.spawn(&[(request, teardown)]),
            Request::Redefine(service, teardown) => {
                self.table.set_stop_signal(service, teardown.signal);
                // Should it fail, the guardian takes it down as it was to be before.
                let _ = announce_teardown(&mut self.table, service, &teardown);
            }
            Request::TakeDown {
                service,
                mode,
                round,
            } => {
                self.rounds.insert(service, round);
                self.table.take_down(Target::Service(service), mode);
            }
            Request::EndLife { life } => {
                if self.table.has(life) {
                    self.table.take_down(Target::Run(life), Mode::Kill);
                }
            }
            Request::KillAll => self.table.kill_all(),
            Request::Finish => self.finish(),
        }
    }

    fn spawn(&mut self, requests: &[(SpawnRequest, Option<Teardown>)]) {
        let events = &self.events;
        if self.table.is_killing_all() || !matches!(self.ending, Ending::No) {
            for (request, _) in requests {
                let (life, error) = (request.life, SpawnError::Ending);
                events(Event::SpawnFailed { life, error });
            }
            return;
        }
        for (request, teardown) in requests {
            if teardown.as_ref().is_some_and(|t| t.up_after_success) {
                self.up_after_success.insert(request.service);
            } else if request.role == Role::Service {
                self.up_after_success.remove(&request.service);
            }
        }
        self.spawner
            .spawn(&mut self.table, requests, |request, result| {
                let life = request.life;
                events(match result {
                    Ok(spawned) => Event::Spawned {
                        life,
                        pid: spawned.pid,
                        streams: spawned.streams,
                    },
                    Err(error) => Event::SpawnFailed { life, error },
                });
            });
    }

    fn finish(&mut self) {
        let now = Instant::now();
        self.scans_before_end = self.table.scans();
        if self.table.is_killing_all() {
            self.table.take_down(Target::Everything, Mode::Kill);
            self.ending = Ending::Killing {
                until: now + KILL_TIMEOUT,
            };
        } else {
            self.table.take_down(Target::Everything, Mode::Terminate);
            self.ending = Ending::Terminating {
                until: now + FINAL_GRACE,
            };
        }
    }

    /// The event for a notice; what the guardian must know of it is sent.
    fn event(&mut self, notice: Notice) -> Option<Event> {
        Some(match notice {
            Notice::Exited { life, end, left } => Event::Exited { life, end, left },
            Notice::Left { life, left } => Event::Left { life, left },
            Notice::RunGone {
                life,
                service,
                role,
                end,
            } => {
                let up = role == Role::Service
                    && end == End::Code(0)
                    && self.up_after_success.contains(&service);
                let update = Update::RunGone { life, up };
                self.table.outbox.send(&update, Vec::new());
                match role {
                    Role::Service => return None,
                    Role::StopCommand | Role::Probe => Event::LifeGone { life },
                }
            }
            Notice::Gone(Target::Service(service)) => {
                let update = Update::ServiceGone { service };
                self.table.outbox.send(&update, Vec::new());
                // Nobody waits for what only `KillAll` has taken down.
                let round = self.rounds.remove(&service)?;
                Event::Gone { service, round }
            }
            Notice::Unowned { service, processes } => Event::Unowned {
                service,
                round: *self.rounds.get(&service)?,
                processes,
            },
            Notice::Remaining(Target::Service(service), processes) => Event::Remaining {
                service,
                round: *self.rounds.get(&service)?,
                processes,
            },
            Notice::Gone(_) | Notice::Remaining(..) => return None,
        })
    }

    /// What is left, once the session has ended.
    fn end(&mut self) -> Option<Vec<ProcessInfo>> {
        let everything = Target::Everything;
        let now = Instant::now();
        match self.ending {
            Ending::No => None,
            _ if !self.table.is_taking_down(everything) => Some(Vec::new()),
            _ if self.table.scans() > self.scans_before_end
                && self.table.all_denied(everything) =>
            {
                Some(self.table.remaining(everything))
            }
            Ending::Terminating { until } if until <= now => {
                self.table.take_down(everything, Mode::Kill);
                self.ending = Ending::Killing {
                    until: now + KILL_TIMEOUT,
                };
                None
            }
            Ending::Killing { until } if until <= now => Some(self.table.remaining(everything)),
            Ending::Terminating { .. } | Ending::Killing { .. } => None,
        }
    }
}
