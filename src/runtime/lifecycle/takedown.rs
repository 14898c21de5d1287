//! The clock of a takedown: when grace ends, when to give up. Pure.

use std::time::Duration;

use super::{Now, ms};
use crate::facts::{Ending, ProcessInfo, StopRound, SurvivalReason};
use crate::process::{LAST_GRACE, Mode};

/// How long SIGKILL may take before the takedown is given up as failed. Nothing that may be killed
/// takes this long; what is left then is another user's or stuck in the kernel.
const KILL_LIMIT: Duration = Duration::from_secs(5);
/// The same when the system has already said that none of what is left may be signalled.
const FORBIDDEN_LIMIT: Duration = Duration::from_millis(500);

/// One takedown of everything a service has, from the first signal to the last process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Takedown {
    /// Distinguishes it from earlier ones of the same service, so that late answers are ignored.
    pub round: u32,
    /// When it began.
    pub since: Now,
    /// From the stop signal to SIGKILL.
    grace: Duration,
    stage: Stage,
    /// Who is still there, as last seen.
    pub remaining: Vec<ProcessInfo>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// What the passing of time asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Nothing yet.
    Wait,
    /// Go on with this mode.
    Send(Mode),
    /// It cannot be done: what is left stays.
    GiveUp,
}

impl Takedown {
    /// Gives a service its grace after its stop command; send [`Mode::Watch`].
    pub fn settle(round: u32, now: Now, grace: Duration) -> Self {
        Self::at(round, now, grace, Stage::Settle { since: now })
    }

    /// Begins with the stop signal for the leader; send [`Mode::Leader`].
    pub fn leader(round: u32, now: Now, grace: Duration) -> Self {
        Self::at(round, now, grace, Stage::Leader { since: now })
    }

    /// Begins with the stop signal; send [`Mode::Terminate`].
    pub fn terminate(round: u32, now: Now, grace: Duration) -> Self {
        let (since, until) = (now, now + grace);
        Self::at(round, now, grace, Stage::Terminate { since, until })
    }

    /// Begins with SIGKILL; send [`Mode::Kill`].
    pub fn kill(round: u32, now: Now, grace: Duration) -> Self {
        Self::at(round, now, grace, Stage::Kill { since: now })
    }

    fn at(round: u32, now: Now, grace: Duration, stage: Stage) -> Self {
        Self {
            round,
            since: now,
            grace,
            stage,
            remaining: Vec::new(),
        }
    }

    /// Skips what grace is left; true when SIGKILL is to be sent now.
    #[must_use]
    pub fn skip_grace(&mut self, now: Now) -> bool {
        if matches!(self.stage, Stage::Kill { .. }) {
            return false;
        }
        self.stage = Stage::Kill { since: now };
        true
    }

    /// When time next matters.
    pub fn deadline(&self) -> Now {
        match self.stage {
            Stage::Settle { since } => since + self.grace,
            Stage::Leader { since } => since + self.grace / 2,
            Stage::Terminate { until, .. } => until,
            Stage::Kill { since } => since + self.kill_limit(),
        }
    }

    /// Lets time act.
    pub fn tick(&mut self, now: Now) -> Step {
        if now < self.deadline() {
            return Step::Wait;
        }
        match self.stage {
            Stage::Settle { .. } => {
                self.stage = Stage::Terminate {
                    since: now,
                    until: now + LAST_GRACE,
                };
                Step::Send(Mode::Terminate)
            }
            Stage::Leader { since } => {
                let until = since + self.grace;
                self.stage = Stage::Terminate { since, until };
                Step::Send(Mode::Terminate)
            }
            Stage::Terminate { .. } => {
                self.stage = Stage::Kill { since: now };
                Step::Send(Mode::Kill)
            }
            Stage::Kill { .. } => Step::GiveUp,
        }
    }

    /// How far it is.
    pub fn ending(&self, now: Now) -> Ending {
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
