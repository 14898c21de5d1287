//! What the guardian knows of the session, kept up to date while the server lives.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{IoSliceMut, Read, Seek};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

use super::record::{News, RECORD_BYTES, Record};
use super::stop_file;
use crate::process::{LifeId, Role, StopCommand, os};

/// A service that runs or is up.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) wave: usize,
    pub(super) grace: Duration,
    /// Whether it is up without a process.
    pub(super) up: bool,
    /// Holds its `stopCmd`.
    stop: Option<OwnedFd>,
}

/// A run that is not over.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) service: usize,
    pub(super) role: Role,
    /// Its leader, as soon as it is known and as long as it is not reaped.
    pub(super) leader: Option<u32>,
    /// The read ends of its stdout and stderr.
    pub(super) pipes: Vec<OwnedFd>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) session: Option<String>,
    pub(super) accounts: BTreeMap<usize, Account>,
    pub(super) runs: BTreeMap<LifeId, Run>,
    /// Whether the server has said that all is well.
    pub(super) finished: bool,
}

/// Whether more may come through the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(super) enum Mail {
    /// There may be more later.
    Open,
    /// There will be no more.
    Closed,
}

impl Ledger {
    /// Reads what has come. Never waits.
    pub(super) fn read(&mut self, socket: &OwnedFd) -> Mail {
        loop {
            match receive(socket) {
                Ok(Some((record, along))) => {
                    if let Some(news) = record.news() {
                        self.note(news, along);
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Mail::Open,
                Ok(None) | Err(_) => return Mail::Closed,
            }
        }
    }

    /// Whether a service is up without a process, so that its `stopCmd` is due.
    pub(super) fn anything_up(&self) -> bool {
        self.accounts.values().any(|account| account.up)
    }

    /// Whether a process is known as the leader of a run.
    pub(super) fn leads(&self, pid: u32) -> bool {
        self.runs.values().any(|run| run.leader == Some(pid))
    }

    /// Enters one piece of news; `along` are the descriptors that came with it.
    fn note(&mut self, news: News, along: VecDeque<OwnedFd>) {
        match news {
            News::Session(name) => self.session = Some(name),
            News::Teardown {
                service,
                wave,
                grace,
                ..
            } => {
                let up = self.accounts.get(&service).is_some_and(|a| a.up);
                let account = Account {
                    wave,
                    grace,
                    up,
                    stop: along.into_iter().next(),
                };
                self.accounts.insert(service, account);
            }
            News::Begins {
                life,
                service,
                role,
            } => {
                let run = Run {
                    service,
                    role,
                    leader: None,
                    pipes: along.into(),
                };
                self.runs.insert(life, run);
            }
            News::Leader { life, pid } => {
                if let Some(run) = self.runs.get_mut(&life) {
                    run.leader = Some(pid);
                }
            }
            News::Reaped(life) => {
                if let Some(run) = self.runs.get_mut(&life) {
                    run.leader = None;
                }
            }
            News::Over { life, up } => self.over(life, up),
            News::Closed { service } => {
                self.accounts.remove(&service);
            }
            News::Finished => self.finished = true,
        }
    }

    fn over(&mut self, life: LifeId, up: bool) {
        let Some(run) = self.runs.remove(&life) else {
            return;
        };
        let rest = self.runs.values().any(|r| r.service == run.service);
        if let Some(account) = self.accounts.get_mut(&run.service) {
            if run.role == Role::Service {
                account.up = up;
            }
            if !account.up && !rest {
                self.accounts.remove(&run.service);
            }
        }
    }
}

impl Account {
    /// Its `stopCmd`.
    pub(super) fn stop_command(&self) -> Option<StopCommand> {
        let mut file = File::from(self.stop.as_ref()?.try_clone().ok()?);
        let mut bytes = Vec::new();
        file.rewind().ok()?;
        file.read_to_end(&mut bytes).ok()?;
        stop_file::read(&bytes)
    }
}

/// One record with what goes along; `None` at the end.
fn receive(socket: &OwnedFd) -> Result<Option<(Record, VecDeque<OwnedFd>)>, Errno> {
    let mut bytes = [0; RECORD_BYTES];
    let mut control = nix::cmsg_space!([RawFd; 2]);
    let mut along = VecDeque::new();
    let mut parts = [IoSliceMut::new(&mut bytes)];
    let flags = MsgFlags::from_bits_retain(os::RECEIVE_FLAGS);
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)?;
    for part in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(fds) = part {
            // SAFETY: the system has just made them for us, and nobody else knows of them.
            along.extend(fds.iter().map(|&fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    let whole = message.bytes == RECORD_BYTES;
    along.iter().for_each(os::close_on_exec);
    Ok(whole.then(|| (Record::received(bytes), along)))
}
