//! The published state of the services, and its subscribers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::mpsc;

use super::handle::{SubscriberId, Update};
use super::lifecycle::Now;
use super::orchestrator::{Orchestrator, View};
use super::setup::ServiceSetup;
use super::status::StatusView;
use crate::facts::Reason;

#[derive(Debug)]
pub(super) struct Board {
    views: Vec<Arc<StatusView>>,
    /// The services of the plan, sorted by name.
    shown: Vec<usize>,
    subscribers: HashMap<SubscriberId, mpsc::UnboundedSender<Update>>,
}

impl Board {
    /// The services as the core has them before anything has happened.
    pub(super) fn new(services: &[ServiceSetup], core: &Orchestrator) -> Self {
        let mut board = Self {
            views: Vec::new(),
            shown: Vec::new(),
            subscribers: HashMap::new(),
        };
        board.define(Now::ZERO, services, core);
        board
    }

    /// Takes over how services are defined; what has been published of them stays.
    pub(super) fn define(&mut self, now: Now, services: &[ServiceSetup], core: &Orchestrator) {
        self.shown = core.live();
        for (service, setup) in services.iter().enumerate() {
            let planned = &setup.planned;
            let needed = planned.depends_on.iter();
            let depends_on = needed
                .map(|&it| services[it].planned.name.clone())
                .collect();
            let (wave, kind) = (planned.wave, planned.spec.kind);
            let spec = Arc::clone(&setup.spec);
            let ready_label = setup.label.as_deref().map(Arc::from);
            if let Some(known) = self.views.get_mut(service) {
                *known = Arc::new(StatusView {
                    depends_on,
                    wave,
                    kind,
                    spec,
                    ready_label,
                    ..StatusView::clone(known)
                });
                continue;
            }
            let View { facts, wanted } = core.view(now, service);
            self.views.push(Arc::new(StatusView {
                service,
                name: planned.name.clone(),
                status: facts.status,
                up: facts.up,
                reason: facts.reason,
                pid: facts.pid,
                end: facts.end,
                wanted,
                depends_on,
                wave,
                kind,
                since: SystemTime::now(),
                spec,
                ready_label,
            }));
        }
    }

    pub(super) fn subscribe(&mut self, id: SubscriberId, updates: mpsc::UnboundedSender<Update>) {
        self.subscribers.insert(id, updates);
    }

    pub(super) fn unsubscribe(&mut self, id: SubscriberId) {
        self.subscribers.remove(&id);
    }

    pub(super) fn has_subscribers(&self) -> bool {
        !self.subscribers.is_empty()
    }

    /// All services of the plan as last published, sorted by name.
    pub(super) fn services(&self) -> Arc<[Arc<StatusView>]> {
        let shown = self.shown.iter();
        shown
            .map(|&service| Arc::clone(&self.views[service]))
            .collect()
    }

    /// Updates a service without sending it; true when its detail has changed.
    pub(super) fn refresh(&mut self, service: usize, view: View) -> bool {
        let detail = |view: &StatusView| view.reason.as_ref().and_then(Reason::detail);
        let fresh = self.status_view(service, view, SystemTime::now());
        let changed = detail(&fresh) != detail(&self.views[service]);
        self.views[service] = Arc::new(fresh);
        changed
    }

    /// A service as last published.
    pub(super) fn view(&self, service: usize) -> &Arc<StatusView> {
        &self.views[service]
    }

    /// Publishes a service to all subscribers and returns when; `after` is the newest log entry.
    pub(super) fn publish(&mut self, service: usize, view: View, after: u64) -> SystemTime {
        let at = SystemTime::now();
        self.views[service] = Arc::new(self.status_view(service, view, at));
        let view = Arc::clone(&self.views[service]);
        self.send_all(&Update::Status { view, at, after });
        at
    }

    /// Sends the last published detail of a service to all subscribers.
    pub(super) fn send_detail(&self, service: usize) {
        self.send_all(&Update::Detail {
            view: Arc::clone(&self.views[service]),
            at: SystemTime::now(),
        });
    }

    pub(super) fn send_all(&self, update: &Update) {
        for subscriber in self.subscribers.values() {
            // A subscriber that is gone unsubscribes by itself.
            let _ = subscriber.send(update.clone());
        }
    }

    pub(super) fn send(&self, id: SubscriberId, update: Update) {
        if let Some(subscriber) = self.subscribers.get(&id) {
            let _ = subscriber.send(update);
        }
    }

    fn status_view(&self, service: usize, view: View, now: SystemTime) -> StatusView {
        let before = &self.views[service];
        let facts = view.facts;
        StatusView {
            status: facts.status,
            up: facts.up,
            reason: facts.reason,
            pid: facts.pid,
            end: facts.end,
            wanted: view.wanted,
            since: if facts.status == before.status {
                before.since
            } else {
                now
            },
            ..StatusView::clone(before)
        }
    }
}
