//! Random stacks in a scripted world under a virtual clock: graphs, failures, slow probes, exits at
//! every moment, commands from several clients, reloads, signals in the middle of the boot. The invariants of
//! `docs/lifecycle.md` are checked after every step; a failing case is shrunk and printed by proptest.

mod checker;
mod replay;
mod script;
mod world;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::Config;

use super::{Effect, Input, Orchestrator, Ticket, trace};
use crate::runtime::handle::{RequestId, SubscriberId};
use crate::runtime::lifecycle::Now;
use checker::Checker;
use script::{Configured, Happening, Script};
use world::World;

/// No run needs more: it would mean that something repeats itself for ever.
const STEP_LIMIT: usize = 200_000;

/// How many random runs; `FLOWLAYER_SIMULATIONS` asks for another number.
fn cases() -> u32 {
    std::env::var("FLOWLAYER_SIMULATIONS")
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(20_000)
}

struct Run {
    stack: Orchestrator,
    world: World,
    checker: Checker,
    now: Now,
    configured: Configured,
    /// Edits that are not in force yet.
    edited: BTreeMap<Ticket, Configured>,
    /// What a decision trace of the run would hold.
    trace: Option<String>,
}

impl Run {
    fn new(script: &Script) -> Self {
        let planned = script.planned();
        Self {
            checker: Checker::new(&planned),
            stack: Orchestrator::new(planned),
            world: World::new(script),
            now: Now::ZERO,
            configured: script.configured(),
            edited: BTreeMap::new(),
            trace: None,
        }
    }

    fn input(&mut self, input: Input) {
        let traced = self.trace.is_some().then(|| input.clone());
        let effects = self.stack.handle(self.now, input);
        if let (Some(trace), Some(input)) = (&mut self.trace, traced) {
            writeln!(trace, "{}", trace::step(self.now, &input, &effects)).unwrap();
        }
        self.perform(effects);
    }

    fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            self.checker.saw(&effect);
            if let Effect::Reloaded(ticket) = &effect {
                self.configured = self.edited.remove(ticket).expect("a reload was asked for");
                self.world.redefine(&self.configured);
            }
            self.world.perform(effect, self.now);
        }
        let has_processes = |service| self.world.has_processes(service);
        self.checker.between(&self.stack, has_processes);
    }

    /// Lets the world go on until `until`, or until nothing is left to happen.
    fn advance(&mut self, until: Option<Now>) {
        for _ in 0..STEP_LIMIT {
            let next = [self.world.next_at(), self.stack.deadline()]
                .into_iter()
                .flatten()
                .min();
            let Some(next) = next.filter(|&next| until.is_none_or(|until| next <= until)) else {
                if let Some(until) = until {
                    self.now = self.now.max(until);
                }
                return;
            };
            self.now = self.now.max(next);
            if self.world.next_at() == Some(next) {
                if let Some(input) = self.world.pop(self.now) {
                    self.input(input);
                }
            } else {
                self.input(Input::Tick);
            }
        }
        panic!("the run does not come to rest");
    }
}

fn play(script: &Script) {
    play_to_end(Run::new(script), script);
}

/// Returns the trace, if the run writes one.
fn play_to_end(mut run: Run, script: &Script) -> Option<String> {
    run.input(Input::Boot);
    let mut request = 0;
    let mut shut_down = false;
    for (at, happening) in &script.happenings {
        let at = *at + run.now;
        run.advance(Some(at));
        match happening {
            Happening::Act(client, action) => {
                request += 1;
                let ticket = Ticket(SubscriberId(u64::from(*client)), RequestId(request));
                if let crate::runtime::Action::Shutdown(urgency) = action {
                    shut_down = true;
                    run.checker.shutting_down(*urgency);
                }
                run.checker.asked(ticket, *action);
                run.input(Input::Act(ticket, *action));
            }
            Happening::Reload(edit) => {
                request += 1;
                let ticket = Ticket(SubscriberId(9), RequestId(request));
                let (configured, reload) = run.configured.edited(edit);
                run.edited.insert(ticket, configured);
                run.checker.asked_reload(ticket, &reload);
                run.input(Input::Reload(ticket, reload));
            }
            Happening::Exit(service, end) => {
                if let Some(event) = run.world.exit(*service, *end, 0) {
                    run.input(event);
                }
            }
            Happening::Leave(service) => {
                if let Some(event) = run.world.leave(*service) {
                    run.input(event);
                }
            }
            Happening::Shutdown(urgency) => {
                shut_down = true;
                run.checker.shutting_down(*urgency);
                run.input(Input::Shutdown(*urgency));
            }
        }
    }
    run.world.settle_endless();
    run.advance(None);
    run.checker.at_rest(&run.stack, shut_down);
    if !shut_down {
        run.checker
            .shutting_down(crate::runtime::handle::Urgency::Graceful);
        let began = run.now;
        run.input(Input::Shutdown(crate::runtime::handle::Urgency::Graceful));
        run.advance(None);
        run.checker.within(began, run.now);
        run.checker.at_rest(&run.stack, true);
    }
    run.checker.over(&run.world);
    run.trace
}

proptest! {
    #![proptest_config(Config { cases: cases(), max_shrink_iters: 20_000, ..Config::default() })]

    #[test]
    fn every_run_keeps_the_rules(script in script::scripts()) {
        play(&script);
    }
}

proptest! {
    #![proptest_config(Config { cases: cases().div_ceil(100), ..Config::default() })]

    #[test]
    fn the_trace_of_every_run_plays_back(script in script::scripts()) {
        let mut run = Run::new(&script);
        run.trace = Some(format!("{}\n", trace::opening(&script.planned())));
        let trace = play_to_end(run, &script).unwrap();
        replay::check(&trace);
    }
}
