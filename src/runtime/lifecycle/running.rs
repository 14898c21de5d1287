//! From the process to up, and what happens when it ends unasked.

use std::time::Duration;

use super::stop::AfterStop;
use super::takedown::Takedown;
use super::{Lifecycle, Now, ProbeSpec, ServiceEffect, State, ms};
use crate::facts::{
    End, Exit, Holder, Kind, ProbeAttempts, Reason, Status, answered_by, no_answer,
};
use crate::process::{LifeId, Mode};

/// How long the end of a process may wait for its last lines and for what it left
/// (docs/lifecycle.md, Exits).
const PUBLISH_LIMIT: Duration = Duration::from_millis(200);

/// What a service with a process is doing until it is up.
#[derive(Debug, Clone)]
pub(super) enum Probing {
    Working {
        since: Now,
    },
    /// A oneshot has succeeded; its last lines are being read. It left this many processes.
    Draining {
        since: Now,
        left: usize,
    },
    Probe(Attempts),
}

#[derive(Debug, Clone)]
pub(super) struct Attempts {
    since: Now,
    failed: u64,
    last: Option<String>,
    /// When the attempt in progress began, once it has had no answer for long.
    pending: Option<Now>,
    /// Where the service listens instead, as of an attempt that failed as the last one did.
    listens_on: Vec<u16>,
    /// Who answered the last attempt, when that was a stranger.
    stranger: Option<Holder>,
    /// The last stranger that the service's log names.
    noted: Option<Holder>,
    /// Processes a succeeded oneshot has left.
    left: usize,
}

impl Attempts {
    fn missed(&mut self, answer: String, stranger: Option<Holder>) {
        self.failed += 1;
        self.pending = None;
        self.stranger = stranger;
        if self.last.as_ref() != Some(&answer) {
            self.listens_on.clear();
            self.last = Some(answer);
        }
    }
}

impl Probing {
    pub(super) fn probe(now: Now, left: usize) -> Self {
        Self::Probe(Attempts {
            since: now,
            failed: 0,
            last: None,
            pending: None,
            listens_on: Vec::new(),
            stranger: None,
            noted: None,
            left,
        })
    }

    /// Begins with its attempts anew.
    pub(super) fn restart(&mut self, now: Now) {
        if let Self::Probe(attempts) = self {
            *self = Self::probe(now, attempts.left);
        }
    }

    pub(super) fn give_up_at(&self, probe: Option<&ProbeSpec>) -> Option<Now> {
        match self {
            Self::Probe(attempts) => probe?.timeout.map(|timeout| attempts.since + timeout),
            Self::Working { .. } | Self::Draining { .. } => None,
        }
    }

    /// The attempts when they end without success: one in progress then has failed too.
    fn ended_attempts(&mut self, now: Now, probe: Option<&ProbeSpec>) -> Option<ProbeAttempts> {
        if let Self::Probe(attempts) = self
            && let Some(since) = attempts.pending
        {
            attempts.missed(no_answer(now.saturating_sub(since)), None);
        }
        self.attempts(now, probe)
    }

    /// The attempts so far, when a probe is being attempted.
    pub(super) fn attempts(&self, now: Now, probe: Option<&ProbeSpec>) -> Option<ProbeAttempts> {
        let (Self::Probe(attempts), Some(spec)) = (self, probe) else {
            return None;
        };
        let listens_on = match attempts.pending {
            None => attempts.listens_on.clone(),
            // Somebody listens on the port of the probe, or that is not known yet.
            Some(_) => Vec::new(),
        };
        Some(ProbeAttempts {
            probe: spec.probe.clone(),
            attempts: attempts.failed,
            elapsed_ms: ms(now.saturating_sub(attempts.since)),
            pending_ms: attempts.pending.map(|since| ms(now.saturating_sub(since))),
            last: attempts.last.clone(),
            listens_on,
        })
    }

    pub(super) fn reason(&self, now: Now, probe: Option<&ProbeSpec>) -> Option<Reason> {
        match self {
            Self::Working { since } | Self::Draining { since, .. } => Some(Reason::Working {
                elapsed_ms: ms(now.saturating_sub(*since)),
            }),
            Self::Probe(Attempts {
                stranger, pending, ..
            }) => {
                let attempts = self.attempts(now, probe)?;
                // Whoever answered the last attempt may not be who keeps this one waiting.
                Some(match stranger.clone().filter(|_| pending.is_none()) {
                    None => Reason::Probing(attempts),
                    Some(holder) => Reason::Stranger { attempts, holder },
                })
            }
        }
    }
}

