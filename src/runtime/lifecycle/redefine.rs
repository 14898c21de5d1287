//! A reload has changed the definition: what of it counts at once, and what from the next start on.

use super::running::Probing;
use super::{Lifecycle, Now, ServiceEffect, Spec, State};

impl Lifecycle {
    /// Kind and port are those of the life it has: they change only while it is down. `reprobe`: its
    /// probe is another one, or has other limits.
    pub(super) fn redefine(
        &mut self,
        now: Now,
        spec: Spec,
        reprobe: bool,
        out: &mut Vec<ServiceEffect>,
    ) {
        let old = std::mem::replace(&mut self.spec, spec);
        self.next = None;
        if matches!(self.state, State::Down { .. }) {
            // Another port was never ours.
            self.may_hold_port &= self.spec.port == old.port;
            return;
        }
        out.push(ServiceEffect::UpdateTeardown);
        match &mut self.state {
            State::Coming {
                life,
                work: work @ Probing::Probe(_),
                ..
            } if reprobe => {
                out.push(ServiceEffect::StopProbe);
                let life = *life;
                if self.spec.probe.is_some() {
                    work.restart(now);
                    out.push(ServiceEffect::StartProbe(life));
                } else {
                    self.probe_passed(now, life, out);
                }
            }
            State::Up { .. } | State::Falling(_) | State::Stopping(_) => {
                self.next = Some(Box::new(self.spec.clone()));
                self.spec.probe = old.probe;
            }
            State::Down { .. } | State::Starting { .. } | State::Coming { .. } => {}
        }
    }
}
