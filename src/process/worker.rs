//! The thread in the server that owns all processes.

use std::collections::{HashMap, HashSet};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use super::bell::{Bell, caught_of};
use super::guardian::News;
use super::spawn::Spawner;
use super::table::{Notice, Table};
use super::takedown::Target;
use super::{End, Event, Mode, ProcessInfo, Request, Role, SpawnError, SpawnRequest, Teardown};

/// At the end of a session, from SIGTERM to SIGKILL for what has no known owner.
pub(super) const LAST_GRACE: Duration = Duration::from_secs(2);
/// What is there this long after SIGKILL is left behind and reported.
pub(super) const GIVE_UP: Duration = Duration::from_secs(5);

/// Requests on their way to the thread.
#[derive(Debug)]
pub(super) struct Inbox {
    requests: Mutex<Vec<Request>>,
    pub(super) bell: Bell,
}

impl Inbox {
    pub(super) fn new(bell: Bell) -> Self {
        Self {
            requests: Mutex::default(),
            bell,
        }
    }

    pub(super) fn send(&self, request: Request) {
        self.lock().push(request);
        self.bell.ring();
    }

    fn take(&self) -> Vec<Request> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Request>> {
        // A push or a take leaves nothing half done.
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the end of the session has come.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// Nobody has asked for it.
    No,
    /// What is left has had SIGTERM.
    Terminating { until: Instant },
    /// What is left has had SIGKILL.
    Killing { until: Instant },
}

/// What the thread owns.
pub(super) struct Worker<F> {
    table: Table,
    spawner: Spawner,
    inbox: &'static Inbox,
    events: F,
    /// The services whose success makes them up, see [`Teardown::up_after_success`].
    up_after_success: HashSet<usize>,
    /// The newest round of each take-down that was asked for.
    rounds: HashMap<usize, u32>,
    killing_all: bool,
    ending: Ending,
    /// How many looks there had been when the end was asked for: what they showed is not the end.
    looks_before_end: u64,
}

impl<F: Fn(Event)> Worker<F> {
    pub(super) fn new(table: Table, spawner: Spawner, inbox: &'static Inbox, events: F) -> Self {
        Self {
            table,
            spawner,
            inbox,
            events,
            up_after_success: HashSet::new(),
            rounds: HashMap::new(),
            killing_all: false,
            ending: Ending::No,
            looks_before_end: 0,
        }
    }

    /// Works until the session has ended.
    pub(super) fn run(mut self) {
        let mut notices = Vec::new();
        loop {
            self.wait();
            self.inbox.bell.hush();
            if caught_of([Signal::SIGCHLD]) == [true] {
                self.table.children_changed(&mut notices);
            }
            if self.table.mailbox.lost() {
                (self.events)(Event::GuardianLost);
            }
            self.table.mailbox.flush();
            self.perform_all();
            if self.table.due().is_some_and(|due| due <= Instant::now()) {
                self.table.look(&mut notices);
            }
            for notice in notices.drain(..) {
                self.tell(notice);
            }
            if let Some(left) = self.end() {
                self.table.mailbox.post(&News::Finished, Vec::new());
                self.table.mailbox.wait_until_told();
                (self.events)(Event::Finished { left });
                return;
            }
        }
    }

    fn wait(&self) {
        let timeout = match self.next_time() {
            None => PollTimeout::NONE,
            Some(time) => whole_millis(time.saturating_duration_since(Instant::now())),
        };
        let mut fds = vec![PollFd::new(self.inbox.bell.as_fd(), PollFlags::POLLIN)];
        if let Some((socket, flags)) = self.table.mailbox.interest() {
            fds.push(PollFd::new(socket, flags));
        }
        // Interrupted or not: what happened is found out by asking.
        let _ = poll(&mut fds, timeout);
    }

    fn next_time(&self) -> Option<Instant> {
        let ending = match self.ending {
            Ending::No => None,
            Ending::Terminating { until } | Ending::Killing { until } => Some(until),
        };
        [self.table.due(), ending].into_iter().flatten().min()
    }