/// A leader that ended unasked, until its failure is published.
#[derive(Debug, Clone)]
pub(super) struct Failing {
    life: LifeId,
    exit: Exit,
    /// The status it keeps until then.
    pub(super) shown: Status,
    pub(super) takedown: Takedown,
    gone: bool,
    drained: bool,
    publish_by: Now,
}

impl Failing {
    pub(super) fn deadline(&self) -> Now {
        self.publish_by
    }

    /// Why it failed; `stopping` as long as what it left is not gone.
    pub(super) fn reason(&self, stopping: bool) -> Reason {
        Reason::Exited(Exit {
            stopping: stopping && self.exit.left > 0,
            ..self.exit.clone()
        })
    }
}

impl Lifecycle {
    /// The attempts of this life, while its probe is attempted.
    fn attempts_of(&mut self, life: LifeId) -> Option<&mut Attempts> {
        match &mut self.state {
            State::Coming {
                life: current,
                work: Probing::Probe(attempts),
                ..
            } if *current == life => Some(attempts),
            _ => None,
        }
    }

    pub(super) fn probe_pending(&mut self, now: Now, life: LifeId, waited: Duration) {
        if let Some(attempts) = self.attempts_of(life) {
            attempts.pending = Some(now.saturating_sub(waited));
        }
    }

    pub(super) fn probe_failed(&mut self, life: LifeId, error: String) {
        if let Some(attempts) = self.attempts_of(life) {
            attempts.missed(error, None);
        }
    }

    pub(super) fn listens_on(&mut self, life: LifeId, ports: Vec<u16>) {
        if let Some(attempts) = self.attempts_of(life) {
            attempts.listens_on = ports;
        }
    }

    /// A stranger answered its probe, which goes on.
    pub(super) fn probe_met(
        &mut self,
        now: Now,
        life: LifeId,
        holder: Holder,
        out: &mut Vec<ServiceEffect>,
    ) {
        let Some(attempts) = self.attempts_of(life) else {
            return;
        };
        attempts.missed(answered_by(&holder), Some(holder));
        if attempts.noted != attempts.stranger {
            attempts.noted.clone_from(&attempts.stranger);
            out.extend(self.reason(now).map(ServiceEffect::Note));
        }
    }

    pub(super) fn probe_passed(&mut self, now: Now, life: LifeId, out: &mut Vec<ServiceEffect>) {
        if let State::Coming {
            life: current,
            pid,
            work: Probing::Probe(attempts),
        } = &self.state
            && *current == life
        {
            self.state = State::Up {
                life,
                pid: *pid,
                left: attempts.left,
            };
            self.publish(now, out);
        }
    }

    /// The probe has timed out: stops the service, which then has failed.
    pub(super) fn probe_gave_up(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        let State::Coming { work, .. } = &mut self.state else {
            return;
        };
        let Some(ProbeSpec {
            timeout: Some(timeout),
            ..
        }) = &self.spec.probe
        else {
            return;
        };
        let Some(attempts) = work.ended_attempts(now, self.spec.probe.as_ref()) else {
            return;
        };
        let reason = Reason::NotReadyInTime {
            limit_ms: ms(*timeout),
            attempts,
            port: None,
        };
        self.begin_stop(now, AfterStop::Failed(reason), out);
    }

    pub(super) fn exited(
        &mut self,
        now: Now,
        life: LifeId,
        end: End,
        left: usize,
        out: &mut Vec<ServiceEffect>,
    ) {
        if let State::Stopping(stop) = &mut self.state {
            if stop.life == life {
                stop.pid = None;
                self.end = Some(end);
            }
            return;
        }
        let was_up = match &mut self.state {
            State::Coming {
                life: current,
                pid,
                work: work @ Probing::Working { .. },
            } if *current == life => {
                if let (End::Code(0), &mut Probing::Working { since }) = (end, &mut *work) {
                    *pid = None;
                    *work = Probing::Draining { since, left };
                    self.end = Some(end);
                    out.push(ServiceEffect::Drain(life));
                    return;
                }
                false
            }
            State::Coming {
                life: current,
                work: Probing::Probe(_),
                ..
            } if *current == life => {
                out.push(ServiceEffect::StopProbe);
                false
            }
            State::Up { life: current, .. } if *current == life => true,
            _ => return,
        };
        let shown = self.status();
        let probing = match &mut self.state {
            State::Coming { work, .. } => work.ended_attempts(now, self.spec.probe.as_ref()),
            _ => None,
        };
        self.end = Some(end);
        let before_ready = !was_up && self.spec.kind == Kind::Daemon;
        let takedown = self.new_takedown(now, Mode::Terminate);
        out.extend([takedown.effect(), ServiceEffect::Drain(life)]);
        self.state = State::Falling(Failing {
            life,
            exit: Exit {
                left,
                probing: probing.map(Box::new),
                ..Exit::new(end, before_ready)
            },
            shown,
            takedown,
            gone: false,
            drained: false,
            publish_by: now + PUBLISH_LIMIT,
        });
    }

