//! Attempt after attempt: the task behind a client.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::calls::{CommandError, Order};
use super::config::{ClientConfig, FindTarget, Persistence, Timings};
use super::dial::dial;
use super::entry::Names;
use super::link::{self, Ended};
use super::mailbox::{Event, Mailbox};
use super::replay::Replay;
use super::state::{ConnectionState, Failure};
use crate::protocol::{self, Hello, ServiceState};

/// What a handle asks for.
#[derive(Debug)]
pub(super) enum Ask {
    Order(Order),
    /// Do not wait for the next attempt.
    RetryNow,
}

/// The server of the connection before.
#[derive(Debug)]
enum LastServer {
    None,
    /// One that does not say who it is.
    Anonymous,
    Session(String),
}

/// What outlives a connection.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) mailbox: Mailbox,
    pub(super) timings: Timings,
    pub(super) replay: Option<Replay>,
    pub(super) names: Names,
    /// How all services are, for the consumer that could not keep up.
    services: BTreeMap<String, ServiceState>,
    /// The server before.
    last: LastServer,
    /// When the server of this connection introduced itself.
    connected_at: Option<Instant>,
}

impl Known {
    pub(super) fn put(&self, event: Event) {
        let services = || self.services.values().cloned().collect();
        self.mailbox.put(event, services);
    }

    /// A server has introduced itself. Whether it is another one than the last; one that does not
    /// say who it is may be.
    pub(super) fn introduced(&mut self, hello: &Hello, now: Instant) -> bool {
        self.connected_at = Some(now);
        let now = match &hello.session_id {
            Some(session) => LastServer::Session(session.clone()),
            None => LastServer::Anonymous,
        };
        let restarted = match (&self.last, &now) {
            (LastServer::None, _) => false,
            (LastServer::Session(before), LastServer::Session(now)) => before != now,
            _ => true,
        };
        self.last = now;
        restarted
    }

    /// Passes an event on and remembers what it says.
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
                    // Only snapshots tell it.
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

/// Connects, and connects again, until nobody wants it or the persistence is at its end.
pub(super) async fn run(
    config: ClientConfig,
    mut asks: mpsc::UnboundedReceiver<Ask>,
    mailbox: Mailbox,
) {
    let known = Known {
        mailbox: mailbox.clone(),
        timings: config.timings,
        replay: config.follow.map(Replay::new),
        names: Names::default(),
        services: BTreeMap::new(),
        last: LastServer::None,
        connected_at: None,
    };
    attempts(known, config.target, config.persistence, &mut asks).await;
    mailbox.close();
    asks.close();
    // What was ordered while the last attempt ended must be answered too.
    refuse(&mut asks).await;
}

async fn attempts(
    mut known: Known,
    target: FindTarget,
    persistence: Persistence,
    asks: &mut mpsc::UnboundedReceiver<Ask>,
) {
    let mut failures = 0;
    known.put(Event::Connection(ConnectionState::Connecting));
    loop {
        let Ended::Failed(why) = attempt(&mut known, &target, asks).await else {
            return;
        };
        if let Some(replay) = &mut known.replay {
            replay.disconnected();
        }
        let connected_before = !matches!(known.last, LastServer::None);
        let goes_on = match persistence {
            Persistence::Once => false,
            Persistence::OnceConnected => connected_before,
            Persistence::Always => true,
        };
        if !goes_on {
            let retry_at = None;
            known.put(Event::Connection(ConnectionState::Failing {
                retry_at,
                why,
            }));
            return;
        }
        let settled = known.timings.settled;
        if known
            .connected_at
            .take()
            .is_some_and(|at| at.elapsed() >= settled)
        {
            failures = 0;
        }
        // One that will not have us is not asked again soon.
        let wait = if why.is_refusal() {
            known.timings.backoff(usize::MAX)
        } else {
            known.timings.backoff(failures)
        };
        failures += 1;
        let retry_at = Instant::now() + wait;
        known.put(Event::Connection(failing(why, connected_before, retry_at)));
        if !waited(retry_at, asks).await {
            return;
        }
    }
}

fn failing(why: Failure, connected_before: bool, retry_at: Instant) -> ConnectionState {
    let retry_at = retry_at.into_std();
    if connected_before && !why.is_refusal() {
        ConnectionState::Reconnecting { retry_at, why }
    } else {
        let retry_at = Some(retry_at);
        ConnectionState::Failing { retry_at, why }
    }
}

async fn attempt(
    known: &mut Known,
    target: &FindTarget,
    asks: &mut mpsc::UnboundedReceiver<Ask>,
) -> Ended {
    let target = match target() {
        Ok(target) => target,
        Err(failure) => return Ended::Failed(failure),
    };
    let dialled = tokio::select! {
        dialled = dial(&target, &known.timings) => dialled,
        () = refuse(asks) => return Ended::Unwanted,
    };
    match dialled {
        Ok(socket) => link::serve(socket, &target.address, known, asks).await,
        Err(failure) => Ended::Failed(failure),
    }
}

/// Refuses orders for as long as there is no connection; ends when nobody can give any more.
pub(super) async fn refuse(asks: &mut mpsc::UnboundedReceiver<Ask>) {
    while let Some(ask) = asks.recv().await {
        if let Ask::Order(order) = ask {
            order.fail(&CommandError::NotConnected);
        }
    }
}

/// Waits for the next attempt; false when nobody wants it any more.
async fn waited(retry_at: Instant, asks: &mut mpsc::UnboundedReceiver<Ask>) -> bool {
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(retry_at) => return true,
            ask = asks.recv() => match ask {
                Some(Ask::Order(order)) => order.fail(&CommandError::NotConnected),
                Some(Ask::RetryNow) => return true,
                None => return false,
            },
        }
    }
}
