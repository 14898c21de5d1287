//! Decision traces of real sessions (docs/debugging.md), played through the orchestrator under the same
//! rules as random runs. `FLOWLAYER_REPLAY` names a file of one's own.

use super::checker::Checker;
use super::{Effect, Input, Orchestrator};
use crate::runtime::Action;
use crate::runtime::lifecycle::Event;
use crate::runtime::orchestrator::trace::Trace;

/// Plays all sessions of a trace; panics where one breaks a rule or decides otherwise than recorded.
pub(super) fn check(text: &str) {
    let sessions = Trace::read(text).unwrap_or_else(|error| panic!("{error}"));
    assert!(!sessions.is_empty(), "no session begins in this trace");
    for session in sessions {
        let mut run = Replay::new(&session);
        let played = session.play(|input, effects, stack| run.step(input, effects, stack));
        played.unwrap_or_else(|error| panic!("{error}"));
    }
}

struct Replay {
    checker: Checker,
    processes: Vec<Processes>,
}

/// What of a service runs, as far as the inputs tell.
#[derive(Clone, Copy, Default)]
struct Processes {
    leader: bool,
    left: usize,
}

impl Replay {
    fn new(session: &Trace) -> Self {
        Self {
            checker: Checker::new(&session.services),
            processes: vec![Processes::default(); session.services.len()],
        }
    }

    fn step(&mut self, input: &Input, effects: &[Effect], stack: &Orchestrator) {
        match input {
            Input::Act(ticket, action) => {
                if let Action::Shutdown(urgency) = action {
                    self.checker.shutting_down(*urgency);
                }
                self.checker.asked(*ticket, *action);
            }
            Input::Reload(ticket, reload) => {
                self.checker.asked_reload(*ticket, reload);
                let services = reload.services.keys().max().map_or(0, |last| last + 1);
                if services > self.processes.len() {
                    self.processes.resize(services, Processes::default());
                }
            }
            Input::Shutdown(urgency) => self.checker.shutting_down(*urgency),
            Input::Service(service, event) => self.processes[*service].note(event),
            Input::Boot | Input::HoldTeardown(_) | Input::Finished(_) | Input::Tick => {}
        }
        for effect in effects {
            self.checker.saw(effect);
        }
        let has_processes = |service: usize| {
            let Processes { leader, left } = self.processes[service];
            leader || left > 0
        };
        self.checker.between(stack, has_processes);
        if effects
            .iter()
            .any(|effect| matches!(effect, Effect::End { .. }))
        {
            self.checker.at_rest(stack, true);
        }
    }
}

impl Processes {
    fn note(&mut self, event: &Event) {
        match event {
            Event::Spawned(..) => self.leader = true,
            Event::Exited(_, _, left) => (self.leader, self.left) = (false, *left),
            Event::Left(_, left) => self.left = *left,
            Event::Gone(_) => *self = Self::default(),
            _ => {}
        }
    }
}

/// A boot with a failed oneshot, its repair, a restart, a stop, a daemon that is killed, and the end.
#[test]
fn the_trace_of_a_session_keeps_the_rules() {
    check(include_str!("session.trace"));
}

#[test]
fn a_trace_of_ones_own_keeps_the_rules() {
    if let Some(path) = std::env::var_os("FLOWLAYER_REPLAY") {
        check(&std::fs::read_to_string(path).unwrap());
    }
}
