//! One service by the book: the order of effects, the clocks and the words
//! (docs/lifecycle.md, States; docs/lifecycle.md, Stopping).

use std::time::Duration;

use super::*;
use crate::facts::{Holder, PortHold, ProcessInfo, Status, StopCmdFailure, SurvivalReason};
use crate::process::Mode;

/// A service and everything it asked for since it was looked at last.
struct Service {
    life: Lifecycle,
    now: Now,
    effects: Vec<ServiceEffect>,
}

impl Service {
    fn new(kind: Kind, change: impl FnOnce(&mut Spec)) -> Self {
        let mut spec = Spec {
            kind,
            probe: None,
            port: None,
            grace: Duration::from_secs(8),
            has_stop_command: false,
            stop_signal: StopSignal::Sigterm,
            stop_scope: StopScope::Group,
        };
        change(&mut spec);
        Self {
            life: Lifecycle::new(0, spec, Rest::Unknown),
            now: Now::ZERO,
            effects: Vec::new(),
        }
    }

    fn daemon() -> Self {
        Self::new(Kind::Daemon, |_| {})
    }

    fn probed(timeout: Option<u64>) -> Self {
        Self::new(Kind::Daemon, |spec| {
            spec.probe = Some(ProbeSpec {
                probe: Probe {
                    r#type: "http".to_owned(),
                    target: "http://localhost:3002/healthz".to_owned(),
                },
                timeout: timeout.map(Duration::from_millis),
            });
        })
    }

    fn on(&mut self, event: Event) -> &mut Self {
        self.effects = self.life.handle(self.now, event);
        self
    }

    fn after(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self.on(Event::Tick)
    }

    /// Up to the process.
    fn spawned(&mut self) -> LifeId {
        self.on(Event::Start);
        let life = self
            .effects
            .iter()
            .find_map(|effect| match effect {
                ServiceEffect::Spawn(life) => Some(*life),
                _ => None,
            })
            .expect("it asks for its process");
        self.on(Event::Spawned(life, 4120));
        life
    }

    /// The round of the takedown that was asked for last.
    fn round(&self, wanted: Mode) -> u32 {
        self.effects
            .iter()
            .find_map(|effect| match effect {
                ServiceEffect::TakeDown(round, mode) if *mode == wanted => Some(*round),
                _ => None,
            })
            .expect("a takedown was asked for")
    }

    fn published(&self) -> Vec<Status> {
        let of = |effect: &ServiceEffect| match effect {
            ServiceEffect::Publish(facts) => Some(facts.status),
            _ => None,
        };
        self.effects.iter().filter_map(of).collect()
    }

    #[track_caller]
    fn shows(&self, status: Status, detail: Option<&str>) {
        let facts = self.life.facts(self.now);
        let shown = facts.reason.as_ref().and_then(Reason::detail);
        assert_eq!((facts.status, shown.as_deref()), (status, detail));
    }
}

fn postgres(why: Option<SurvivalReason>) -> Vec<ProcessInfo> {
    let (pid, name) = (4120, "postgres".to_owned());
    vec![ProcessInfo {
        pid,
        name,
        user: 0,
        user_name: None,
        service: Some(0),
        why,
    }]
}

fn node() -> Holder {
    Holder {
        pid: Some(4242),
        name: Some("node".to_owned()),
    }
}

#[test]
fn a_daemon_without_a_probe_is_up_when_it_runs() {
    let mut service = Service::daemon();
    service.spawned();
    assert_eq!(service.published(), [Status::Running]);
    assert!(service.life.facts(service.now).up);
}

#[test]
fn a_probe_decides_and_its_last_error_is_told() {
    let mut service = Service::probed(None);
    let life = service.spawned();
    assert!(service.effects.contains(&ServiceEffect::StartProbe(life)));
    assert!(!service.life.facts(service.now).up);
    for _ in 0..12 {
        service.on(Event::ProbeFailed(life, "connection refused".to_owned()));
    }
    service.now += Duration::from_millis(2400);
    service.shows(
        Status::Running,
        Some("waiting for http http://localhost:3002/healthz: connection refused (12 attempts, 2.4 s)"),
    );
    service.on(Event::ProbePassed(life));
    service.shows(Status::Ready, None);
}

