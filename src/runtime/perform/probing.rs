//! The probe of a service: what it needs to know, its start and its end.

use std::sync::Arc;

use super::{Performer, Report};
use crate::logs::LineWatch;
use crate::process::LifeId;
use crate::runtime::lifecycle::Event as Step;
use crate::runtime::listening::Listening;
use crate::runtime::probe_command::ProbeCommands;
use crate::runtime::prober::{self, Progress, Watched};
use crate::runtime::strangers::Strangers;

impl Performer {
    /// Sees to it that a probe that waits for a line knows of all lines of this life, also where a reload has
    /// changed what it waits for.
    fn watch_lines(&mut self, index: usize) {
        let ready = self.services[index].ready.as_ref();
        let pattern = ready.and_then(|ready| ready.probe.pattern());
        let running = &mut self.running[index];
        let Some(pattern) = pattern else {
            running.watched = None;
            return;
        };
        if running
            .watched
            .as_ref()
            .is_some_and(|it| it.is_for(pattern))
        {
            return;
        }
        let watched = Watched::new(pattern);
        let watch: Arc<dyn LineWatch> = watched.clone();
        running.pipes.watch(&watch);
        let matches = |line: &str| !watched.line(line);
        self.logs.has_line(index, running.began_after, matches);
        running.watched = Some(watched);
    }

    pub(super) fn start_probe(&mut self, index: usize, life: LifeId) {
        self.watch_lines(index);
        let service = &self.services[index];
        let Some(ready) = service.ready.clone() else {
            return;
        };
        let commands = ProbeCommands::new(
            index,
            self.running[index].env.clone(),
            service.cwd.clone(),
            self.processes.clone(),
            self.probe_runs.clone(),
            Arc::clone(&service.spec),
        );
        let watched = self.running[index].watched.clone();
        let reports = self.reports.clone();
        let strangers = self.strangers(index);
        let listening = Listening::new(&ready, self.running[index].leader);
        let task = tokio::spawn(async move {
            let tell = |step| {
                let _ = reports.send(Report::Step(index, step));
            };
            let watched = watched.as_deref();
            prober::probe(
                &ready,
                watched,
                &commands,
                strangers,
                listening,
                |progress| match progress {
                    Progress::Pending(waited) => tell(Step::ProbePending(life, waited)),
                    Progress::Failed { error, elsewhere } => {
                        tell(Step::ProbeFailed(life, error));
                        if let Some(ports) = elsewhere {
                            tell(Step::ListensOn(life, ports));
                        }
                    }
                    Progress::Stranger(holder) => tell(Step::ProbeStranger(life, holder)),
                },
            )
            .await;
            tell(Step::ProbePassed(life));
        });
        self.running[index].probe = Some(task.abort_handle());
    }

    /// Who may answer the probe of a service, and is none of it.
    fn strangers(&self, index: usize) -> Strangers {
        let earlier = self.running[index].earlier.clone();
        // Who listened before the service was spawned is below a leader that was there before it too.
        let others = if earlier.is_empty() {
            Vec::new()
        } else {
            self.leaders_without(index)
        };
        Strangers::new(earlier, others)
    }

    /// The leaders of all services but this one and those it depends on.
    fn leaders_without(&self, index: usize) -> Vec<u32> {
        let mut related = vec![false; self.services.len()];
        let mut open = vec![index];
        while let Some(index) = open.pop() {
            if !std::mem::replace(&mut related[index], true) {
                open.extend(&self.services[index].planned.depends_on);
            }
        }
        let others = self.running.iter().zip(related);
        let others = others.filter(|(_, related)| !related);
        others.filter_map(|(other, _)| other.leader).collect()
    }

    pub(super) fn stop_probe(&mut self, service: usize) {
        if let Some(probe) = self.running[service].probe.take() {
            probe.abort();
        }
    }
}