    /// Does what was asked for, in its order; starts that follow each other are made together.
    fn perform_all(&mut self) {
        let mut spawns = Vec::new();
        for request in self.inbox.take() {
            match request {
                Request::Spawn(request, teardown) => spawns.push((request, teardown)),
                other => {
                    self.spawn(&std::mem::take(&mut spawns));
                    self.perform(other);
                }
            }
        }
        self.spawn(&spawns);
    }

    fn perform(&mut self, request: Request) {
        match request {
            Request::Spawn(request, teardown) => self.spawn(&[(request, teardown)]),
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
                    self.table.take_down(Target::Life(life), Mode::Kill);
                }
            }
            Request::KillAll => {
                self.killing_all = true;
                self.table.kill_all();
            }
            Request::Finish => self.finish(),
        }
    }

    fn spawn(&mut self, requests: &[(SpawnRequest, Option<Teardown>)]) {
        let events = &self.events;
        if self.killing_all || !matches!(self.ending, Ending::No) {
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
                        stdout: spawned.stdout,
                        stderr: spawned.stderr,
                    },
                    Err(error) => Event::SpawnFailed { life, error },
                });
            });
    }

    fn finish(&mut self) {
        let now = Instant::now();
        self.looks_before_end = self.table.looks();
        if self.killing_all {
            self.table.take_down(Target::Everything, Mode::Kill);
            self.ending = Ending::Killing {
                until: now + GIVE_UP,
            };
        } else {
            self.table.take_down(Target::Everything, Mode::Terminate);
            self.ending = Ending::Terminating {
                until: now + LAST_GRACE,
            };
        }
    }

    fn tell(&mut self, notice: Notice) {
        let event = match notice {
            Notice::Exited { life, end, left } => Event::Exited { life, end, left },
            Notice::Left { life, left } => Event::Left { life, left },
            Notice::Over {
                life,
                service,
                role,
                end,
            } => {
                let up = role == Role::Service
                    && end == End::Code(0)
                    && self.up_after_success.contains(&service);
                self.table
                    .mailbox
                    .post(&News::Over { life, up }, Vec::new());
                match role {
                    Role::Service => return,
                    Role::StopCommand | Role::Probe => Event::LifeGone { life },
                }
            }
            Notice::Gone(Target::Service(service)) => {
                self.table
                    .mailbox
                    .post(&News::Closed { service }, Vec::new());
                // What only `KillAll` has taken down, nobody waits for.
                match self.rounds.remove(&service) {
                    Some(round) => Event::Gone { service, round },
                    None => return,
                }
            }
            Notice::Remaining(Target::Service(service), processes) => {
                match self.rounds.get(&service) {
                    Some(&round) => Event::Remaining {
                        service,
                        round,
                        processes,
                    },
                    None => return,
                }
            }
            Notice::Gone(_) | Notice::Remaining(..) => return,
        };
        (self.events)(event);
    }

    /// What is left when the session has ended; `None` as long as it has not.
    fn end(&mut self) -> Option<Vec<ProcessInfo>> {
        let everything = Target::Everything;
        let now = Instant::now();
        match self.ending {
            Ending::No => None,
            _ if !self.table.is_taking_down(everything) => Some(Vec::new()),
            _ if self.table.looks() > self.looks_before_end && self.table.beyond_us(everything) => {
                Some(self.table.remaining(everything))
            }
            Ending::Terminating { until } if until <= now => {
                self.table.take_down(everything, Mode::Kill);
                self.ending = Ending::Killing {
                    until: now + GIVE_UP,
                };
                None
            }
            Ending::Killing { until } if until <= now => Some(self.table.remaining(everything)),
            Ending::Terminating { .. } | Ending::Killing { .. } => None,
        }
    }
}

/// A time to wait, rounded up, so that nobody wakes too early and turns in circles.
pub(super) fn whole_millis(time: Duration) -> PollTimeout {
    let millis = time.as_nanos().div_ceil(1_000_000);
    i32::try_from(millis)
        .ok()
        .and_then(|millis| PollTimeout::try_from(millis).ok())
        .unwrap_or(PollTimeout::MAX)
}