#[test]
fn the_port_is_checked_before_the_start() {
    let mut service = Service::new(Kind::Daemon, |spec| spec.port = Some(3000));
    service.on(Event::Start);
    let [
        ServiceEffect::Publish(_),
        ServiceEffect::CheckPort(life, 3000),
    ] = service.effects[..]
    else {
        panic!("{:?}", service.effects)
    };
    let reason = Reason::PortInUse(PortHold {
        port: 3000,
        holder: node(),
    });
    service.on(Event::PortBusy(life, reason.clone()));
    assert_eq!(service.effects[0], ServiceEffect::NoteFailure(reason));
    service.shows(
        Status::Failed,
        Some("port 3000 is in use by node (pid 4242)"),
    );
}

#[test]
fn an_exit_before_ready_is_published_after_the_last_line() {
    let mut service = Service::probed(None);
    let life = service.spawned();
    service.on(Event::Exited(life, End::Code(1), 0));
    assert_eq!(service.published(), []);
    assert_eq!(service.effects[0], ServiceEffect::StopProbe);
    let round = service.round(Mode::Terminate);
    service.on(Event::Gone(round));
    assert_eq!(service.published(), []);
    service.on(Event::Drained(life));
    assert_eq!(service.published(), [Status::Failed]);
    service.shows(Status::Failed, Some("exit code 1 before ready"));
}

#[test]
fn a_daemon_in_the_background_is_told_so() {
    let mut service = Service::daemon();
    let life = service.spawned();
    service.on(Event::Exited(life, End::Code(0), 1));
    let round = service.round(Mode::Terminate);
    service.on(Event::Drained(life)).on(Event::Gone(round));
    service.shows(
        Status::Failed,
        Some("exited with 0; 1 background process was stopped: run it in the foreground"),
    );
}

#[test]
fn what_a_failed_daemon_left_does_not_hold_up_the_news_and_a_new_start_waits_for_it() {
    let mut service = Service::daemon();
    let life = service.spawned();
    service.on(Event::Exited(life, End::Signal(9), 2));
    let round = service.round(Mode::Terminate);
    service.after(200);
    assert_eq!(service.published(), [Status::Failed]);
    service.shows(
        Status::Failed,
        Some("killed by SIGKILL; stopping 2 background processes: run it in the foreground"),
    );
    service.on(Event::Start);
    assert_eq!(service.published(), [Status::Starting]);
    assert!(
        !service
            .effects
            .iter()
            .any(|effect| matches!(effect, ServiceEffect::Spawn(_)))
    );
    service.on(Event::Gone(round));
    assert!(matches!(
        service.effects[..],
        [ServiceEffect::Cut, ServiceEffect::Spawn(_)]
    ));
}

#[test]
fn a_stop_goes_from_term_to_kill_after_the_grace_and_says_what_it_waits_for() {
    let mut service = Service::daemon();
    let life = service.spawned();
    service.on(Event::Stop);
    let round = service.round(Mode::Terminate);
    service.on(Event::Remaining(round, postgres(None)));
    service.now += Duration::from_millis(3200);
    service.shows(
        Status::Stopping,
        Some("stopping, 3.2 of 8 s: waiting for pid 4120 (postgres)"),
    );
    service.after(4800);
    assert_eq!(
        service.effects,
        [ServiceEffect::TakeDown(round, Mode::Kill)]
    );
    service
        .on(Event::Exited(life, End::Signal(9), 0))
        .on(Event::Gone(round));
    assert_eq!(service.effects, [ServiceEffect::Drain(life)]);
    service.on(Event::Drained(life));
    service.shows(Status::Stopped, None);
}

#[test]
fn a_stop_names_what_may_be_left_of_it() {
    let mut service = Service::daemon();
    let life = service.spawned();
    service.on(Event::Stop);
    let round = service.round(Mode::Terminate);
    service.on(Event::Unowned(round, postgres(None)));
    let [ServiceEffect::Note(reason)] = &service.effects[..] else {
        panic!("{:?}", service.effects)
    };
    assert_eq!(
        reason.to_string(),
        "stopped; of no known service, and still running: pid 4120 (postgres)"
    );
    service.on(Event::Gone(round)).on(Event::Drained(life));
    assert_eq!(service.life.unowned(), postgres(None));
    service.on(Event::Start);
    assert!(service.life.unowned().is_empty());
}

#[test]
fn a_stop_that_cannot_end_everything_fails_and_names_what_is_left() {
    let mut service = Service::daemon();
    service.spawned();
    service.on(Event::Stop);
    let round = service.round(Mode::Terminate);
    service.on(Event::Remaining(
        round,
        postgres(Some(SurvivalReason::OtherUser)),
    ));
    service.after(8000).after(500);
    service.shows(
        Status::Failed,
        Some("could not end pid 4120 (postgres, belongs to user 0, end it by hand)"),
    );
    assert!(service.life.could_not_stop());
    service.on(Event::Start);
    assert_ne!(
        service.round(Mode::Terminate),
        round,
        "the next start tries again first"
    );
}

