//! What a run is made of: a graph, how each service behaves, and what happens when.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use crate::facts::{End, Kind, Probe, StopScope, StopSignal};
use crate::runtime::handle::{Action, Urgency};
use crate::runtime::lifecycle::{Now, ProbeSpec, Spec};
use crate::runtime::orchestrator::{Changed, Planned, Reload};

/// One run.
#[derive(Debug, Clone)]
pub(super) struct Script {
    pub(super) services: Vec<Behaviour>,
    /// Each at so long after the one before.
    pub(super) happenings: Vec<(Now, Happening)>,
}

/// Something from outside.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    Act(u8, Action),
    Exit(usize, End),
    /// Something that a oneshot has left ends.
    Leave(usize),
    Shutdown(Urgency),
    Reload(Edit),
}

/// The configuration is edited and read again.
#[derive(Debug, Clone)]
pub(super) struct Edit {
    /// By index; those without one are kept.
    fates: Vec<Fate>,
    added: Vec<Behaviour>,
    /// New dependencies, by index.
    edges: Vec<Option<Vec<prop::sample::Index>>>,
    with_dependents: bool,
}

/// What an edit does to a service.
#[derive(Debug, Clone)]
enum Fate {
    Kept,
    Removed,
    /// Defined anew; with this a removed one comes back.
    Restart(Behaviour),
    /// What a process need not be restarted for.
    Live(Behaviour),
}

/// The services as they are configured just now.
#[derive(Debug, Clone)]
pub(super) struct Configured {
    pub(super) services: Vec<Behaviour>,
    removed: Vec<bool>,
}

/// How a service behaves in every one of its lives.
#[derive(Debug, Clone)]
pub(super) struct Behaviour {
    pub(super) oneshot: bool,
    /// Smaller indices only, so that the graph has no cycle.
    pub(super) depends_on: Vec<usize>,
    pub(super) auto_start: bool,
    pub(super) spawn: Outcome,
    pub(super) port: Option<Outcome>,
    pub(super) release: Outcome,
    pub(super) probe: Option<Passes>,
    /// Who answers its probe before that passes: `Fails` means a stranger, every other time.
    pub(super) answered: Outcome,
    pub(super) probe_timeout: Option<u16>,
    /// When a oneshot ends by itself, and how.
    pub(super) work_ms: u16,
    pub(super) exit_code: i32,
    /// Processes the leader leaves behind.
    pub(super) left: usize,
    /// How long it takes to end after SIGTERM; `None` ignores it.
    pub(super) term_ms: Option<u16>,
    /// Not even SIGKILL ends it.
    pub(super) immortal: bool,
    pub(super) stop_command: Option<StopCommand>,
    /// Its leader gets the stop signal first: whether that ends all of it.
    pub(super) leader_first: Option<Outcome>,
    pub(super) latency_ms: u16,
}

/// When a probe passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passes {
    AfterFailing(u8),
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Works,
    Fails,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StopCommand {
    /// It ends the service.
    Works,
    /// It exits with 0 and has done nothing.
    Idle,
    Fails,
    Hangs,
}

impl Script {
    pub(super) fn configured(&self) -> Configured {
        Configured {
            services: self.services.clone(),
            removed: vec![false; self.services.len()],
        }
    }

    pub(super) fn planned(&self) -> Vec<Planned> {
        self.configured().planned().into_values().collect()
    }
}

