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

#[derive(Debug)]
enum LastServer {
    None,
    /// One without a session id.
    Anonymous,
    Session(String),
}

#[derive(Debug)]
pub(super) struct ClientState {
    pub(super) queue: EventQueue,
    pub(super) timings: Timings,
    pub(super) replay: Option<Replay>,
    pub(super) names: Names,
    /// The state of all services: what snapshots, statuses and details come to. The only fold of them.
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

    /// Updates what is known and passes the state of the service on.
    pub(super) fn event(&mut self, event: protocol::Event<'_>) {
        match event {
            protocol::Event::Snapshot(snapshot) => {
                self.services = snapshot
                    .services
                    .iter()
                    .map(|service| (service.name.clone(), service.clone()))
                    .collect();
                if let Some(config) = snapshot.config {
                    self.put(Event::Config(config));
                }
                self.put(Event::Snapshot(snapshot.services));
            }
            protocol::Event::ServiceStatus(status) => {
                let at = status.timestamp;
                let mut state = ServiceState {
                    name: status.service,
                    status: status.status,
                    details: status.details,
                };
                if let Some(before) = self.services.remove(&state.name) {
                    // Only snapshots have these.
                    state.details.depends_on = before.details.depends_on;
                    state.details.spec = before.details.spec;
                }
                self.services.insert(state.name.clone(), state.clone());
                self.put(Event::Status { state, at });
            }
            protocol::Event::ServiceDetail(detail) => {
                let Some(service) = self.services.get_mut(&detail.service) else {
                    return;
                };
                let details = &mut service.details;
                *details = std::mem::take(details).because(detail.reason.map(|reason| *reason));
                // A reason of a later version is known by its line only.
                details.detail = Some(detail.detail).filter(|line| !line.is_empty());
                let state = service.clone();
                self.put(Event::Detail(state));
            }
            protocol::Event::ConfigChanged(changed) => {
                self.put(Event::ConfigChanged(Box::new(changed)));
            }
            protocol::Event::TerminalOutput(output) => self.put(Event::Terminal(output)),
            protocol::Event::Hello(_)
            | protocol::Event::Log(_)
            | protocol::Event::Unknown { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;

    use super::*;
    use crate::facts::{Code, Status};
    use crate::protocol::Incoming;

    #[test]
    fn what_only_snapshots_carry_stays_and_reasons_are_taken_over() {
        let queue = EventQueue::default();
        let mut client = ClientState::new(queue.clone(), Timings::default(), None);
        let mut told = |event: &str| {
            let Ok(Incoming::Event(event)) = Incoming::parse(event) else {
                panic!("not an event: {event}");
            };
            client.event(event);
            match queue.try_take() {
                Poll::Ready(event) => event,
                Poll::Pending => None,
            }
        };
        told(
            r#"{"type":"event","name":"snapshot","payload":{"services":[{"name":"api","status":"unknown",
            "depends_on":["db"],"spec":{"argv":["serve"],"cwd":"/","auto_start":true,"grace_ms":8000}}]}}"#,
        );
        let status = told(
            r#"{"type":"event","name":"service_status","payload":{"service":"api","status":"stopped",
            "timestamp":"2026-04-18T10:30:00.000Z","wave":1}}"#,
        );
        let Some(Event::Status { state, at }) = status else {
            panic!("{status:?}");
        };
        assert_eq!(
            (state.status, state.details.wave),
            (Status::Stopped, Some(1))
        );
        assert_eq!(state.details.depends_on, ["db"]);
        assert_eq!(state.details.spec.as_ref().unwrap().argv, ["serve"]);
        assert_eq!(at.to_string(), "2026-04-18T10:30:00.000Z");
        let detail = told(
            r#"{"type":"event","name":"service_detail","payload":{"service":"api",
            "reason":{"code":"blocked","by":[{"service":"db","code":"exited"}]},
            "detail":"blocked: db failed","timestamp":"2026-04-18T10:30:00.000Z"}}"#,
        );
        let Some(Event::Detail(state)) = detail else {
            panic!("{detail:?}");
        };
        let details = state.details;
        assert_eq!(
            details.reason.map(|reason| reason.code()),
            Some(Code::Blocked)
        );
        assert_eq!(details.blocked_by, ["db"]);
        assert_eq!(details.depends_on, ["db"]);
        assert!(details.spec.is_some());
        let detail = told(
            r#"{"type":"event","name":"service_detail","payload":{"service":"api",
            "reason":{"code":"of_a_later_version"},"detail":"later",
            "timestamp":"2026-04-18T10:30:00.000Z"}}"#,
        );
        let Some(Event::Detail(state)) = detail else {
            panic!("{detail:?}");
        };
        assert_eq!(state.details.detail.as_deref(), Some("later"));
        assert_eq!(
            (state.details.reason, state.details.blocked_by),
            (None, Vec::new()),
            "what the reason before said does not hold any more"
        );
        let of_nobody =
            r#"{"type":"event","name":"service_detail","payload":{"service":"x","detail":"y"}}"#;
        assert_eq!(told(of_nobody), None);
    }

    /// The expected fields, `null` for one that must be absent; the others do not count.
    fn holds(actual: &serde_json::Value, expected: &serde_json::Value) -> bool {
        match expected {
            serde_json::Value::Object(fields) => {
                let mut fields = fields.iter();
                fields.all(|(name, field)| holds(&actual[name], field))
            }
            other => actual == other,
        }
    }

    /// The page folds events by the same rules; the same file tests it in a browser.
    #[test]
    fn cases_that_the_page_shares() {
        let cases: serde_json::Value = serde_json::from_str(include_str!("fold.json")).unwrap();
        for case in cases.as_array().unwrap() {
            let mut client = ClientState::new(EventQueue::default(), Timings::default(), None);
            for event in case["events"].as_array().unwrap() {
                let event = event.to_string();
                let Ok(Incoming::Event(event)) = Incoming::parse(&event) else {
                    panic!("not an event: {event}");
                };
                client.event(event);
            }
            let expected = case["services"].as_array().unwrap();
            let services: Vec<_> = client
                .services
                .values()
                .map(|service| serde_json::to_value(service).unwrap())
                .collect();
            assert_eq!(services.len(), expected.len(), "{}", case["name"]);
            for (service, expected) in services.iter().zip(expected) {
                assert!(holds(service, expected), "{}: {service}", case["name"]);
            }
        }
    }
}
