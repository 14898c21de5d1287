//! The boot of a session: when each service waited, for what, when it started and was up; and what the time went
//! to.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::run::Run;
use crate::facts::{Definition, Kind, Status, What};

/// The boot of a session, in milliseconds since it began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timeline {
    /// From the beginning to the end of the boot, or to the last record where it has not ended.
    pub total_ms: u64,
    /// Whether the boot has ended.
    pub ended: bool,
    /// How much sooner it would have ended had services waited for what they depend on alone.
    pub waves_cost_ms: u64,
    /// The services in the order in which they started; those that never did come last.
    pub services: Vec<Step>,
    /// The services that the end of the boot waited for, one after the other.
    pub critical_path: Vec<Arc<str>>,
}

/// One service in a boot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name.
    pub service: Arc<str>,
    /// Its layer in the plan, from 0.
    pub wave: usize,
    /// What it waited for last before it started; absent when it waited for nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waited_for: Option<Wait>,
    /// When its start began; absent when it did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// When its process ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running_ms: Option<u64>,
    /// When it was up, or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_ms: Option<u64>,
    /// Whether it came up.
    pub up: bool,
    /// What took the most of its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// The status and reason in which the boot left it, for people; absent when it is up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// What held a service up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Something it depends on.
    Dependency,
    /// Another service of an earlier wave.
    Wave,
    /// Its own start: the port, the environment, the spawn.
    Start,
    /// Its probe.
    Probe,
    /// Its work: it is a oneshot.
    Work,
}

/// The wait before a start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// The service that was up, or had failed, last before the start.
    pub service: Arc<str>,
    /// Whether it depends on that; otherwise only its wave had to wait.
    pub is_dependency: bool,
}

impl Step {
    /// From the beginning of its start until it was up or had failed.
    pub fn own_ms(&self) -> Option<u64> {
        Some(self.resolved_ms? - self.started_ms?)
    }
}

impl Timeline {
    /// The boot of a run; `None` where there is none on record.
    pub fn of(run: &Run) -> Option<Self> {
        let began = run
            .records
            .iter()
            .position(|record| matches!(record.what, What::BootStarted))?;
        let zero = run.records[began].timestamp.0;
        let since = |at: i64| u64::try_from(at - zero).unwrap_or(0);
        let after = &run.records[began..];
        let end = after
            .iter()
            .position(|record| matches!(record.what, What::BootEnded(_)));
        let boot = &after[..end.map_or(after.len(), |end| end + 1)];
        let last = boot.last().map_or(zero, |record| record.timestamp.0);
        let definitions = run.definitions(began);
        let mut steps: BTreeMap<Arc<str>, Step> = definitions
            .values()
            .map(|definition| (Arc::clone(&definition.service), step(definition)))
            .collect();
        for record in boot {
            let What::Status(status) = &record.what else {
                continue;
            };
            let Some(step) = steps.get_mut(&status.service) else {
                continue;
            };
            let (at, state) = (since(record.timestamp.0), &status.state);
            step.outcome = (!state.up).then(|| match &state.reason {
                Some(reason) => format!("{}: {reason}", state.status.as_str()),
                None => state.status.as_str().to_owned(),
            });
            if step.resolved_ms.is_some() {
                continue;
            }
            match state.status {
                Status::Starting => {
                    step.started_ms.get_or_insert(at);
                }
                Status::Running => {
                    step.running_ms.get_or_insert(at);
                }
                _ => {}
            }
            step.up = state.up;
            if state.up || state.status == Status::Failed {
                step.started_ms.get_or_insert(at);
                step.resolved_ms = Some(at);
            }
        }
        for definition in definitions.values() {
            let waited_for = waited_for(definition, &steps);
            let Some(step) = steps.get_mut(&definition.service) else {
                continue;
            };
            step.gate = gate(step, definition.kind, waited_for.as_ref());
            step.waited_for = waited_for;
        }
        let mut services: Vec<Step> = steps.into_values().collect();
        services.sort_by_key(|step| (step.started_ms.unwrap_or(u64::MAX), step.wave));
        let total_ms = since(last);
        Some(Self {
            total_ms,
            ended: end.is_some(),
            waves_cost_ms: waves_cost(&services, &definitions),
            critical_path: critical_path(&services),
            services,
        })
    }

