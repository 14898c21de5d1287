//! A service as others see it: its standing, and its published facts. Nothing here changes it.

use serde::{Deserialize, Serialize};

use super::{Lifecycle, Now, State};
use crate::facts::{End, Kind, ProcessInfo, Reason, Status};

/// What is published of a service beyond its name and place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Its status.
    pub status: Status,
    /// Whether its terminal startup state is reached.
    pub up: bool,
    /// The reason for its status, if there is one.
    pub reason: Option<Reason>,
    /// The leader's process id while it lives.
    pub pid: Option<u32>,
    /// How its last life ended, when it has.
    pub end: Option<End>,
}

/// Whether a service is up, down or in between, as far as others need to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not running, and nothing under way to change that.
    Down(Rest),
    /// On its way up, no process yet (or not known yet).
    Starting,
    /// It has a process and is not up yet.
    Coming,
    /// Its terminal startup state is reached.
    Up,
    /// Its leader is gone and the failure is about to be published.
    Falling,
    /// On its way down.
    Stopping,
}

/// Why a service is down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Not started yet.
    Unknown,
    /// Stopped, or never wanted.
    Stopped,
    /// Failed.
    Failed,
}

impl Lifecycle {
    /// Its standing.
    pub fn standing(&self) -> Standing {
        match &self.state {
            State::Down { rest, .. } => Standing::Down(*rest),
            State::Starting { .. } => Standing::Starting,
            State::Coming { .. } => Standing::Coming,
            State::Up { .. } => Standing::Up,
            State::Falling(_) => Standing::Falling,
            State::Stopping(_) => Standing::Stopping,
        }
    }

    /// Whether it is down with nothing of an earlier life left or on its way out.
    pub fn is_clear(&self) -> bool {
        matches!(&self.state, State::Down { clearing: None, .. })
    }

    /// Whether [`Event::Start`](super::Event::Start) is legal: it is down, or a oneshot that may run again.
    pub fn may_start(&self) -> bool {
        match self.state {
            State::Down { .. } => true,
            State::Up { .. } => self.spec.kind == Kind::Oneshot,
            _ => false,
        }
    }

    /// Whether its last stop could not be carried out.
    pub fn could_not_stop(&self) -> bool {
        matches!(self.state, State::Down { .. }) && (self.stuck || self.port_held)
    }

    /// Daemon or oneshot.
    pub fn kind(&self) -> Kind {
        self.spec.kind
    }

    /// Why it failed, when it has: for results and for those it blocks.
    pub fn failure(&self) -> Option<&Reason> {
        match &self.state {
            State::Down {
                rest: Rest::Failed,
                reason,
                ..
            } => reason.as_ref(),
            _ => None,
        }
    }

    /// What ran at the end of its last stop and may be of it, for all that is known.
    pub fn unowned(&self) -> &[ProcessInfo] {
        &self.unowned
    }

    /// The facts to publish now.
    pub fn facts(&self, now: Now) -> Facts {
        Facts {
            status: self.status(),
            up: matches!(self.state, State::Up { .. }),
            reason: self.reason(now),
            pid: self.pid(),
            end: self.end,
        }
    }

    pub(super) fn status(&self) -> Status {
        match &self.state {
            State::Down { rest, .. } => match rest {
                Rest::Unknown => Status::Unknown,
                Rest::Stopped => Status::Stopped,
                Rest::Failed => Status::Failed,
            },
            State::Starting { .. } => Status::Starting,
            State::Coming { .. } => Status::Running,
            State::Up { .. } if self.spec.kind == Kind::Daemon && self.spec.probe.is_none() => {
                Status::Running
            }
            State::Up { .. } => Status::Ready,
            State::Falling(failing) => failing.shown,
            State::Stopping(_) => Status::Stopping,
        }
    }

    fn pid(&self) -> Option<u32> {
        match &self.state {
            State::Coming { pid, .. } | State::Up { pid, .. } => *pid,
            State::Stopping(stop) => stop.pid,
            State::Down { .. } | State::Starting { .. } | State::Falling(_) => None,
        }
    }

    /// The reason for its status, as far as one service knows it.
    pub fn reason(&self, now: Now) -> Option<Reason> {
        match &self.state {
            State::Down { reason, .. } => reason.clone(),
            State::Starting { step, .. } => Some(step.reason(now)),
            State::Coming { work, .. } => work.reason(now, self.spec.probe.as_ref()),
            State::Up { left: 0, .. } => None,
            State::Up { left, .. } => Some(Reason::LeftBehind { processes: *left }),
            State::Falling(failing) => Some(failing.reason(true)),
            State::Stopping(stop) => Some(stop.reason(now)),
        }
    }

    /// Whether its published state changes with time alone, because it waits for something.
    pub fn is_waiting(&self) -> bool {
        match &self.state {
            State::Down { clearing, .. } => clearing.is_some(),
            State::Up { .. } => false,
            State::Starting { .. }
            | State::Coming { .. }
            | State::Falling(_)
            | State::Stopping(_) => true,
        }
    }
}
