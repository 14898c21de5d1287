//! One service by the book: the order of effects, the clocks and the details
//! (docs/lifecycle.md, States; docs/lifecycle.md, Stopping).

mod redefining;
mod running;
mod stopping;

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

    fn with_port() -> Self {
        Self::new(Kind::Daemon, |spec| spec.port = Some(3000))
    }

    fn with_stop_command() -> Self {
        Self::new(Kind::Daemon, |spec| spec.has_stop_command = true)
    }

    fn probed(timeout: Option<u64>) -> Self {
        Self::new(Kind::Daemon, |spec| {
            spec.probe = Some(ProbeSpec {
                probe: Probe {
                    r#type: "http".to_owned(),
                    target: "http://localhost:3002/healthz".to_owned(),
                    port: Some(3002),
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

    /// What is asked for, where this finds it.
    #[track_caller]
    fn asked<T>(&self, find: impl Fn(&ServiceEffect) -> Option<T>) -> T {
        let found = self.effects.iter().find_map(find);
        found.unwrap_or_else(|| panic!("{:?}", self.effects))
    }

    /// Up to the process; its port is free when it has one.
    #[track_caller]
    fn spawned(&mut self) -> LifeId {
        self.on(Event::Start);
        if self.life.spec.port.is_some() {
            let life = self.asked(|effect| match effect {
                ServiceEffect::CheckPort(life, _) | ServiceEffect::AwaitPort(life, _) => {
                    Some(*life)
                }
                _ => None,
            });
            self.on(Event::PortFree(life));
        }
        let life = self.asked(|effect| match effect {
            ServiceEffect::Spawn(life) => Some(*life),
            _ => None,
        });
        self.on(Event::Spawned(life, 4120));
        life
    }

    /// The round of the takedown that is asked for.
    #[track_caller]
    fn round(&self, wanted: Mode) -> u32 {
        self.asked(|effect| match effect {
            ServiceEffect::TakeDown(round, mode) if *mode == wanted => Some(*round),
            _ => None,
        })
    }

    /// A stop, and the round of its takedown.
    #[track_caller]
    fn stop(&mut self, mode: Mode) -> u32 {
        self.on(Event::Stop).round(mode)
    }

    /// A stop, and the life of the stop command.
    #[track_caller]
    fn run_stop_command(&mut self) -> LifeId {
        self.on(Event::Stop).asked(|effect| match effect {
            ServiceEffect::RunStopCommand(life) => Some(*life),
            _ => None,
        })
    }

    /// Nothing happens until this time is over, and then this mode is asked for.
    #[track_caller]
    fn takes_down_after(&mut self, ms: u64, round: u32, mode: Mode) {
        assert_eq!(self.after(ms - 1).effects, []);
        assert_eq!(
            self.after(1).effects,
            [ServiceEffect::TakeDown(round, mode)]
        );
    }

    /// The line that goes into its log.
    #[track_caller]
    fn note(&self) -> String {
        self.asked(|effect| match effect {
            ServiceEffect::Note(reason) => Some(reason.to_string()),
            _ => None,
        })
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