    /// Something that a succeeded oneshot has left has ended.
    pub(super) fn left(&mut self, life: LifeId, now_left: usize, out: &mut Vec<ServiceEffect>) {
        match &mut self.state {
            State::Coming {
                life: current,
                work: Probing::Draining { left, .. } | Probing::Probe(Attempts { left, .. }),
                ..
            }
            | State::Up {
                life: current,
                left,
                ..
            } if *current == life => {
                let had_some = std::mem::replace(left, now_left) > 0;
                if had_some
                    && now_left == 0
                    && !matches!(
                        self.state,
                        State::Coming {
                            work: Probing::Draining { .. },
                            ..
                        }
                    )
                {
                    out.push(ServiceEffect::Cut);
                }
            }
            _ => {}
        }
    }

    pub(super) fn drained(&mut self, now: Now, life: LifeId, out: &mut Vec<ServiceEffect>) {
        match &mut self.state {
            State::Coming {
                life: current,
                pid: None,
                work: Probing::Draining { left, .. },
            } if *current == life => {
                let left = *left;
                if left == 0 {
                    out.push(ServiceEffect::Cut);
                }
                if self.spec.probe.is_some() {
                    self.state = State::Coming {
                        life,
                        pid: None,
                        work: Probing::probe(now, left),
                    };
                    out.push(ServiceEffect::StartProbe(life));
                } else {
                    self.state = State::Up {
                        life,
                        pid: None,
                        left,
                    };
                    self.publish(now, out);
                }
            }
            State::Falling(failing) if failing.life == life => {
                failing.drained = true;
                if failing.gone {
                    self.publish_fall(now, out);
                }
            }
            State::Stopping(_) => self.stop_drained(now, life, out),
            _ => {}
        }
    }

    /// Nothing is left of what failed.
    pub(super) fn fallen(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        if let State::Falling(failing) = &mut self.state {
            failing.gone = true;
            if failing.drained {
                self.publish_fall(now, out);
            }
        }
    }

    /// Its last lines are read and no process is left, or the limit for both is over.
    pub(super) fn publish_fall(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        let State::Falling(failing) = &self.state else {
            return;
        };
        let reason = failing.reason(!failing.gone);
        let clearing = (!failing.gone).then(|| failing.takedown.clone());
        if clearing.is_none() {
            out.push(ServiceEffect::Cut);
        }
        self.fail(now, reason, clearing, out);
    }

    /// What a failed service left is gone.
    pub(super) fn cleared(&mut self, out: &mut Vec<ServiceEffect>) {
        if let State::Down {
            reason, clearing, ..
        } = &mut self.state
            && clearing.take().is_some()
        {
            if let Some(Reason::Exited(exit)) = reason {
                exit.stopping = false;
            }
            out.push(ServiceEffect::Cut);
        }
    }

    pub(super) fn clearing_tick(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        let State::Down {
            reason, clearing, ..
        } = &mut self.state
        else {
            return;
        };
        let Some(takedown) = clearing else {
            return;
        };
        if takedown.tick(now, out) {
            return;
        }
        self.stuck = true;
        let left = std::mem::take(&mut takedown.remaining);
        let note = Reason::CouldNotEnd {
            left: left.clone(),
            last_run: false,
        };
        out.extend([ServiceEffect::Note(note), ServiceEffect::Cut]);
        if let Some(Reason::Exited(exit)) = reason {
            exit.could_not_end = left;
        }
        *clearing = None;
    }

    /// SIGKILL for a takedown in progress.
    pub(super) fn hasten(&mut self, now: Now, out: &mut Vec<ServiceEffect>) {
        if let Some(takedown) = self.takedown_mut() {
            takedown.skip_grace(now, out);
        }
    }
}
