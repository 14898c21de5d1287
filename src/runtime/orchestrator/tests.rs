//! The table of commands, cell by cell: what is answered, what is shown, in which order
//! (docs/lifecycle.md, Commands).

use std::time::Duration;

use super::*;
use crate::facts::{Code, End, Kind, Probe, StartProblem, Status, StopScope, StopSignal};
use crate::process::LifeId;
use crate::runtime::handle::{RequestId, SubscriberId};
use crate::runtime::lifecycle::Event;

/// A daemon without anything special.
fn planned(name: &str, wave: usize, depends_on: Vec<usize>) -> Planned {
    Planned {
        name: name.into(),
        spec: Spec {
            kind: Kind::Daemon,
            probe: None,
            port: None,
            grace: Duration::from_secs(8),
            has_stop_command: false,
            stop_signal: StopSignal::default(),
            stop_scope: StopScope::default(),
        },
        wave,
        depends_on,
        auto_start: true,
        at_boot: true,
    }
}

/// Its command cannot be started.
fn spawn_failed(life: LifeId) -> Event {
    let error = "no such command".to_owned();
    Event::SpawnFailed(life, StartProblem::System { error })
}

/// Services `a` and `b`; `b` depends on `a` and has a probe. The tests are their world.
struct Pair {
    stack: Orchestrator,
    requests: u64,
    /// Of each service: its life, and the round of its last takedown.
    life: [Option<LifeId>; 2],
    round: [u32; 2],
}

impl Pair {
    fn new() -> Self {
        let mut b = planned("b", 1, vec![0]);
        b.spec.probe = Some(lifecycle::ProbeSpec {
            probe: Probe {
                r#type: "tcp".to_owned(),
                target: ":1".to_owned(),
                port: Some(1),
            },
            timeout: None,
        });
        Self {
            stack: Orchestrator::new(vec![planned("a", 0, vec![]), b]),
            requests: 0,
            life: [None; 2],
            round: [0; 2],
        }
    }

    /// Both up.
    fn up() -> Self {
        let mut pair = Self::new();
        pair.input(Input::Boot);
        pair.spawned(0);
        pair.spawned(1);
        pair.on(1, Event::ProbePassed);
        pair
    }

    /// What an input causes, each effect as a short text.
    fn input(&mut self, input: Input) -> Vec<String> {
        let effects = self.stack.handle(Duration::ZERO, input);
        effects
            .into_iter()
            .filter_map(|effect| self.word(effect))
            .collect()
    }

    fn word(&mut self, effect: Effect) -> Option<String> {
        Some(match effect {
            Effect::Ack(_, Decision::Accepted) => "ack".to_owned(),
            Effect::Ack(_, Decision::Busy(why)) => format!("busy: {}", why.message),
            Effect::Publish(service, view) => {
                format!("{} {}", ["a", "b"][service], view.facts.status.as_str())
            }
            Effect::Result(_, Outcome::Done) => "done".to_owned(),
            Effect::Result(
                _,
                Outcome::Failed {
                    message,
                    failed_services,
                },
            ) => {
                format!("failed {failed_services:?}: {message}")
            }
            Effect::Service(service, lifecycle::ServiceEffect::Spawn(life)) => {
                self.life[service] = Some(life);
                return None;
            }
            Effect::Service(service, lifecycle::ServiceEffect::TakeDown(round, _)) => {
                self.round[service] = round;
                return None;
            }
            _ => return None,
        })
    }

    fn act(&mut self, action: Action) -> Vec<String> {
        self.requests += 1;
        let ticket = Ticket(SubscriberId(0), RequestId(self.requests));
        self.input(Input::Act(ticket, action))
    }

    fn on(&mut self, service: usize, event: impl FnOnce(LifeId) -> Event) -> Vec<String> {
        let life = self.life[service].expect("it was started");
        self.input(Input::Service(service, event(life)))
    }

    fn spawned(&mut self, service: usize) -> Vec<String> {
        self.on(service, |life| Event::Spawned(life, 7))
    }

    /// Everything of a service is gone, and its lines are in.
    fn gone(&mut self, service: usize) -> Vec<String> {
        let round = self.round[service];
        let mut words = self.on(service, |_| Event::Gone(round));
        words.extend(self.on(service, Event::Drained));
        words
    }

    /// A reload in which `a` alone is another one.
    fn reload_a(&mut self, a: Planned, restart: bool) -> Vec<String> {
        self.requests += 1;
        let ticket = Ticket(SubscriberId(0), RequestId(self.requests));
        let ready = false;
        let reload = Reload {
            services: BTreeMap::from([(0, a), (1, planned("b", 1, vec![0]))]),
            changed: BTreeMap::from([(0, Changed { restart, ready })]),
        };
        self.input(Input::Reload(ticket, reload))
    }

