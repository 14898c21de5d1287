//! The guardian after the server's death: it takes the stack down as the server would have
//! (docs/lifecycle.md, The guardian).

use std::collections::BTreeMap;
use std::io;
use std::mem::take;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, poll};
use nix::sys::signal::Signal;

use super::drain::Drain;
use super::session::{Channel, KnownSession};
use crate::process::link::outbox::Outbox;
use crate::process::message::{
    End, LAST_GRACE, LifeId, Mode, ProcessInfo, Role, SpawnRequest, Stdio, StopScope,
};
use crate::process::ownership::mark::Mark;
use crate::process::ownership::runs::{Run, Stage as RunStage};
use crate::process::signals::REQUESTS;
use crate::process::spawn::{Spawner, output_id};
use crate::process::system::poll_until;
use crate::process::system::waker::{Waker, take_caught};
use crate::process::table::{Notice, Table};
use crate::process::takedown::{FINAL_GRACE, KILL_TIMEOUT, Target};

/// How long a `stopCmd` may take.
const STOP_COMMAND_TIMEOUT: Duration = Duration::from_secs(30);

/// The state of a service. `until` is when the next step is due.
#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Its `stopCmd` runs.
    Stopping { command: LifeId, until: Instant },
    /// Its `stopCmd` has succeeded.
    Settling { until: Instant },
    /// Its leader was sent the stop signal; SIGKILL comes at `end`.
    Asking { until: Instant, end: Instant },
    /// It was sent the stop signal.
    Terminating { until: Instant },
    /// It was sent SIGKILL.
    Killing { until: Instant },
}

impl Stage {
    fn until(self) -> Instant {
        match self {
            Self::Stopping { until, .. }
            | Self::Settling { until }
            | Self::Asking { until, .. }
            | Self::Terminating { until }
            | Self::Killing { until } => until,
        }
    }
}

/// A stack being taken down by the guardian.
pub(super) struct Teardown<'a> {
    table: Table,
    session: KnownSession,
    spawner: Spawner,
    drain: Drain,
    waker: &'a Waker,
    /// Children that the server had just forked may still send their pids.
    socket: Option<&'a OwnedFd>,
    /// The services of the current wave that are not done.
    stages: BTreeMap<usize, Stage>,
    /// After the last wave: the takedown of whatever is left.
    rest: Option<Stage>,
    /// The id of the next stop command that begins here, counted down from the largest.
    next_life: u64,
    left: Vec<ProcessInfo>,
}