impl Configured {
    /// The services after an edit, and the reload that it comes to.
    pub(super) fn edited(&self, edit: &Edit) -> (Self, Reload) {
        let mut next = self.clone();
        let mut changed = BTreeMap::new();
        for (service, fate) in edit.fates.iter().enumerate().take(self.services.len()) {
            let (old, was_removed) = (&self.services[service], self.removed[service]);
            let (new, restart) = match fate {
                Fate::Removed => {
                    next.removed[service] = true;
                    continue;
                }
                Fate::Restart(new) => (new, true),
                Fate::Live(new) if !was_removed => (new, false),
                Fate::Kept | Fate::Live(_) => continue,
            };
            let mut new = Behaviour {
                depends_on: old.depends_on.clone(),
                // Its processes are what they are.
                immortal: old.immortal,
                ..new.clone()
            };
            if !restart {
                (new.oneshot, new.port) = (old.oneshot, old.port);
            }
            let ready = (new.probe, new.probe_timeout) != (old.probe, old.probe_timeout);
            if !was_removed {
                changed.insert(service, Changed { restart, ready });
            }
            next.removed[service] = false;
            next.services[service] = new;
        }
        next.services.extend(edit.added.iter().cloned());
        next.removed.resize(next.services.len(), false);
        for (service, edges) in edit.edges.iter().enumerate().take(next.services.len()) {
            if let (Some(edges), 1..) = (edges, service) {
                let edges = edges.iter().map(|edge| edge.index(service));
                next.services[service].depends_on = edges.collect();
            }
        }
        for service in &mut next.services {
            service.depends_on.retain(|&it| !next.removed[it]);
            service.depends_on.sort_unstable();
            service.depends_on.dedup();
        }
        let services = next.planned();
        if edit.with_dependents {
            // Dependencies have smaller indices.
            for (&service, planned) in &services {
                let is_restarted = |it: &usize| changed.get(it).is_some_and(|it| it.restart);
                let there = self.removed.get(service) == Some(&false);
                if there && planned.depends_on.iter().any(is_restarted) {
                    let ready = changed.get(&service).is_some_and(|it| it.ready);
                    let restart = true;
                    changed.insert(service, Changed { restart, ready });
                }
            }
        }
        let reload = Reload { services, changed };
        (next, reload)
    }

    fn planned(&self) -> BTreeMap<usize, Planned> {
        let mut waves: Vec<usize> = Vec::new();
        for service in &self.services {
            waves.push(
                service
                    .depends_on
                    .iter()
                    .map(|&dependency| waves[dependency] + 1)
                    .max()
                    .unwrap_or(0),
            );
        }
        let mut at_boot: Vec<bool> = self
            .services
            .iter()
            .zip(&self.removed)
            .map(|(service, removed)| service.auto_start && !removed)
            .collect();
        for index in (0..self.services.len()).rev() {
            if at_boot[index] {
                for &dependency in &self.services[index].depends_on {
                    at_boot[dependency] = true;
                }
            }
        }
        self.services
            .iter()
            .enumerate()
            .filter(|&(index, _)| !self.removed[index])
            .map(|(index, service)| {
                let planned = Planned {
                    name: format!("s{index:02}").into(),
                    spec: Spec {
                        kind: if service.oneshot {
                            Kind::Oneshot
                        } else {
                            Kind::Daemon
                        },
                        probe: service.probe.map(|_| ProbeSpec {
                            probe: Probe {
                                r#type: "tcp".to_owned(),
                                target: ":1".to_owned(),
                                port: Some(1),
                            },
                            timeout: service
                                .probe_timeout
                                .map(|ms| Duration::from_millis(u64::from(ms) + 1)),
                        }),
                        port: service.port.map(|_| 1),
                        grace: Duration::from_secs(8),
                        has_stop_command: service.stop_command.is_some(),
                        stop_signal: StopSignal::Sigint,
                        stop_scope: match service.leader_first {
                            None => StopScope::Group,
                            Some(_) => StopScope::Leader,
                        },
                    },
                    depends_on: service.depends_on.clone(),
                    wave: waves[index],
                    auto_start: service.auto_start,
                    at_boot: at_boot[index],
                };
                (index, planned)
            })
            .collect()
    }
}

fn mostly_works() -> impl Strategy<Value = Outcome> {
    prop_oneof![9 => Just(Outcome::Works), 1 => Just(Outcome::Fails)]
}