#[test]
fn a_stop_command_has_thirty_seconds_and_the_service_its_grace_after_it() {
    let mut service = Service::new(Kind::Daemon, |spec| spec.has_stop_command = true);
    service.spawned();
    service.on(Event::Stop);
    let ServiceEffect::RunStopCommand(command) = service.effects[1] else {
        panic!("{:?}", service.effects)
    };
    let mut slow = Service {
        life: service.life.clone(),
        now: service.now,
        effects: Vec::new(),
    };
    slow.after(30_000);
    assert_eq!(slow.effects[0], ServiceEffect::EndStopCommand(command));
    slow.round(Mode::Terminate);

    service.on(Event::StopCommandEnded(command, Ok(())));
    let round = service.round(Mode::Watch);
    service.on(Event::Remaining(round, postgres(None)));
    service.after(7999);
    assert_eq!(service.effects, []);
    service.shows(
        Status::Stopping,
        Some("stopping, stopCmd has ended, 7.9 of 8 s: waiting for pid 4120 (postgres)"),
    );
    service.after(1);
    assert_eq!(
        service.effects,
        [ServiceEffect::TakeDown(round, Mode::Terminate)]
    );
    service.after(1999);
    assert_eq!(service.effects, []);
    service.after(1);
    assert_eq!(
        service.effects,
        [ServiceEffect::TakeDown(round, Mode::Kill)]
    );
}

#[test]
fn the_leader_alone_is_asked_until_half_of_the_grace_is_over() {
    let mut service = Service::new(Kind::Daemon, |spec| spec.stop_scope = StopScope::Leader);
    service.spawned();
    service.on(Event::Stop);
    let round = service.round(Mode::Leader);
    service.after(3999);
    assert_eq!(service.effects, []);
    service.shows(Status::Stopping, Some("stopping, 3.9 of 8 s"));
    service.after(1);
    assert_eq!(
        service.effects,
        [ServiceEffect::TakeDown(round, Mode::Terminate)]
    );
    service.shows(Status::Stopping, Some("stopping, 4.0 of 8 s"));
    service.after(3999);
    assert_eq!(service.effects, []);
    service.after(1);
    assert_eq!(
        service.effects,
        [ServiceEffect::TakeDown(round, Mode::Kill)]
    );
}

#[test]
fn a_stop_command_that_fails_is_followed_by_signals() {
    let mut service = Service::new(Kind::Daemon, |spec| {
        spec.has_stop_command = true;
        spec.stop_signal = StopSignal::Sigint;
    });
    service.spawned();
    service.on(Event::Stop);
    let ServiceEffect::RunStopCommand(command) = service.effects[1] else {
        panic!("{:?}", service.effects)
    };
    service.on(Event::StopCommandEnded(
        command,
        Err(StopCmdFailure::Ended(End::Code(3))),
    ));
    let ServiceEffect::Note(reason) = &service.effects[0] else {
        panic!("{:?}", service.effects)
    };
    assert_eq!(
        reason.to_string(),
        "stopCmd failed (exit code 3): sending SIGINT instead"
    );
    service.round(Mode::Terminate);
}

#[test]
fn a_port_that_is_not_released_makes_the_stop_fail() {
    let mut service = Service::new(Kind::Daemon, |spec| spec.port = Some(3000));
    service.on(Event::Start);
    let ServiceEffect::CheckPort(life, _) = service.effects[1] else {
        panic!("{:?}", service.effects)
    };
    service
        .on(Event::PortFree(life))
        .on(Event::Spawned(life, 1))
        .on(Event::Stop);
    let round = service.round(Mode::Terminate);
    service.on(Event::Gone(round));
    assert_eq!(
        service.effects,
        [
            ServiceEffect::Drain(life),
            ServiceEffect::AwaitRelease(life, 3000)
        ]
    );
    service.on(Event::Drained(life));
    service.shows(
        Status::Stopping,
        Some("stopping: waiting for its port to be released"),
    );
    service.on(Event::PortHeld(
        life,
        PortHold {
            port: 3000,
            holder: node(),
        },
    ));
    service.shows(
        Status::Failed,
        Some("port 3000 was not released within 5 s: node (pid 4242) listens on it"),
    );
}

