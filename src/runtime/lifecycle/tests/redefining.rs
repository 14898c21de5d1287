//! A reload changes the definition of a service: what counts at once, and what from the next start on.

use super::*;

impl Service {
    /// With another probe, or none.
    fn redefined(&mut self, probe: Option<ProbeSpec>) -> &mut Self {
        let spec = Spec {
            probe,
            grace: Duration::from_secs(1),
            ..self.life.spec.clone()
        };
        self.on(Event::Redefine(Box::new(spec), true))
    }
}

fn tcp() -> ProbeSpec {
    ProbeSpec {
        probe: Probe {
            r#type: "tcp".to_owned(),
            target: ":1".to_owned(),
            port: None,
        },
        timeout: None,
    }
}

#[test]
fn another_probe_counts_at_once_while_it_is_not_ready() {
    let mut service = Service::probed(Some(500));
    let life = service.spawned();
    service.on(Event::ProbeFailed(life, "refused".to_owned()));
    let effects = &service.redefined(Some(tcp())).effects;
    assert_eq!(
        *effects,
        [
            ServiceEffect::UpdateTeardown,
            ServiceEffect::StopProbe,
            ServiceEffect::StartProbe(life)
        ]
    );
    // Its attempts are counted anew, and the old limit is gone.
    service.shows(Status::Running, Some("waiting for tcp :1 (0.0 s)"));
    assert_eq!(service.life.deadline(), None);
    service
        .on(Event::ProbePassed(life))
        .shows(Status::Ready, None);
}

#[test]
fn without_a_probe_it_is_up_at_once() {
    let mut service = Service::probed(None);
    service.spawned();
    assert_eq!(service.redefined(None).published(), [Status::Running]);
    assert_eq!(service.life.standing(), Standing::Up);
}

#[test]
fn what_is_up_gets_its_probe_with_the_next_start() {
    let mut service = Service::daemon();
    service.spawned();
    let effects = &service.redefined(Some(tcp())).effects;
    assert_eq!(*effects, [ServiceEffect::UpdateTeardown]);
    service.shows(Status::Running, None);
    // The new grace counts for the stop that comes.
    let round = service.stop(Mode::Terminate);
    service.takes_down_after(1_000, round, Mode::Kill);
    service.on(Event::Gone(round));
    let life = service.asked(|effect| match effect {
        ServiceEffect::Drain(life) => Some(*life),
        _ => None,
    });
    service.on(Event::Drained(life));
    let life = service.spawned();
    assert!(service.effects.contains(&ServiceEffect::StartProbe(life)));
}

#[test]
fn another_port_is_not_waited_for_as_if_it_had_been_held() {
    let mut service = Service::with_port();
    service.spawned();
    let round = service.stop(Mode::Terminate);
    service.on(Event::Gone(round));
    let life = service.asked(|effect| match effect {
        ServiceEffect::AwaitRelease(life, _) => Some(*life),
        _ => None,
    });
    service.on(Event::Drained(life));
    service.on(Event::PortReleased(life, None));
    let spec = Spec {
        port: Some(4000),
        ..service.life.spec.clone()
    };
    assert_eq!(
        service.on(Event::Redefine(Box::new(spec), false)).effects,
        []
    );
    service.on(Event::Start);
    let asked = service.asked(|effect| match effect {
        ServiceEffect::CheckPort(_, port) => Some(*port),
        _ => None,
    });
    assert_eq!(asked, 4000);
}
