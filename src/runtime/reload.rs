//! From a configuration that was read again to what the orchestrator is asked for, and the definitions that
//! wait until it says that they count (docs/lifecycle.md, Reload).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::diff::{self, Services};
use super::handle::{Outcome, ReloadOptions};
use super::orchestrator::{Changed, Orchestrator, Planned, Reload, Ticket};
use super::perform::Performer;
use super::setup::{ServiceSetup, SessionSettings, Setup};
use super::source::Source;
use crate::facts::{Change, ChangeKind, ConfigProblem, ReloadReport};

/// The reloads under way.
#[derive(Debug)]
pub(super) struct Reloads {
    pub(super) source: Source,
    /// Those without a result.
    pending: HashMap<Ticket, Pending>,
}

#[derive(Debug)]
struct Pending {
    /// Until they count: the services by index, and the session.
    definitions: Option<(Vec<(usize, ServiceSetup)>, SessionSettings)>,
    changes: Vec<Change>,
}

impl Reloads {
    pub(super) fn new(source: Source) -> Self {
        Self {
            source,
            pending: HashMap::new(),
        }
    }

    /// The answer where the file cannot be used.
    pub(super) fn refused(&self, problems: Vec<ConfigProblem>) -> (Outcome, ReloadReport) {
        let name = self.source.path.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let errors = problems.iter().filter(|it| it.severity == "error").count();
        let plural = if errors == 1 { "" } else { "s" };
        let outcome = Outcome::Failed {
            message: format!("{name} has {errors} error{plural}: nothing was changed"),
            failed_services: Vec::new(),
        };
        let changes = Vec::new();
        (outcome, ReloadReport { changes, problems })
    }

    /// The answer where the file changes something else than what was to be applied.
    pub(super) fn edited_again(&self, changes: Vec<Change>) -> (Outcome, ReloadReport) {
        let name = self.source.path.file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let message = format!("{name} was edited again: nothing was changed");
        let problems = Vec::new();
        let report = ReloadReport { changes, problems };
        (Outcome::EditedAgain { message }, report)
    }

    /// What the orchestrator is asked for; the definitions wait.
    pub(super) fn begin(
        &mut self,
        core: &Orchestrator,
        performer: &Performer,
        setup: Setup,
        ticket: Ticket,
        changes: Vec<Change>,
    ) -> Reload {
        let known = (0..core.len()).map(|index| (Arc::from(core.name(index)), index));
        let mut indices: HashMap<Arc<str>, usize> = known.collect();
        let mut next = core.len();
        for service in &setup.services {
            indices
                .entry(Arc::clone(&service.planned.name))
                .or_insert_with(|| {
                    next += 1;
                    next - 1
                });
        }
        let names: Vec<Arc<str>> = setup.names();
        let index = |at: usize| indices[&names[at]];
        let mut services: Vec<(usize, ServiceSetup)> = Vec::new();
        for mut service in setup.services {
            for dependency in &mut service.planned.depends_on {
                *dependency = index(*dependency);
            }
            services.push((indices[&service.planned.name], service));
        }
        services.sort_by_key(|&(index, _)| index);
        let planned = services.iter();
        let planned: BTreeMap<usize, Planned> = planned
            .map(|(index, setup)| (*index, setup.planned.clone()))
            .collect();
        let is_kept =
            |change: &&Change| matches!(change.change, ChangeKind::Restart | ChangeKind::Live);
        let mut differing = BTreeMap::new();
        for change in changes.iter().filter(is_kept) {
            let Some(&index) = change.service.as_ref().and_then(|name| indices.get(name)) else {
                continue;
            };
            let new = services.iter().find(|(it, _)| *it == index);
            let old = performer.services.get(index);
            let probes = old.zip(new.map(|(_, new)| new));
            let what = Changed {
                restart: change.change == ChangeKind::Restart,
                ready: probes.is_some_and(|(old, new)| diff::is_probe_changed(old, new)),
            };
            differing.insert(index, what);
        }
        let definitions = Some((services, setup.session));
        let pending = Pending {
            definitions,
            changes,
        };
        self.pending.insert(ticket, pending);
        Reload {
            services: planned,
            changed: differing,
        }
    }

    /// The definitions of a reload, which count from here on.
    pub(super) fn take(
        &mut self,
        ticket: Ticket,
    ) -> Option<(Vec<(usize, ServiceSetup)>, SessionSettings)> {
        self.pending.get_mut(&ticket)?.definitions.take()
    }

    /// What a reload changes.
    pub(super) fn changes(&self, ticket: Ticket) -> Vec<Change> {
        let pending = self.pending.get(&ticket);
        pending.map_or_else(Vec::new, |pending| pending.changes.clone())
    }

    /// It is over: what is reported of it.
    pub(super) fn forget(&mut self, ticket: Ticket) -> Option<Box<ReloadReport>> {
        let Pending { changes, .. } = self.pending.remove(&ticket)?;
        let problems = Vec::new();
        Some(Box::new(ReloadReport { changes, problems }))
    }
}

/// What a setup changes of what runs.
pub(super) fn changes(
    core: &Orchestrator,
    performer: &Performer,
    setup: &Setup,
    options: &ReloadOptions,
) -> Vec<Change> {
    let old = running(core, performer);
    let new = diff::by_name(&setup.services, |_| true);
    let mut changes = diff::diff((&old, &performer.session), (&new, &setup.session));
    if options.with_dependents {
        diff::with_dependents(&mut changes, &new);
    }
    changes
}

fn running<'a>(core: &Orchestrator, performer: &'a Performer) -> Services<'a> {
    diff::by_name(&performer.services, |index| !core.is_gone(index))
}
