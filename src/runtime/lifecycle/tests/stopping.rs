//! The way down: signals and their clocks, the stop command, the port.

use super::*;

#[test]
fn a_stop_goes_from_term_to_kill_after_the_grace_and_says_what_it_waits_for() {
    let mut service = Service::daemon();
    let life = service.spawned();
    let round = service.stop(Mode::Terminate);
    service.on(Event::Remaining(round, postgres(None)));
    service.now += Duration::from_millis(3200);
    service.shows(
        Status::Stopping,
        Some("stopping, 3.2 of 8 s: waiting for pid 4120 (postgres)"),
    );
    service.takes_down_after(4800, round, Mode::Kill);
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
    let round = service.stop(Mode::Terminate);
    service.on(Event::Unowned(round, postgres(None)));
    assert_eq!(
        service.note(),
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
    let round = service.stop(Mode::Terminate);
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
    let mut service = Service::with_stop_command();
    service.spawned();
    let command = service.run_stop_command();
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
    assert_eq!(service.after(7900).effects, []);
    service.shows(
        Status::Stopping,
        Some("stopping, stopCmd has ended, 7.9 of 8 s: waiting for pid 4120 (postgres)"),
    );
    service.takes_down_after(100, round, Mode::Terminate);
    service.takes_down_after(2000, round, Mode::Kill);
}

#[test]
fn the_leader_alone_is_asked_until_half_of_the_grace_is_over() {
    let mut service = Service::new(Kind::Daemon, |spec| spec.stop_scope = StopScope::Leader);
    service.spawned();
    let round = service.stop(Mode::Leader);
    assert_eq!(service.after(3900).effects, []);
    service.shows(Status::Stopping, Some("stopping, 3.9 of 8 s"));
    service.takes_down_after(100, round, Mode::Terminate);
    service.shows(Status::Stopping, Some("stopping, 4.0 of 8 s"));
    service.takes_down_after(4000, round, Mode::Kill);
}

#[test]
fn a_stop_command_that_fails_is_followed_by_signals() {
    let mut service = Service::new(Kind::Daemon, |spec| {
        spec.has_stop_command = true;
        spec.stop_signal = StopSignal::Sigint;
    });
    service.spawned();
    let command = service.run_stop_command();
    service.on(Event::StopCommandEnded(
        command,
        Err(StopCmdFailure::Ended(End::Code(3))),
    ));
    assert_eq!(
        service.note(),
        "stopCmd failed (exit code 3): sending SIGINT instead"
    );
    service.round(Mode::Terminate);
}

#[test]
fn a_port_that_is_not_released_makes_the_stop_fail() {
    let mut service = Service::with_port();
    let life = service.spawned();
    let round = service.stop(Mode::Terminate);
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
    let mut service = Service::with_port();
    let life = service.spawned();
    service.on(Event::Exited(life, End::Code(1), 0));
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
        .on(Event::Spawned(life, 1));
    let round = service.stop(Mode::Terminate);
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
fn a_late_answer_of_an_earlier_takedown_is_not_believed() {
    let mut service = Service::daemon();
    let life = service.spawned();
    let first = service.stop(Mode::Terminate);
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
    let mut service = Service::with_stop_command();
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
