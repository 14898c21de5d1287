//! The clock of a takedown: when grace ends, when to give up. Pure.

use std::time::Duration;

use super::{Now, ServiceEffect, ms};
use crate::facts::{Ending, ProcessInfo, StopRound, SurvivalReason};
use crate::process::{LAST_GRACE, Mode};

/// How long SIGKILL may take before the takedown is given up as failed. Nothing that may be killed
/// takes this long; remaining processes then belong to another user or are stuck in the kernel.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// The same when none of the remaining processes may be signalled.
const FORBIDDEN_LIMIT: Duration = Duration::from_millis(500);

/// One takedown of everything a service has, from the first signal to the last process.
#[derive(Debug, Clone)]
pub(super) struct Takedown {
    /// Distinguishes it from earlier ones of the same service, so that late answers are ignored.
    pub(super) round: u32,
    /// From the stop signal to SIGKILL.
    grace: Duration,
    stage: Stage,
    /// Who is still there, as last seen.
    pub(super) remaining: Vec<ProcessInfo>,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    /// Only watching: the stop command has ended.
    Settle { since: Now },
    /// The leader has the stop signal.
    Leader { since: Now },
    /// All have it.
    Terminate { since: Now, until: Now },
    /// SIGKILL sent.
    Kill { since: Now },
}

impl Takedown {
    /// Begins in this mode; send its [`effect`](Self::effect).
    pub(super) fn new(round: u32, now: Now, grace: Duration, mode: Mode) -> Self {
        let since = now;
        let stage = match mode {
            Mode::Watch => Stage::Settle { since },
            Mode::Leader => Stage::Leader { since },
            Mode::Terminate => Stage::Terminate {
                since,
                until: now + grace,
            },
            Mode::Kill => Stage::Kill { since },
        };
        Self {
            round,
            grace,
            stage,
            remaining: Vec::new(),
        }
    }

    /// What its stage asks of the processes.
    pub(super) fn effect(&self) -> ServiceEffect {
        let mode = match self.stage {
            Stage::Settle { .. } => Mode::Watch,
            Stage::Leader { .. } => Mode::Leader,
            Stage::Terminate { .. } => Mode::Terminate,
            Stage::Kill { .. } => Mode::Kill,
        };
        ServiceEffect::TakeDown(self.round, mode)
    }

    /// Sends SIGKILL now, unless it was sent already.
    pub(super) fn skip_grace(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        if !matches!(self.stage, Stage::Kill { .. }) {
            self.stage = Stage::Kill { since: now };
            out.push(self.effect());
        }
    }

    /// When time next matters.
    pub(super) fn deadline(&self) -> Now {
        match self.stage {
            Stage::Settle { since } => since + self.grace,
            Stage::Leader { since } => since + self.grace / 2,
            Stage::Terminate { until, .. } => until,
            Stage::Kill { since } => since + self.kill_limit(),
        }
    }

    /// Proceeds to the next signal when that is due; false when there is none and processes remain.
    #[must_use]
    pub(super) fn tick(&mut self, now: Now, out: &mut Vec<ServiceEffect>) -> bool {
        if now < self.deadline() {
            return true;
        }
        self.stage = match self.stage {
            Stage::Settle { .. } => Stage::Terminate {
                since: now,
                until: now + LAST_GRACE,
            },
            Stage::Leader { since } => Stage::Terminate {
                since,
                until: since + self.grace,
            },
            Stage::Terminate { .. } => Stage::Kill { since: now },
            Stage::Kill { .. } => return false,
        };
        out.push(self.effect());
        true
    }

    /// How far it is.
    pub(super) fn ending(&self, now: Now) -> Ending {
        let (round, began, grace) = match self.stage {
            Stage::Settle { since } => (StopRound::Settle, since, Some(self.grace)),
            Stage::Leader { since } => (StopRound::Term, since, Some(self.grace)),
            Stage::Terminate { since, until } => {
                (StopRound::Term, since, Some(until.saturating_sub(since)))
            }
            Stage::Kill { since } => (StopRound::Kill, since, None),
        };
        Ending {
            round,
            elapsed_ms: ms(now.saturating_sub(began)),
            grace_ms: grace.map(ms),
            left: self.remaining.clone(),
        }
    }

    fn kill_limit(&self) -> Duration {
        let forbidden = !self.remaining.is_empty()
            && self
                .remaining
                .iter()
                .all(|process| process.why == Some(SurvivalReason::OtherUser));
        if forbidden {
            FORBIDDEN_LIMIT
        } else {
            KILL_LIMIT
        }
    }
}
