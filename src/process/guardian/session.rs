//! What the guardian knows of the session, kept up to date while the server runs.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::OwnedFd;
use std::time::Duration;

use nix::errno::Errno;

use crate::process::link::frame::Update;
use crate::process::link::{receive, stop_file};
use crate::process::message::{LifeId, Role, Stdio, StopCommand, StopScope, StopSignal};

/// A service that runs or is up.
#[derive(Debug)]
pub(super) struct KnownService {
    pub(super) wave: usize,
    pub(super) grace: Duration,
    pub(super) signal: StopSignal,
    pub(super) scope: StopScope,
    /// Whether it is up without a process.
    pub(super) up: bool,
    /// The file with its `stopCmd`.
    stop: Option<OwnedFd>,
}

/// A run of which something is left.
#[derive(Debug)]
pub(super) struct KnownRun {
    pub(super) service: usize,
    pub(super) role: Role,
    /// Its leader, once known and until reaped.
    pub(super) leader: Option<u32>,
    /// What is read of it: its pipes, or the master of its terminal.
    pub(super) outputs: Vec<OwnedFd>,
    /// The write end of its stdin, held open.
    _stdin: Option<OwnedFd>,
}

/// The session.
#[derive(Debug, Default)]
pub(super) struct KnownSession {
    pub(super) name: Option<String>,
    pub(super) services: BTreeMap<usize, KnownService>,
    pub(super) runs: BTreeMap<LifeId, KnownRun>,
    /// Whether the server has ended the session in order.
    pub(super) finished: bool,
}

/// The state of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Channel {
    /// More may come.
    Open,
    /// Nothing more will come.
    Closed,
}

impl KnownSession {
    /// Reads all updates that have come. Never waits.
    pub(super) fn read(&mut self, socket: &OwnedFd) -> Channel {
        loop {
            match receive(socket) {
                Ok((update, attached)) => {
                    if let Some(update) = update {
                        self.apply(update, attached);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Channel::Open,
                Err(_) => return Channel::Closed,
            }
        }
    }

    /// Whether a service is up without a process, so that its `stopCmd` is due.
    pub(super) fn anything_up(&self) -> bool {
        self.services.values().any(|known| known.up)
    }

    /// Whether a process is the leader of a run.
    pub(super) fn leads(&self, pid: u32) -> bool {
        self.runs.values().any(|run| run.leader == Some(pid))
    }

    /// Applies one update with the descriptors attached to it.
    fn apply(&mut self, update: Update, attached: Vec<OwnedFd>) {
        match update {
            Update::Session(name) => self.name = Some(name),
            Update::Teardown {
                service,
                wave,
                grace,
                signal,
                scope,
                ..
            } => {
                let up = self.services.get(&service).is_some_and(|known| known.up);
                let known = KnownService {
                    wave,
                    grace,
                    signal,
                    scope,
                    up,
                    stop: attached.into_iter().next(),
                };
                self.services.insert(service, known);
            }
            Update::Starting {
                life,
                service,
                role,
                stdio,
            } => {
                let mut outputs = attached;
                let stdin = (stdio == Stdio::Open).then(|| outputs.pop()).flatten();
                let run = KnownRun {
                    service,
                    role,
                    leader: None,
                    outputs,
                    _stdin: stdin,
                };
                self.runs.insert(life, run);
            }
            Update::Leader { life, pid } => {
                if let Some(run) = self.runs.get_mut(&life) {
                    run.leader = Some(pid);
                }
            }
            Update::Reaped(life) => {
                if let Some(run) = self.runs.get_mut(&life) {
                    run.leader = None;
                }
            }
            Update::RunGone { life, up } => self.run_gone(life, up),
            Update::ServiceGone { service } => {
                self.services.remove(&service);
            }
            Update::Finished => self.finished = true,
        }
    }

    fn run_gone(&mut self, life: LifeId, up: bool) {
        let Some(run) = self.runs.remove(&life) else {
            return;
        };
        let rest = self.runs.values().any(|r| r.service == run.service);
        if let Some(known) = self.services.get_mut(&run.service) {
            if run.role == Role::Service {
                known.up = up;
            }
            if !known.up && !rest {
                self.services.remove(&run.service);
            }
        }
    }
}

impl KnownService {
    /// Reads its `stopCmd`.
    pub(super) fn stop_command(&self) -> Option<StopCommand> {
        let mut file = File::from(self.stop.as_ref()?.try_clone().ok()?);
        let mut bytes = Vec::new();
        file.rewind().ok()?;
        file.read_to_end(&mut bytes).ok()?;
        stop_file::read(&bytes)
    }
}
