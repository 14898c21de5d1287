//! The guardian after the server: it takes the stack down as the server would have (SPEC 4.4, 4.5).

use std::collections::BTreeMap;
use std::io;
use std::mem::take;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;

use super::drain::Drain;
use super::ledger::{Account, Ledger, Mail};
use super::mailbox::Mailbox;
use crate::process::bell::{Bell, caught_of};
use crate::process::lives::{Life, Stage as LifeStage};
use crate::process::mark::Mark;
use crate::process::signals::REQUESTS;
use crate::process::spawn::{Spawner, inode};
use crate::process::table::{Notice, Table};
use crate::process::takedown::Target;
use crate::process::worker::{GIVE_UP, LAST_GRACE, whole_millis};
use crate::process::{End, LifeId, Mode, ProcessInfo, Role, SpawnRequest, Stdin};

/// How long a `stopCmd` may take.
const STOP_COMMAND: Duration = Duration::from_secs(30);
/// How long what a `stopCmd` has stopped may take to be gone after it.
const SETTLING: Duration = Duration::from_secs(1);

/// How far a service has come. `until` is when the next step is due.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Its `stopCmd` runs.
    Stopping { command: LifeId, until: Instant },
    /// Its `stopCmd` has ended well.
    Settling { until: Instant },
    /// It has had SIGTERM.
    Terminating { until: Instant },
    /// It has had SIGKILL.
    Killing { until: Instant },
}

impl Stage {
    fn until(self) -> Instant {
        match self {
            Self::Stopping { until, .. }
            | Self::Settling { until }
            | Self::Terminating { until }
            | Self::Killing { until } => until,
        }
    }
}

/// A stack being taken down by the guardian.
pub(super) struct Teardown<'a> {
    table: Table,
    ledger: Ledger,
    spawner: Spawner,
    drain: Drain,
    bell: &'a Bell,
    /// Children that the server had just forked may still tell of themselves.
    socket: Option<&'a OwnedFd>,
    /// The services of the present wave that are not done.
    stages: BTreeMap<usize, Stage>,
    /// The end of it all: what is left after the last wave.
    rest: Option<Stage>,
    /// For the runs of stop commands that begin here, counted down from the largest.
    next_life: u64,
    left: Vec<ProcessInfo>,
}

impl<'a> Teardown<'a> {
    pub(super) fn new(
        ledger: Ledger,
        spawner: Spawner,
        bell: &'a Bell,
        socket: &'a OwnedFd,
    ) -> Self {
        // Without a name nothing was started yet, so that any will do.
        let mark = ledger.session.as_deref().and_then(Mark::new);
        let mark = mark.unwrap_or_else(Mark::of_nobody);
        Self {
            table: Table::new(mark, Mailbox::default()),
            ledger,
            spawner,
            drain: Drain::new(),
            bell,
            socket: Some(socket),
            stages: BTreeMap::new(),
            rest: None,
            next_life: u64::MAX,
            left: Vec::new(),
        }
    }

    /// Takes everything down; returns what could not be ended.
    pub(super) fn run(mut self) -> io::Result<Vec<ProcessInfo>> {
        let mut notices = Vec::new();
        self.enter_runs();
        // Whose the processes are is best told before anything dies.
        self.table.look(&mut notices);
        loop {
            self.listen();
            self.enter_runs();
            self.drain.drain();
            if caught_of(REQUESTS).contains(&true) {
                self.kill_all();
            }
            if caught_of([Signal::SIGCHLD]) == [true] {
                self.table.children_changed(&mut notices);
            }
            if self.table.due().is_some_and(|due| due <= Instant::now()) {
                self.table.look(&mut notices);
            }
            for notice in notices.drain(..) {
                self.take_note(&notice);
            }
            self.take_steps();
            if self.stages.is_empty() && self.rest.is_none() {
                self.next_wave();
            }
            if self.rest.is_some() && !self.table.is_taking_down(Target::Everything) {
                return Ok(self.left);
            }
            self.wait();
        }
    }

    fn listen(&mut self) {
        if let Some(socket) = self.socket
            && self.ledger.read(socket) == Mail::Closed
        {
            self.socket = None;
        }
    }

    /// Enters into the table what the ledger has learned of.
    fn enter_runs(&mut self) {
        for (&id, run) in &mut self.ledger.runs {
            let pipes = [run.pipes.first(), run.pipes.get(1)].map(|pipe| pipe.and_then(inode));
            if let Some(leader) = run.leader.take().filter(|_| !self.table.has(id)) {
                let life = Life {
                    service: run.service,
                    role: run.role,
                    leader,
                    pipes,
                    stage: LifeStage::Running,
                };
                self.table.add(id, life);
            }
            self.drain.add(take(&mut run.pipes));
        }
    }

    /// The highest wave that is left, all its services at once; after the last one, whatever is left.
    fn next_wave(&mut self) {
        let now = Instant::now();
        let Some(wave) = self.ledger.accounts.values().map(|a| a.wave).max() else {
            self.table.take_down(Target::Everything, Mode::Terminate);
            self.rest = Some(Stage::Terminating {
                until: now + LAST_GRACE,
            });
            return;
        };
        let services: Vec<usize> = self
            .ledger
            .accounts
            .iter()
            .filter(|(_, account)| account.wave == wave)
            .map(|(&service, _)| service)
            .collect();
        for service in services {
            let stage = self.begin(service, now);
            self.stages.insert(service, stage);
        }
    }