#[test]
fn a_start_waits_for_the_port_of_a_run_that_ended_by_itself_and_a_stop_has_waited() {
    let mut service = Service::new(Kind::Daemon, |spec| spec.port = Some(3000));
    service.on(Event::Start);
    let ServiceEffect::CheckPort(life, _) = service.effects[1] else {
        panic!("{:?}", service.effects)
    };
    service
        .on(Event::PortFree(life))
        .on(Event::Spawned(life, 1))
        .on(Event::Exited(life, End::Code(1), 0));
    let round = service.round(Mode::Terminate);
    service
        .on(Event::Drained(life))
        .on(Event::Gone(round))
        .on(Event::Start);
    let ServiceEffect::AwaitPort(life, 3000) = service.effects[1] else {
        panic!("{:?}", service.effects)
    };
    service
        .on(Event::PortFree(life))
        .on(Event::Spawned(life, 1))
        .on(Event::Stop);
    let round = service.round(Mode::Terminate);
    service
        .on(Event::Gone(round))
        .on(Event::Drained(life))
        .on(Event::PortReleased(life, None))
        .on(Event::Start);
    assert!(
        matches!(service.effects[1], ServiceEffect::CheckPort(_, 3000)),
        "{:?}",
        service.effects
    );
}

#[test]
fn a_probe_that_never_passes_ends_in_failed_with_its_last_error() {
    let mut service = Service::probed(Some(500));
    let life = service.spawned();
    service.on(Event::ProbeFailed(life, "connection refused".to_owned()));
    service.after(500);
    assert_eq!(service.published(), [Status::Stopping]);
    let round = service.round(Mode::Terminate);
    service.on(Event::Gone(round)).on(Event::Drained(life));
    service.shows(
        Status::Failed,
        Some(
            "not ready within 0.5 s: waiting for http http://localhost:3002/healthz: \
             connection refused (1 attempt, 0.5 s)",
        ),
    );
}

#[test]
fn a_oneshot_that_succeeds_may_leave_processes_until_it_runs_again() {
    let mut service = Service::new(Kind::Oneshot, |_| {});
    let life = service.spawned();
    assert_eq!(service.published(), [Status::Running]);
    service
        .on(Event::Exited(life, End::Code(0), 2))
        .on(Event::Drained(life));
    service.shows(Status::Ready, Some("left 2 processes running"));
    assert!(
        !service.effects.contains(&ServiceEffect::Cut),
        "their pipes are still read"
    );
    service.on(Event::Start);
    let round = service.round(Mode::Terminate);
    service.on(Event::Gone(round));
    assert!(matches!(
        service.effects[..],
        [ServiceEffect::Cut, ServiceEffect::Spawn(_)]
    ));
}

#[test]
fn a_oneshot_that_fails_says_its_code() {
    let mut service = Service::new(Kind::Oneshot, |_| {});
    let life = service.spawned();
    service.on(Event::Exited(life, End::Code(3), 0));
    let round = service.round(Mode::Terminate);
    service.on(Event::Gone(round)).on(Event::Drained(life));
    service.shows(Status::Failed, Some("exit code 3"));
}

#[test]
fn a_late_answer_of_an_earlier_takedown_is_not_believed() {
    let mut service = Service::daemon();
    let life = service.spawned();
    service.on(Event::Stop);
    let first = service.round(Mode::Terminate);
    service.on(Event::Gone(first)).on(Event::Drained(life));
    service.spawned();
    service.on(Event::Stop);
    service.on(Event::Gone(first));
    assert_eq!(service.effects, []);
    service.shows(Status::Stopping, Some("stopping, 0.0 of 8 s"));
}

#[test]
fn a_stop_while_the_process_is_being_made_comes_right_after() {
    let mut service = Service::daemon();
    service.on(Event::Start);
    let ServiceEffect::Spawn(life) = service.effects[1] else {
        panic!("{:?}", service.effects)
    };
    service.on(Event::Stop);
    assert_eq!(service.effects, []);
    service.on(Event::Spawned(life, 1));
    assert_eq!(service.published(), [Status::Stopping]);
}

#[test]
fn kill_skips_all_grace() {
    let mut service = Service::new(Kind::Daemon, |spec| spec.has_stop_command = true);
    service.spawned();
    service.on(Event::Stop).on(Event::Kill);
    assert!(matches!(
        service.effects[..],
        [
            ServiceEffect::EndStopCommand(_),
            ServiceEffect::TakeDown(_, Mode::Kill)
        ]
    ));
}
