//! The way up, the probe, and the end that nobody asked for.

use super::*;

#[test]
fn a_daemon_without_a_probe_is_up_when_it_runs() {
    let mut service = Service::daemon();
    service.spawned();
    assert_eq!(service.published(), [Status::Running]);
    assert!(service.life.facts(service.now).up);
}

#[test]
fn a_probe_decides_and_its_last_error_is_published() {
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

/// A page that takes seconds to compile was shown with the error of the attempt before.
#[test]
fn while_an_attempt_takes_long_what_the_last_one_met_is_not_what_is_so() {
    let mut service = Service::probed(Some(5000));
    let life = service.spawned();
    let waiting = "waiting for http http://localhost:3002/healthz";
    service.now += Duration::from_secs(1);
    service.on(Event::ProbePending(life, Duration::from_secs(1)));
    service.now += Duration::from_millis(6900);
    let shown = format!("{waiting}: no answer yet, for 7.9 s (7.9 s)");
    service.shows(Status::Running, Some(&shown));
    service.on(Event::ProbeFailed(life, "connection refused".to_owned()));
    service.on(Event::ListensOn(life, vec![3000]));
    service.on(Event::ProbePending(LifeId(99), Duration::from_secs(1)));
    let shown = format!("{waiting}: connection refused; it listens on 3000 (1 attempt, 7.9 s)");
    service.shows(Status::Running, Some(&shown));
    service.on(Event::ProbePending(life, Duration::from_secs(1)));
    let shown = format!(
        "{waiting}: no answer yet, for 1.0 s; last attempt: connection refused (1 attempt, 7.9 s)"
    );
    service.shows(Status::Running, Some(&shown));
    service.on(Event::ProbeStranger(life, node()));
    service.on(Event::ProbePending(life, Duration::from_secs(1)));
    let reason = service.life.reason(service.now);
    assert!(matches!(reason, Some(Reason::Probing(_))), "{reason:?}");
    service.now += Duration::from_secs(2);
    service.on(Event::Exited(life, End::Code(1), 0));
    let probe = service.life.reason(service.now);
    let probe = probe.as_ref().and_then(Reason::probe).unwrap();
    assert_eq!(
        (probe.pending_ms, probe.last.as_deref(), probe.attempts),
        (None, Some("no answer within 3.0 s"), 3)
    );
}

#[test]
fn where_a_service_listens_instead_is_published_until_the_probe_fails_otherwise() {
    let mut service = Service::probed(Some(5000));
    let life = service.spawned();
    service.on(Event::ProbeFailed(life, "connection refused".to_owned()));
    service.on(Event::ListensOn(LifeId(99), vec![1]));
    service.on(Event::ListensOn(life, vec![3000, 9229]));
    service.on(Event::ProbeFailed(life, "connection refused".to_owned()));
    let waiting = "waiting for http http://localhost:3002/healthz";
    let elsewhere =
        format!("{waiting}: connection refused; it listens on 3000, 9229 (2 attempts, 0.0 s)");
    service.shows(Status::Running, Some(&elsewhere));
    service.on(Event::ProbeFailed(life, "status 503".to_owned()));
    service.shows(
        Status::Running,
        Some(&format!("{waiting}: status 503 (3 attempts, 0.0 s)")),
    );
    service.on(Event::ListensOn(life, vec![3000]));
    service.on(Event::ListensOn(life, Vec::new()));
    let reason = service.life.reason(service.now).unwrap();
    assert_eq!(reason.probe().unwrap().listens_on, Vec::<u16>::new());
}

#[test]
fn a_stranger_makes_nobody_ready_and_is_noted_once() {
    let mut service = Service::probed(Some(5000));
    let life = service.spawned();
    service.on(Event::ProbeStranger(LifeId(99), node()));
    assert_eq!(service.effects, []);
    service.on(Event::ProbeStranger(life, node()));
    assert!(matches!(
        service.effects.as_slice(),
        [ServiceEffect::Note(Reason::Stranger { holder, .. })] if *holder == node()
    ));
    let detail = "waiting for http http://localhost:3002/healthz: \
                  answered by node (pid 4242), which is not this service";
    service.shows(
        Status::Running,
        Some(&format!("{detail} (1 attempt, 0.0 s)")),
    );
    assert!(!service.life.facts(service.now).up);
    service.on(Event::ProbeFailed(life, "status 503".to_owned()));
    let reason = service.life.reason(service.now);
    assert!(matches!(reason, Some(Reason::Probing(_))), "{reason:?}");
    service.on(Event::ProbeStranger(life, node()));
    assert_eq!(service.effects, []);
    service.shows(
        Status::Running,
        Some(&format!("{detail} (3 attempts, 0.0 s)")),
    );
    service.on(Event::ProbePassed(life));
    service.shows(Status::Ready, None);
}

#[test]
fn the_port_is_checked_before_the_start() {
    let mut service = Service::with_port();
    let life = service.on(Event::Start).asked(|effect| match effect {
        ServiceEffect::CheckPort(life, 3000) => Some(*life),
        _ => None,
    });
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
fn a_daemon_that_leaves_a_background_process_fails_and_says_so() {
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