    fn begin(&mut self, service: usize, now: Instant) -> Stage {
        match self.stop_command(service) {
            Some(command) => Stage::Stopping {
                command,
                until: now + STOP_COMMAND,
            },
            None => self.terminate(service, now),
        }
    }

    /// The run of a service's `stopCmd`: the one the server had begun, or a new one. `None` when it has
    /// none, or when it cannot be run.
    fn stop_command(&mut self, service: usize) -> Option<LifeId> {
        let running = self.ledger.runs.iter().find(|(id, run)| {
            run.service == service && run.role == Role::StopCommand && self.table.has(**id)
        });
        if let Some((&life, _)) = running {
            return Some(life);
        }
        let account = self.ledger.accounts.get(&service)?;
        let due = account.up || !self.table.remaining(Target::Service(service)).is_empty();
        let command = account.stop_command().filter(|_| due)?;
        let life = LifeId(self.next_life);
        self.next_life -= 1;
        let request = SpawnRequest {
            life,
            service,
            role: Role::StopCommand,
            argv: command.argv,
            env: command.env,
            cwd: command.cwd,
            stdin: Stdin::Null,
        };
        let mut begun = None;
        let (drain, table) = (&mut self.drain, &mut self.table);
        self.spawner.spawn(table, &[(request, None)], |_, result| {
            if let Ok(spawned) = result {
                drain.add([spawned.stdout, spawned.stderr]);
                begun = Some(life);
            }
        });
        begun
    }

    fn terminate(&mut self, service: usize, now: Instant) -> Stage {
        self.table
            .take_down(Target::Service(service), Mode::Terminate);
        let grace = self
            .ledger
            .accounts
            .get(&service)
            .map(|a: &Account| a.grace);
        Stage::Terminating {
            until: now + grace.unwrap_or_default(),
        }
    }

    fn take_note(&mut self, notice: &Notice) {
        let now = Instant::now();
        match *notice {
            Notice::Gone(Target::Service(service)) => self.done(service),
            Notice::Exited { life, end, .. } => {
                let stopping = self.stages.iter().find(
                    |(_, stage)| matches!(stage, Stage::Stopping { command, .. } if *command == life),
                );
                let Some((&service, _)) = stopping else {
                    return;
                };
                let stage = if end == End::Code(0) {
                    self.table.take_down(Target::Service(service), Mode::Watch);
                    Stage::Settling {
                        until: now + SETTLING,
                    }
                } else {
                    self.terminate(service, now)
                };
                self.stages.insert(service, stage);
            }
            Notice::Gone(_) | Notice::Left { .. } | Notice::Over { .. } | Notice::Remaining(..) => {
            }
        }
    }

    fn done(&mut self, service: usize) {
        self.stages.remove(&service);
        self.ledger.accounts.remove(&service);
    }

    /// Whatever has had its time.
    fn take_steps(&mut self) {
        let now = Instant::now();
        let due: Vec<(usize, Stage)> = self
            .stages
            .iter()
            .filter(|(_, stage)| stage.until() <= now)
            .map(|(&service, &stage)| (service, stage))
            .collect();
        for (service, stage) in due {
            let target = Target::Service(service);
            let next = match stage {
                Stage::Stopping { command, .. } => {
                    self.table.take_down(Target::Life(command), Mode::Kill);
                    self.terminate(service, now)
                }
                Stage::Settling { .. } => self.terminate(service, now),
                Stage::Terminating { .. } => {
                    self.table.take_down(target, Mode::Kill);
                    Stage::Killing {
                        until: now + GIVE_UP,
                    }
                }
                Stage::Killing { .. } => {
                    self.done(service);
                    continue;
                }
            };
            self.stages.insert(service, next);
        }
        self.end_rest(now);
    }

    fn end_rest(&mut self, now: Instant) {
        match self.rest {
            Some(Stage::Terminating { until }) if until <= now => {
                self.table.take_down(Target::Everything, Mode::Kill);
                self.rest = Some(Stage::Killing {
                    until: now + GIVE_UP,
                });
            }
            Some(Stage::Killing { until }) if until <= now => {
                self.left = self.table.remaining(Target::Everything);
                self.table.give_up(Target::Everything);
            }
            _ => {}
        }
    }

    /// A request to end while the end is under way: no more grace, no more order.
    fn kill_all(&mut self) {
        self.table.kill_all();
        self.stages.clear();
        self.ledger.accounts.clear();
        self.table.take_down(Target::Everything, Mode::Kill);
        self.rest = Some(Stage::Killing {
            until: Instant::now() + GIVE_UP,
        });
    }

    fn wait(&self) {
        let due = self
            .stages
            .values()
            .chain(&self.rest)
            .map(|stage| stage.until());
        let next = due.chain(self.table.due()).min();
        let timeout = next.map_or(PollTimeout::NONE, |next| {
            whole_millis(next.saturating_duration_since(Instant::now()))
        });
        let socket = self.socket.map(AsFd::as_fd);
        let mut fds: Vec<PollFd<'_>> = std::iter::once(self.bell.as_fd())
            .chain(socket)
            .chain(self.drain.fds())
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        let _ = poll(&mut fds, timeout);
        self.bell.hush();
    }
}