impl<'a> Teardown<'a> {
    pub(super) fn new(
        session: KnownSession,
        spawner: Spawner,
        waker: &'a Waker,
        socket: &'a OwnedFd,
    ) -> Self {
        // Without a name nothing was started yet.
        let mark = session.name.as_deref().and_then(Mark::new);
        let mark = mark.unwrap_or_else(Mark::unused);
        Self {
            table: Table::new(mark, Outbox::default()),
            session,
            spawner,
            drain: Drain::new(),
            waker,
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
        self.add_runs();
        // The owners are found best before anything dies.
        self.table.scan(&mut notices);
        loop {
            self.listen();
            self.add_runs();
            self.drain.drain();
            if take_caught(REQUESTS) {
                self.kill_all();
            }
            if take_caught([Signal::SIGCHLD]) {
                self.table.children_changed(&mut notices);
            }
            self.table.perform_due(&mut notices);
            for notice in notices.drain(..) {
                self.handle(&notice);
            }
            self.advance();
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
            && self.session.read(socket) == Channel::Closed
        {
            self.socket = None;
        }
    }

    /// Adds the runs that the session has learned of to the table.
    fn add_runs(&mut self) {
        for (&id, run) in &mut self.session.runs {
            let outputs = [run.outputs.first(), run.outputs.get(1)];
            let outputs = outputs.map(|output| output.and_then(output_id));
            if let Some(leader) = run.leader.take().filter(|_| !self.table.has(id)) {
                let started = Run {
                    service: run.service,
                    role: run.role,
                    leader,
                    outputs,
                    stage: RunStage::Running,
                };
                self.table.add(id, started);
            }
            self.drain.add(take(&mut run.outputs));
        }
    }

    /// Begins the highest wave that is left, all its services at once; after the last one, takes down the rest.
    fn next_wave(&mut self) {
        let now = Instant::now();
        let Some(wave) = self.session.services.values().map(|known| known.wave).max() else {
            self.table.take_down(Target::Everything, Mode::Terminate);
            self.rest = Some(Stage::Terminating {
                until: now + FINAL_GRACE,
            });
            return;
        };
        let services: Vec<usize> = self
            .session
            .services
            .iter()
            .filter(|(_, known)| known.wave == wave)
            .map(|(&service, _)| service)
            .collect();
        for service in services {
            let stage = self.begin(service, now);
            self.stages.insert(service, stage);
        }
    }

    fn begin(&mut self, service: usize, now: Instant) -> Stage {
        if let Some(known) = self.session.services.get(&service) {
            self.table.set_stop_signal(service, known.signal);
        }
        match self.stop_command(service) {
            Some(command) => Stage::Stopping {
                command,
                until: now + STOP_COMMAND_TIMEOUT,
            },
            None => self.ask(service, now),
        }
    }

    /// The run of a service's `stopCmd`: the one the server had begun, or a new one. `None` when it has
    /// none, or when it cannot be run.
    fn stop_command(&mut self, service: usize) -> Option<LifeId> {
        let running = self.session.runs.iter().find(|(id, run)| {
            run.service == service && run.role == Role::StopCommand && self.table.has(**id)
        });
        if let Some((&life, _)) = running {
            return Some(life);
        }
        let known = self.session.services.get(&service)?;
        let due = known.up || !self.table.remaining(Target::Service(service)).is_empty();
        let command = known.stop_command().filter(|_| due)?;
        let life = LifeId(self.next_life);
        self.next_life -= 1;
        let request = SpawnRequest {
            life,
            service,
            role: Role::StopCommand,
            argv: command.argv,
            env: command.env,
            cwd: command.cwd,
            stdio: Stdio::Null,
        };
        let mut begun = None;
        let (drain, table) = (&mut self.drain, &mut self.table);
        self.spawner.spawn(table, &[(request, None)], |_, result| {
            if let Ok(spawned) = result {
                drain.add(spawned.streams.into_outputs());
                begun = Some(life);
            }
        });
        begun
    }

    /// Signals a service as its scope asks for.
    fn ask(&mut self, service: usize, now: Instant) -> Stage {
        let known = self.session.services.get(&service);
        let (grace, scope) = known.map_or_else(Default::default, |it| (it.grace, it.scope));
        match scope {
            StopScope::Group => self.terminate(service, now + grace),
            StopScope::Leader => {
                let target = Target::Service(service);
                self.table.take_down(target, Mode::Leader);
                let (until, end) = (now + grace / 2, now + grace);
                Stage::Asking { until, end }
            }
        }
    }

    /// Signals all that a service has.
    fn terminate(&mut self, service: usize, until: Instant) -> Stage {
        let target = Target::Service(service);
        self.table.take_down(target, Mode::Terminate);
        Stage::Terminating { until }
    }

    fn grace(&self, service: usize) -> Duration {
        let known = self.session.services.get(&service);
        known.map_or(Duration::ZERO, |known| known.grace)
    }

    fn handle(&mut self, notice: &Notice) {
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
                        until: now + self.grace(service),
                    }
                } else {
                    self.ask(service, now)
                };
                self.stages.insert(service, stage);
            }
            Notice::Gone(_)
            | Notice::Unowned { .. }
            | Notice::Left { .. }
            | Notice::RunGone { .. }
            | Notice::Remaining(..) => {}
        }
    }

    fn done(&mut self, service: usize) {
        self.stages.remove(&service);
        self.session.services.remove(&service);
    }

    /// Moves services past their deadlines to the next step.
    fn advance(&mut self) {
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
                    self.table.take_down(Target::Run(command), Mode::Kill);
                    self.ask(service, now)
                }
                Stage::Settling { .. } => self.terminate(service, now + LAST_GRACE),
                Stage::Asking { end, .. } => self.terminate(service, end),
                Stage::Terminating { .. } => {
                    self.table.take_down(target, Mode::Kill);
                    Stage::Killing {
                        until: now + KILL_TIMEOUT,
                    }
                }
                Stage::Killing { .. } => {
                    self.done(service);
                    continue;
                }
            };
            self.stages.insert(service, next);
        }
        self.advance_rest(now);
    }

    fn advance_rest(&mut self, now: Instant) {
        match self.rest {
            Some(Stage::Terminating { until }) if until <= now => {
                self.table.take_down(Target::Everything, Mode::Kill);
                self.rest = Some(Stage::Killing {
                    until: now + KILL_TIMEOUT,
                });
            }
            Some(Stage::Killing { until }) if until <= now => {
                self.left = self.table.remaining(Target::Everything);
                self.table.give_up(Target::Everything);
            }
            _ => {}
        }
    }

    /// Another request to end: kills everything at once.
    fn kill_all(&mut self) {
        self.table.kill_all();
        self.stages.clear();
        self.session.services.clear();
        self.table.take_down(Target::Everything, Mode::Kill);
        self.rest = Some(Stage::Killing {
            until: Instant::now() + KILL_TIMEOUT,
        });
    }

    fn wait(&self) {
        let due = self
            .stages
            .values()
            .chain(&self.rest)
            .map(|stage| stage.until());
        let timeout = poll_until(due.chain(self.table.due()).min());
        let socket = self.socket.map(AsFd::as_fd);
        let mut fds: Vec<PollFd<'_>> = std::iter::once(self.waker.as_fd())
            .chain(socket)
            .chain(self.drain.fds())
            .map(|fd| PollFd::new(fd, PollFlags::POLLIN))
            .collect();
        let _ = poll(&mut fds, timeout);
        self.waker.clear();
    }
}
