//! What a client knows across connections.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::config::Timings;
use super::entry::Names;
use super::follow::Follow;
use super::queue::{Event, EventQueue};
use super::replay::Replay;
use crate::protocol::{self, Hello, ServiceState};

/// The server of the previous connection.
#[derive(Debug)]
enum LastServer {
    None,
    /// One without a session id.
    Anonymous,
    Session(String),
}

/// What outlives a connection.
#[derive(Debug)]
pub(super) struct ClientState {
    pub(super) queue: EventQueue,
    pub(super) timings: Timings,
    pub(super) replay: Option<Replay>,
    pub(super) names: Names,
    /// The state of all services, for a consumer that fell behind.
    services: BTreeMap<String, ServiceState>,
    last_server: LastServer,
    /// When the server of this connection introduced itself.
    connected_at: Option<Instant>,
}

impl ClientState {
    pub(super) fn new(queue: EventQueue, timings: Timings, follow: Option<Follow>) -> Self {
        Self {
            queue,
            timings,
            replay: follow.map(Replay::new),
            names: Names::default(),
            services: BTreeMap::new(),
            last_server: LastServer::None,
            connected_at: None,
        }
    }

    /// Whether there was ever a connection.
    pub(super) fn was_connected(&self) -> bool {
        !matches!(self.last_server, LastServer::None)
    }

    /// Ends the connection; returns how long it lasted, if there was one.
    pub(super) fn disconnected(&mut self) -> Option<Duration> {
        if let Some(replay) = &mut self.replay {
            replay.disconnected();
        }
        self.connected_at.take().map(|at| at.elapsed())
    }

    pub(super) fn put(&self, event: Event) {
        let services = || self.services.values().cloned().collect();
        self.queue.put(event, services);
    }

    /// A server introduced itself. Returns whether it is another one than before; one without a
    /// session id counts as another one.
    pub(super) fn introduced(&mut self, hello: &Hello, now: Instant) -> bool {
        self.connected_at = Some(now);
        let now = match &hello.session_id {
            Some(session) => LastServer::Session(session.clone()),
            None => LastServer::Anonymous,
        };
        let restarted = match (&self.last_server, &now) {
            (LastServer::None, _) => false,
            (LastServer::Session(before), LastServer::Session(now)) => before != now,
            _ => true,
        };
        self.last_server = now;
        restarted
    }

    /// Passes an event on and updates what is known.
    pub(super) fn event(&mut self, event: protocol::Event<'_>) {
        match event {
            protocol::Event::Snapshot(snapshot) => {
                self.services = snapshot
                    .services
                    .iter()
                    .map(|service| (service.name.clone(), service.clone()))
                    .collect();
                self.put(Event::Snapshot(snapshot.services));
            }
            protocol::Event::ServiceStatus(status) => {
                let mut state = ServiceState {
                    name: status.service.clone(),
                    status: status.status,
                    details: status.details.clone(),
                };
                if let Some(before) = self.services.get_mut(&status.service) {
                    // Only snapshots have it.
                    state.details.depends_on = std::mem::take(&mut before.details.depends_on);
                }
                self.services.insert(status.service.clone(), state);
                self.put(Event::Status(status));
            }
            protocol::Event::ServiceDetail(detail) => {
                if let Some(service) = self.services.get_mut(&detail.service) {
                    service.details.detail = Some(detail.detail.clone());
                }
                self.put(Event::Detail(detail));
            }
            protocol::Event::Hello(_)
            | protocol::Event::Log(_)
            | protocol::Event::Unknown { .. } => {}
        }
    }
}