    fn fails(&mut self, service: usize) {
        self.on(service, |life| Event::Exited(life, End::Code(1), 0));
        self.gone(service);
    }
}

#[test]
fn a_start_of_what_is_up_shows_it_once_and_is_done() {
    assert_eq!(
        Pair::up().act(Action::Start(0)),
        ["ack", "a running", "done"]
    );
}

#[test]
fn a_start_joins_what_is_on_its_way() {
    let mut pair = Pair::new();
    pair.input(Input::Boot);
    pair.spawned(0);
    pair.spawned(1);
    assert_eq!(pair.act(Action::Start(1)), ["ack", "b running"]);
    assert_eq!(pair.on(1, Event::ProbePassed), ["b ready", "done"]);
}

#[test]
fn a_start_joins_a_start_that_has_no_process_yet() {
    let mut pair = Pair::new();
    pair.input(Input::Boot);
    assert_eq!(pair.act(Action::Start(0)), ["ack"]);
    assert_eq!(pair.act(Action::Start(1)), ["ack", "b unknown"]);
    assert_eq!(pair.spawned(0), ["a running", "done", "b starting"]);
}

#[test]
fn a_start_of_what_is_blocked_is_not_answered_by_the_block_that_was_there() {
    for action in [Action::Start(1), Action::Restart(1)] {
        let mut pair = Pair::new();
        pair.input(Input::Boot);
        pair.on(0, spawn_failed);
        // `a` is mended from now on.
        assert_eq!(pair.act(action), ["ack", "b stopped", "a starting"]);
        assert_eq!(pair.spawned(0), ["a running", "b starting"]);
        pair.spawned(1);
        assert_eq!(pair.on(1, Event::ProbePassed), ["b ready", "done"]);
    }
}

#[test]
fn what_depends_on_a_failed_service_is_blocked_before_its_wave_comes() {
    let mut stack = Orchestrator::new(vec![
        planned("broken", 0, vec![]),
        planned("slow", 0, vec![]),
        planned("needs", 1, vec![0]),
        planned("last", 2, vec![2]),
    ]);
    let effects = stack.handle(Duration::ZERO, Input::Boot);
    let life = effects.iter().find_map(|effect| match effect {
        Effect::Service(0, lifecycle::ServiceEffect::Spawn(life)) => Some(*life),
        _ => None,
    });
    let event = spawn_failed(life.unwrap());
    stack.handle(Duration::ZERO, Input::Service(0, event));
    for service in [2, 3] {
        let reason = stack.view(Duration::ZERO, service).facts.reason.unwrap();
        let by: Vec<&str> = reason.blocked_by().iter().map(|it| &*it.service).collect();
        assert_eq!(by, ["broken"], "{reason:?}");
    }
}

