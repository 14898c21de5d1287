//! The states of a session's services, kept up to date by its events, and what they wait for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use flowlayer_core::client::{ConnectionState, Event, Events};
use flowlayer_core::facts::{ConfigState, Status};
use flowlayer_core::protocol::ServiceState;

use crate::terminal::progress::Progress;

/// The services, as of the last event.
#[derive(Debug)]
pub(crate) struct Watch {
    events: Events,
    services: BTreeMap<String, ServiceState>,
    settled: Settled,
    /// Whether the snapshot has arrived.
    has_snapshot: bool,
    /// The configuration that the session runs.
    pub(crate) config: Option<ConfigState>,
    /// The progress line on a terminal.
    pub(crate) progress: Progress,
}

/// What an event was about.
#[derive(Debug)]
pub(crate) enum News {
    Services,
    Session,
    Connection(ConnectionState),
    /// Nothing that matters to scripts.
    Other,
}

impl Watch {
    /// Begins with the known states.
    pub(crate) fn new(events: Events, services: Option<Vec<ServiceState>>) -> Self {
        let mut watch = Self {
            events,
            services: BTreeMap::new(),
            settled: Settled::default(),
            has_snapshot: false,
            config: None,
            progress: Progress::new(),
        };
        if let Some(services) = services {
            watch.replace(services);
        }
        watch
    }

    /// Waits for the next event and takes it in; `None` when the client has ended. Cancel-safe.
    pub(crate) async fn next(&mut self) -> Option<News> {
        let event = self.events.next().await?;
        Some(self.take(event))
    }

    pub(crate) fn catch_up(&mut self) {
        while let Some(event) = self.events.try_next() {
            let _ = self.take(event);
        }
    }

    fn take(&mut self, event: Event) -> News {
        match event {
            Event::Snapshot(services) => {
                self.replace(services);
                News::Services
            }
            Event::Status { state, .. } | Event::Detail(state) => {
                self.settled.note(&state);
                self.services.insert(state.name.clone(), state);
                News::Services
            }
            Event::Session(_) => {
                self.has_snapshot = false;
                News::Session
            }
            Event::Connection(state) => News::Connection(state),
            Event::Config(config) => {
                self.config = Some(config);
                News::Other
            }
            Event::ConfigChanged(_)
            | Event::Logs(_)
            | Event::Gap(_)
            | Event::Terminal(_)
            | Event::TerminalLost(_) => News::Other,
        }
    }

    fn replace(&mut self, services: Vec<ServiceState>) {
        self.has_snapshot = true;
        for state in &services {
            self.settled.note(state);
        }
        self.services = services
            .into_iter()
            .map(|service| (service.name.clone(), service))
            .collect();
    }

    /// All services, sorted by name; `None` before the snapshot.
    pub(crate) fn services(&self) -> Option<impl Iterator<Item = &ServiceState>> {
        self.has_snapshot.then(|| self.services.values())
    }

    pub(crate) fn to_vec(&self) -> Vec<ServiceState> {
        self.services.values().cloned().collect()
    }

    /// All services; those that are on their way once more, by the command of somebody else, as they last were up or
    /// down.
    pub(crate) fn settled(&self, up: bool) -> Vec<ServiceState> {
        let services = self.services.values();
        services
            .map(|now| self.settled.of(now, up))
            .cloned()
            .collect()
    }

    /// The services that hold up a wave, and why.
    pub(crate) fn held_wave(&self) -> Option<String> {
        let holders = self.services()?.map(|service| Holder {
            wave: service.details.wave.unwrap_or_default(),
            name: &service.name,
            status: service.status,
            is_up: service.is_up(),
            why: service.details.detail.as_deref().map(Cow::Borrowed),
        });
        held_wave(holders)
    }

    /// Shows what the command waits for.
    pub(crate) fn show_progress(&mut self) {
        match waiting_for(self.services.values()) {
            Some(words) => self.progress.show(&words),
            None => self.progress.clear(),
        }
    }
}

/// The last state of each service in which it was up, and the last in which it was down.
#[derive(Debug, Default)]
struct Settled {
    up: BTreeMap<String, ServiceState>,
    down: BTreeMap<String, ServiceState>,
}

impl Settled {
    fn note(&mut self, state: &ServiceState) {
        if state.is_up() {
            self.up.insert(state.name.clone(), state.clone());
        } else if is_down(state) {
            self.down.insert(state.name.clone(), state.clone());
        }
    }

    fn of<'a>(&'a self, now: &'a ServiceState, up: bool) -> &'a ServiceState {
        if now.is_up() || is_down(now) {
            return now;
        }
        let states = if up { &self.up } else { &self.down };
        states.get(&now.name).unwrap_or(now)
    }
}