    /// The service that took longest by itself.
    pub fn longest(&self) -> Option<&Step> {
        let services = self.services.iter();
        services
            .filter(|step| step.own_ms().is_some())
            .max_by_key(|step| step.own_ms())
    }
}

fn step(definition: &Definition) -> Step {
    Step {
        service: Arc::clone(&definition.service),
        wave: definition.wave,
        waited_for: None,
        started_ms: None,
        running_ms: None,
        resolved_ms: None,
        up: false,
        gate: None,
        outcome: definition.state.as_ref().and_then(|state| {
            Some(format!(
                "{}: {}",
                state.status.as_str(),
                state.reason.as_ref()?
            ))
        }),
    }
}

/// What resolved last before the start of a service, of what it had to wait for.
fn waited_for(definition: &Definition, steps: &BTreeMap<Arc<str>, Step>) -> Option<Wait> {
    let started = steps.get(&definition.service)?.started_ms?;
    let is_dependency = |name: &Arc<str>| definition.depends_on.contains(name);
    let before = steps.values().filter(|step| {
        let is_earlier = step.wave < definition.wave;
        is_earlier && step.resolved_ms.is_some_and(|at| at <= started)
    });
    // Of two at the same moment it is the dependency.
    let last = before.max_by_key(|step| (step.resolved_ms, is_dependency(&step.service)))?;
    Some(Wait {
        service: Arc::clone(&last.service),
        is_dependency: is_dependency(&last.service),
    })
}

/// What took the most of the time until a service was up.
fn gate(step: &Step, kind: Kind, waited_for: Option<&Wait>) -> Option<Gate> {
    let (started, resolved) = (step.started_ms?, step.resolved_ms?);
    let running = step.running_ms.unwrap_or(resolved);
    let wait = match waited_for {
        Some(wait) if wait.is_dependency => Gate::Dependency,
        Some(_) => Gate::Wave,
        None => Gate::Start,
    };
    let last = match kind {
        Kind::Daemon => Gate::Probe,
        Kind::Oneshot => Gate::Work,
    };
    let parts = [
        (resolved - running, last),
        (running.saturating_sub(started), Gate::Start),
        (started, wait),
    ];
    let longest = parts.into_iter().max_by_key(|(time, _)| *time);
    longest.map(|(_, gate)| gate)
}

/// How much sooner the last service would have resolved had each waited for its dependencies alone.
fn waves_cost(services: &[Step], definitions: &BTreeMap<Arc<str>, Definition>) -> u64 {
    let mut by_wave: Vec<&Step> = services.iter().collect();
    by_wave.sort_by_key(|step| step.wave);
    let mut ideal: BTreeMap<&str, u64> = BTreeMap::new();
    for step in by_wave {
        let (Some(own), Some(definition)) = (step.own_ms(), definitions.get(&step.service)) else {
            continue;
        };
        let needed = definition.depends_on.iter();
        let begin = needed.filter_map(|name| ideal.get(&**name)).max();
        ideal.insert(&step.service, begin.copied().unwrap_or(0) + own);
    }
    let real = services.iter().filter_map(|step| step.resolved_ms).max();
    let ideal = ideal.values().max().copied();
    real.unwrap_or(0).saturating_sub(ideal.unwrap_or(0))
}

/// From the service that resolved last back along what each waited for, then turned round.
fn critical_path(services: &[Step]) -> Vec<Arc<str>> {
    let resolved = services.iter().filter(|step| step.resolved_ms.is_some());
    let mut next = resolved.max_by_key(|step| step.resolved_ms);
    let mut path = Vec::new();
    // A wait leads to an earlier wave, so this ends.
    while let Some(step) = next {
        path.push(Arc::clone(&step.service));
        let before = step.waited_for.as_ref();
        next = before.and_then(|wait| services.iter().find(|it| it.service == wait.service));
    }
    path.reverse();
    path
}