#[test]
fn nothing_is_done_for_what_is_starting_or_stopping() {
    let mut pair = Pair::new();
    pair.input(Input::Boot);
    for action in [Action::Stop(0), Action::Restart(0)] {
        assert_eq!(
            pair.act(action),
            [r#"busy: service "a" is starting: wait until that is over"#]
        );
    }
    assert_eq!(
        pair.act(Action::StartAll),
        [
            "busy: the boot is in progress, and wave 0 waits for a: wait for it, mend it or stop it; \
             `start` with names does not wait for waves"
        ]
    );
    let mut pair = Pair::up();
    pair.act(Action::Stop(1));
    for action in [Action::Start(1), Action::Stop(1), Action::Restart(1)] {
        assert_eq!(
            pair.act(action),
            [r#"busy: service "b" is stopping: wait until that is over"#]
        );
    }
}

#[test]
fn a_stop_of_what_is_down_shows_it_and_is_done() {
    let mut pair = Pair::up();
    pair.act(Action::Stop(1));
    assert_eq!(pair.gone(1), ["b stopped", "done"]);
    assert_eq!(pair.act(Action::Stop(1)), ["ack", "b stopped", "done"]);
}

#[test]
fn a_stop_touches_that_one_alone() {
    let mut pair = Pair::up();
    assert_eq!(pair.act(Action::Stop(0)), ["ack", "a stopping"]);
    assert_eq!(pair.gone(0), ["a stopped", "done"]);
    assert!(pair.stack.is_up(1));
}

#[test]
fn a_restart_stops_and_starts() {
    let mut pair = Pair::up();
    assert_eq!(pair.act(Action::Restart(0)), ["ack", "a stopping"]);
    assert_eq!(pair.gone(0), ["a stopped", "a starting"]);
    assert_eq!(pair.spawned(0), ["a running", "done"]);
}

#[test]
fn a_restart_whose_dependency_has_failed_is_blocked() {
    let mut pair = Pair::up();
    pair.fails(0);
    pair.act(Action::Restart(1));
    assert_eq!(
        pair.gone(1),
        [
            "b stopped",
            r#"failed ["a", "b"]: b is blocked: a failed (exit code 1)"#
        ]
    );
}

#[test]
fn a_start_brings_up_what_it_needs_first() {
    let mut pair = Pair::up();
    pair.fails(0);
    pair.fails(1);
    assert_eq!(pair.act(Action::Start(1)), ["ack", "a starting"]);
    assert_eq!(pair.spawned(0), ["a running", "b starting"]);
    assert_eq!(pair.spawned(1), ["b running"]);
    assert_eq!(pair.on(1, Event::ProbePassed), ["b ready", "done"]);
}

#[test]
fn a_stop_overtakes_a_start() {
    let mut pair = Pair::up();
    pair.fails(0);
    pair.fails(1);
    pair.act(Action::Start(1));
    assert_eq!(
        pair.act(Action::Stop(1)),
        [
            "ack",
            "b stopped",
            r#"failed []: service "b" was stopped while waiting for a"#,
            "done"
        ]
    );
}

#[test]
fn what_is_blocked_starts_by_itself_when_its_cause_comes_up_and_a_stop_ends_that() {
    for stopped in [false, true] {
        let mut pair = Pair::new();
        pair.input(Input::Boot);
        let words = pair.on(0, spawn_failed);
        assert_eq!(words, ["a failed", "b stopped"]);
        let reason = pair.stack.view(Duration::ZERO, 1).facts.reason.unwrap();
        let by = &reason.blocked_by()[0];
        assert_eq!((&*by.service, by.code), ("a", Code::CannotStart));
        if stopped {
            assert_eq!(pair.act(Action::Stop(1)), ["ack", "b stopped", "done"]);
        }
        pair.act(Action::Start(0));
        let words = pair.spawned(0);
        assert_eq!(words.contains(&"b starting".to_owned()), !stopped);
    }
}

#[test]
fn stop_all_goes_down_in_reverse_and_nothing_is_done_meanwhile() {
    let mut pair = Pair::up();
    assert_eq!(pair.act(Action::StopAll), ["ack", "b stopping"]);
    let busy = "busy: stop_all is in progress: wait until everything has stopped";
    for action in [
        Action::Start(0),
        Action::Stop(1),
        Action::StartAll,
        Action::StopAll,
    ] {
        assert_eq!(pair.act(action), [busy]);
    }
    assert_eq!(pair.gone(1), ["b stopped", "a stopping"]);
    assert_eq!(pair.gone(0), ["a stopped", "done"]);
}

#[test]
fn start_all_publishes_everything_and_names_what_did_not_come_up() {
    let mut pair = Pair::up();
    assert_eq!(
        pair.act(Action::StartAll),
        ["ack", "a running", "b ready", "done"]
    );
    pair.fails(0);
    pair.act(Action::StartAll);
    let words = pair.on(0, spawn_failed);
    assert_eq!(
        words,
        [
            "a failed",
            "b ready",
            r#"failed ["a"]: not everything came up: a failed: no such command"#
        ]
    );
}

#[test]
fn stop_all_cancels_a_boot() {
    let mut pair = Pair::new();
    pair.input(Input::Boot);
    pair.spawned(0);
    // Its process is being made: the stop comes as soon as there is one.
    assert_eq!(pair.act(Action::StopAll), ["ack"]);
    assert_eq!(pair.spawned(1), ["b stopping"]);
    assert_eq!(pair.gone(1), ["b stopped", "a stopping"]);
    assert_eq!(pair.gone(0), ["a stopped", "done"]);
}

#[test]
fn at_the_end_every_action_is_refused() {
    let mut pair = Pair::up();
    pair.input(Input::Shutdown(Urgency::Graceful));
    assert_eq!(
        pair.act(Action::Start(0)),
        ["busy: the session is shutting down"]
    );
    pair.gone(1);
    pair.gone(0);
    assert_eq!(pair.stack.phase, Phase::Finishing { clean: true });
    assert!(
        pair.stack
            .handle(Duration::ZERO, Input::Finished(Vec::new()))
            .contains(&Effect::End { clean: true })
    );
    assert_eq!(
        pair.stack.view(Duration::ZERO, 0).facts.status,
        Status::Stopped
    );
}

#[test]
fn the_teardown_waits_for_requests_and_a_kill_does_not() {
    let shutdown = |urgency| Input::Shutdown(urgency);
    let mut pair = Pair::up();
    pair.input(Input::HoldTeardown(true));
    assert_eq!(pair.input(shutdown(Urgency::Graceful)), [""; 0]);
    assert_eq!(
        pair.act(Action::Start(0)),
        ["busy: the session is shutting down"]
    );
    assert_eq!(pair.input(Input::HoldTeardown(false)), ["b stopping"]);

    let mut pair = Pair::up();
    pair.input(Input::HoldTeardown(true));
    pair.input(shutdown(Urgency::Graceful));
    assert_eq!(
        pair.input(shutdown(Urgency::Now)),
        ["a stopping", "b stopping"]
    );

    let mut pair = Pair::up();
    pair.input(Input::HoldTeardown(true));
    assert_eq!(pair.act(Action::StopAll), ["ack", "b stopping"]);
}

/// The guardian was killed while the server was starting.
#[test]
fn what_comes_after_the_shutdown_holds_nothing_and_boots_nothing() {
    let mut pair = Pair::up();
    pair.input(Input::Shutdown(Urgency::Graceful));
    pair.input(Input::HoldTeardown(true));
    assert_eq!(pair.input(Input::Boot), [""; 0]);
    assert_eq!(pair.gone(1), ["b stopped", "a stopping"]);
    pair.gone(0);
    assert_eq!(pair.stack.phase, Phase::Finishing { clean: true });
}

#[test]
fn a_shutdown_is_never_refused_and_everyone_who_asked_hears_the_same() {
    let mut pair = Pair::up();
    assert_eq!(
        pair.act(Action::Shutdown(Urgency::Graceful)),
        ["ack", "b stopping"]
    );
    assert_eq!(pair.act(Action::Shutdown(Urgency::Graceful)), ["ack"]);
    assert_eq!(pair.gone(1), ["b stopped", "a stopping"]);
    assert_eq!(pair.gone(0), ["a stopped"]);
    let left = vec![ProcessInfo {
        pid: 7,
        name: "postgres".to_owned(),
        user: 0,
        user_name: None,
        service: None,
        why: None,
    }];
    let effects = pair.stack.handle(Duration::ZERO, Input::Finished(left));
    let results: Vec<usize> = effects
        .iter()
        .enumerate()
        .filter_map(|(at, effect)| match effect {
            Effect::Result(_, Outcome::Failed { message, .. }) => {
                assert_eq!(
                    message,
                    "not everything could be stopped: still there: pid 7 (postgres)"
                );
                Some(at)
            }
            _ => None,
        })
        .collect();
    let end = effects
        .iter()
        .position(|effect| *effect == Effect::End { clean: false });
    assert!(results.len() == 2 && results.iter().all(|&at| Some(at) < end));
}

#[test]
fn a_reload_starts_what_has_failed_and_what_that_blocked() {
    let mut pair = Pair::new();
    pair.input(Input::Boot);
    pair.on(0, spawn_failed);
    let reloaded = pair.reload_a(planned("a", 0, vec![]), true);
    assert_eq!(reloaded, ["ack", "a starting"]);
    assert_eq!(pair.spawned(0), ["a running", "done", "b starting"]);
}

#[test]
fn a_reload_leaves_what_was_stopped_after_it_had_failed() {
    for stop in [Action::Stop(0), Action::StopAll] {
        let mut pair = Pair::new();
        pair.input(Input::Boot);
        pair.on(0, spawn_failed);
        pair.act(stop);
        let reloaded = pair.reload_a(planned("a", 0, vec![]), true);
        assert_eq!(reloaded, ["ack", "done"], "{stop:?}");
    }
}

#[test]
fn what_a_boot_would_start_only_since_a_reload_has_not_been_started() {
    let left_out = Planned {
        at_boot: false,
        auto_start: false,
        ..planned("a", 0, vec![])
    };
    let mut pair = Pair::new();
    pair.stack = Orchestrator::new(vec![left_out, planned("b", 1, vec![])]);
    pair.input(Input::Boot);
    pair.spawned(1);
    let reason = |pair: &Pair| pair.stack.view(Duration::ZERO, 0).facts.reason;
    let not_started = |because| Some(Reason::NotStarted { because });
    assert_eq!(reason(&pair), not_started(NotStarted::AutoStart));
    pair.reload_a(planned("a", 0, vec![]), false);
    assert_eq!(reason(&pair), not_started(NotStarted::Reload));
    // A second one changes nothing of that.
    pair.reload_a(planned("a", 0, vec![]), false);
    assert_eq!(reason(&pair), not_started(NotStarted::Reload));
}