fn is_down(state: &ServiceState) -> bool {
    matches!(state.status, Status::Stopped | Status::Failed)
}

/// What keeps services on their way from arriving, in one line; `None` when none is on its way.
pub(crate) fn waiting_for<'a>(
    services: impl IntoIterator<Item = &'a ServiceState>,
) -> Option<String> {
    let on_its_way = |service: &&ServiceState| match service.status {
        Status::Unknown | Status::Starting | Status::Stopping => true,
        Status::Running => !service.is_up(),
        Status::Ready | Status::Stopped | Status::Failed => false,
    };
    let mut waiting: Vec<&ServiceState> = services.into_iter().filter(on_its_way).collect();
    // Those that say why are worth more than those that wait for their turn.
    waiting.sort_by_key(|service| (service.status == Status::Unknown, service.details.wave));
    let first = waiting.first()?;
    let why = first.details.detail.as_deref();
    let words = why.unwrap_or(first.status.as_str());
    Some(match waiting.len() - 1 {
        0 => format!("{}: {words}", first.name),
        more => format!("{}: {words} (and {more} more)", first.name),
    })
}

/// A service as one that may hold a wave.
#[derive(Debug)]
pub(crate) struct Holder<'a> {
    pub(crate) wave: usize,
    pub(crate) name: &'a str,
    pub(crate) status: Status,
    pub(crate) is_up: bool,
    /// The line for people of its reason.
    pub(crate) why: Option<Cow<'a, str>>,
}

/// The services that hold up the first unresolved wave, and why: `wave 0 │ db holds it, waiting for tcp :5432: …`;
/// `None` when nothing is under way.
pub(crate) fn held_wave<'a>(services: impl IntoIterator<Item = Holder<'a>>) -> Option<String> {
    let is_under_way = |service: &Holder| match service.status {
        Status::Starting | Status::Running | Status::Stopping => !service.is_up,
        _ => false,
    };
    let mut holders: Vec<Holder> = services.into_iter().filter(is_under_way).collect();
    holders.sort_by_key(|holder| holder.wave);
    let (first, others) = holders.split_first()?;
    let others = others.iter().filter(|other| other.wave == first.wave);
    let others: Vec<&str> = others.map(|other| other.name).collect();
    let others = match others.as_slice() {
        [] => String::new(),
        [one] => format!("; so does {one}"),
        [one, rest @ ..] => format!("; so do {one} and {} more", rest.len()),
    };
    let why = first.why.as_deref().unwrap_or(first.status.as_str());
    let (wave, name) = (first.wave, first.name);
    Some(format!("wave {wave} │ {name} holds it, {why}{others}"))
}

#[cfg(test)]
mod tests {
    use flowlayer_core::protocol::Details;

    use super::*;

    /// Of two shells that restarted a service, the first showed how far the other one was.
    #[test]
    fn the_outcome_of_an_action_is_a_state_that_lasts() {
        let state = |status, up| ServiceState {
            name: "job".to_owned(),
            status,
            details: Details {
                up: Some(up),
                ..Details::default()
            },
        };
        let mut settled = Settled::default();
        let starting = state(Status::Starting, false);
        assert_eq!(
            settled.of(&starting, true),
            &starting,
            "nothing else is known"
        );
        let states = [
            (Status::Stopped, false),
            (Status::Ready, true),
            (Status::Stopping, false),
        ];
        for (status, up) in states {
            settled.note(&state(status, up));
        }
        assert_eq!(settled.of(&starting, true).status, Status::Ready);
        assert_eq!(settled.of(&starting, false).status, Status::Stopped);
        let failed = state(Status::Failed, false);
        assert_eq!(settled.of(&failed, true), &failed);
    }

    #[test]
    fn what_is_under_way_comes_before_what_waits_for_its_turn() {
        let service = |name: &str, status, up, detail: Option<&str>| ServiceState {
            name: name.to_owned(),
            status,
            details: Details {
                up: Some(up),
                detail: detail.map(str::to_owned),
                ..Details::default()
            },
        };
        let mut services = vec![
            service("a", Status::Unknown, false, None),
            service("b", Status::Running, true, None),
            service("c", Status::Running, false, Some("waiting for tcp :1")),
            service("d", Status::Stopped, false, None),
        ];
        let words = waiting_for(&services);
        assert_eq!(words.as_deref(), Some("c: waiting for tcp :1 (and 1 more)"));
        services.remove(2);
        assert_eq!(waiting_for(&services).as_deref(), Some("a: unknown"));
        assert_eq!(waiting_for(&services[1..]), None);
    }
}