fn behaviours() -> impl Strategy<Value = Behaviour> {
    let stop_commands = prop_oneof![
        Just(StopCommand::Works),
        Just(StopCommand::Idle),
        Just(StopCommand::Fails),
        Just(StopCommand::Hangs)
    ];
    let life = (
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.85),
        mostly_works(),
        prop::option::weighted(0.3, mostly_works()),
        mostly_works(),
        mostly_works(),
        prop::option::weighted(
            0.5,
            prop_oneof![9 => (0..6u8).prop_map(Passes::AfterFailing), 1 => Just(Passes::Never)],
        ),
        prop::option::weighted(0.3, 0..2_000u16),
    );
    let death = (
        0..500u16,
        prop_oneof![6 => Just(0), 1 => Just(1)],
        prop_oneof![6 => Just(0usize), 1 => 1..4usize],
        prop::option::weighted(0.9, 0..300u16),
        prop::bool::weighted(0.02),
        prop::option::weighted(0.15, stop_commands),
        prop::option::weighted(0.5, mostly_works()),
        0..50u16,
    );
    (life, death).prop_map(|(life, death)| {
        let (oneshot, auto_start, spawn, port, release, answered, probe, probe_timeout) = life;
        let (work_ms, exit_code, left, term_ms, immortal, stop_command, ..) = death;
        let (.., leader_first, latency_ms) = death;
        Behaviour {
            oneshot,
            depends_on: Vec::new(),
            auto_start,
            spawn,
            port,
            release,
            probe,
            answered,
            probe_timeout,
            work_ms,
            exit_code,
            left,
            term_ms,
            immortal,
            stop_command,
            leader_first,
            latency_ms,
        }
    })
}

fn actions(services: usize) -> impl Strategy<Value = Action> {
    prop_oneof![
        4 => (0..services).prop_map(Action::Start),
        4 => (0..services).prop_map(Action::Stop),
        3 => (0..services).prop_map(Action::Restart),
        1 => Just(Action::StartAll),
        1 => Just(Action::StopAll),
        1 => urgencies().prop_map(Action::Shutdown),
    ]
}

fn urgencies() -> impl Strategy<Value = Urgency> {
    prop_oneof![Just(Urgency::Graceful), Just(Urgency::Now)]
}

fn happenings(services: usize) -> impl Strategy<Value = (Now, Happening)> {
    let ends = prop_oneof![Just(End::Code(0)), Just(End::Code(1)), Just(End::Signal(9))];
    let what = prop_oneof![
        12 => (0..4u8, actions(services)).prop_map(|(client, action)| Happening::Act(client, action)),
        4 => (0..services, ends).prop_map(|(service, end)| Happening::Exit(service, end)),
        2 => (0..services).prop_map(Happening::Leave),
        1 => urgencies().prop_map(Happening::Shutdown),
        4 => edits().prop_map(Happening::Reload),
    ];
    (
        prop_oneof![3 => 0..300u64, 1 => 0..12_000u64].prop_map(Duration::from_millis),
        what,
    )
}

fn edits() -> impl Strategy<Value = Edit> {
    let fate = prop_oneof![
        5 => Just(Fate::Kept),
        1 => Just(Fate::Removed),
        2 => behaviours().prop_map(Fate::Restart),
        2 => behaviours().prop_map(Fate::Live),
    ];
    let edges = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let edit = (
        prop::collection::vec(fate, 0..8),
        prop::collection::vec(behaviours(), 0..3),
        prop::collection::vec(prop::option::weighted(0.2, edges), 0..12),
        prop::bool::weighted(0.3),
    );
    edit.prop_map(|(fates, added, edges, with_dependents)| Edit {
        fates,
        added,
        edges,
        with_dependents,
    })
}

/// Any run, of up to 40 services.
pub(super) fn scripts() -> impl Strategy<Value = Script> {
    prop_oneof![4 => 1..8usize, 1 => 8..41usize].prop_flat_map(|size| {
        let services = prop::collection::vec(behaviours(), size);
        let edges = prop::collection::vec(
            prop::collection::vec(any::<prop::sample::Index>(), 0..4),
            size,
        );
        let happenings = prop::collection::vec(happenings(size), 0..14);
        (services, edges, happenings).prop_map(|(mut services, edges, happenings)| {
            for (index, edges) in edges.into_iter().enumerate().skip(1) {
                let mut depends_on: Vec<usize> =
                    edges.into_iter().map(|edge| edge.index(index)).collect();
                depends_on.sort_unstable();
                depends_on.dedup();
                services[index].depends_on = depends_on;
            }
            Script {
                services,
                happenings,
            }
        })
    })
}
