//! Events from the connection to the consumer: in order, and bounded even if nobody reads them.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use tokio::sync::Notify;

use super::entry::{Entry, Gap};
use super::state::ConnectionState;
use crate::facts::{ConfigChanged, ConfigState, Timestamp};
use crate::protocol::{Hello, ServiceState, TerminalOutput};

/// Something for the consumer.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The state of the connection changed.
    Connection(ConnectionState),
    /// A server introduced itself; first after every connect.
    Session(SessionInfo),
    /// The configuration that the session runs from here on; before a snapshot.
    Config(ConfigState),
    /// The file of that configuration was edited, or a reload has taken it over.
    ConfigChanged(Box<ConfigChanged>),
    /// The state of all services; replaces everything known of them. Sent after every connect and reload, and when
    /// the consumer fell so far behind that status events were dropped.
    Snapshot(Vec<ServiceState>),
    /// A service changed its status, or repeats it.
    Status {
        /// The service from now on.
        state: ServiceState,
        /// When the server decided this.
        at: Timestamp,
    },
    /// A service has another reason within the same status.
    Detail(ServiceState),
    /// What has changed on the screen of a service, first all of it.
    Terminal(TerminalOutput),
    /// So much has changed there that some of it was dropped: attach again to get all of it.
    TerminalLost(String),
    /// Log entries, ascending, contiguous with the previous ones unless a gap comes between.
    Logs(Vec<Entry>),
    /// Log entries that will not come.
    Gap(Gap),
}

/// A server that introduced itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInfo {
    /// Its hello.
    pub hello: Hello,
    /// The address that was dialled.
    pub address: String,
    /// It is not the server of the connection before: forget everything known so far.
    pub restarted: bool,
}

/// Bytes of entries that wait; beyond that there is no room.
const LOG_BYTES: usize = 8 << 20;

/// Other events that wait; beyond that a snapshot replaces them.
const OTHERS: usize = 10_000;

/// Bytes of screens that wait; beyond that they are dropped.
const TERMINAL_BYTES: usize = 1 << 20;

/// Entries in one event at most.
const TOGETHER: usize = 1000;

#[derive(Debug, Default)]
struct Inner {
    queue: VecDeque<Event>,
    log_bytes: usize,
    others: usize,
    terminal_bytes: usize,
    /// Nothing more is put in, or nobody takes anything out.
    closed: bool,
}

/// The queue; both ends hold a clone.
#[derive(Debug, Clone, Default)]
pub(super) struct EventQueue {
    inner: Arc<Mutex<Inner>>,
    arrived: Arc<Notify>,
    taken: Arc<Notify>,
}

impl EventQueue {
    /// Adds an event. `services` gives the state of all services, in case too many events wait.
    pub(super) fn put(&self, event: Event, services: impl FnOnce() -> Vec<ServiceState>) {
        let mut inner = self.lock();
        if inner.closed {
            return;
        }
        inner.put(event);
        if inner.others > OTHERS {
            inner.collapse(services());
        }
        drop(inner);
        self.arrived.notify_one();
    }

    /// Whether entries are wanted.
    pub(super) fn has_room(&self) -> bool {
        let inner = self.lock();
        inner.log_bytes < LOG_BYTES && !inner.closed
    }

    /// Waits until the consumer has taken something.
    pub(super) async fn taken(&self) {
        self.taken.notified().await;
    }

    /// Waits for an event; `None` when there will be no more.
    pub(super) async fn take(&self) -> Option<Event> {
        loop {
            let arrived = self.arrived.notified();
            match self.try_take() {
                Poll::Ready(event) => return event,
                Poll::Pending => arrived.await,
            }
        }
    }

    /// Takes an event if there is one now; `None` when there will be no more.
    pub(super) fn try_take(&self) -> Poll<Option<Event>> {
        let mut inner = self.lock();
        let Some(event) = inner.queue.pop_front() else {
            return if inner.closed {
                Poll::Ready(None)
            } else {
                Poll::Pending
            };
        };
        match &event {
            Event::Logs(entries) => inner.log_bytes -= weight(entries),
            Event::Gap(_) => inner.log_bytes -= GAP,
            Event::Terminal(output) => {
                inner.terminal_bytes -= output.data.len();
                inner.others -= 1;
            }
            _ => inner.others -= 1,
        }
        drop(inner);
        self.taken.notify_one();
        Poll::Ready(Some(event))
    }

    /// No more events; those in the queue can still be taken.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    pub(super) fn abandon(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.queue.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const GAP: usize = 64;

fn weight(entries: &[Entry]) -> usize {
    entries.iter().map(Entry::weight).sum()
}

impl Inner {
    fn put(&mut self, event: Event) {
        match (event, self.queue.back_mut()) {
            (Event::Logs(entries), Some(Event::Logs(waiting)))
                if waiting.len() + entries.len() <= TOGETHER =>
            {
                self.log_bytes += weight(&entries);
                waiting.extend(entries);
            }
            (Event::Logs(entries), _) => {
                self.log_bytes += weight(&entries);
                self.queue.push_back(Event::Logs(entries));
            }
            (Event::Gap(gap), _) => {
                self.log_bytes += GAP;
                self.queue.push_back(Event::Gap(gap));
            }
            (Event::Terminal(output), _) => self.put_terminal(output),
            // Only the newest state matters.
            (Event::Connection(now), Some(Event::Connection(before))) => *before = now,
            (event, _) => {
                self.others += 1;
                self.queue.push_back(event);
            }
        }
    }

    fn put_terminal(&mut self, output: TerminalOutput) {
        let lost = Event::TerminalLost(output.service.clone());
        if self.queue.contains(&lost) {
            return;
        }
        self.others += 1;
        if self.terminal_bytes + output.data.len() <= TERMINAL_BYTES {
            self.terminal_bytes += output.data.len();
            self.queue.push_back(Event::Terminal(output));
            return;
        }
        let (others, bytes) = (&mut self.others, &mut self.terminal_bytes);
        self.queue.retain(|event| match event {
            Event::Terminal(waiting) if waiting.service == output.service => {
                *others -= 1;
                *bytes -= waiting.data.len();
                false
            }
            _ => true,
        });
        self.queue.push_back(lost);
    }

    /// Replaces events about services and the connection by their current state. Entries stay, and
    /// so does the place among them where another server began.
    fn collapse(&mut self, services: Vec<ServiceState>) {
        let (mut connection, mut config) = (None, None);
        let mut lost = BTreeSet::new();
        let restarted = self
            .queue
            .iter()
            .rposition(|event| matches!(event, Event::Session(session) if session.restarted));
        let newest = self
            .queue
            .iter()
            .rposition(|event| matches!(event, Event::Session(_)));
        let mut index = 0;
        self.queue.retain(|event| {
            let here = Some(index);
            index += 1;
            match event {
                Event::Logs(_) | Event::Gap(_) => true,
                Event::Session(_) => here == restarted || here == newest,
                Event::Connection(state) => {
                    connection = Some(state.clone());
                    false
                }
                Event::Config(state) => {
                    config = Some(state.clone());
                    false
                }
                Event::Terminal(output) => {
                    lost.insert(output.service.clone());
                    false
                }
                Event::TerminalLost(service) => {
                    lost.insert(service.clone());
                    false
                }
                // Its newest is told again with the next change.
                Event::Snapshot(_)
                | Event::Status { .. }
                | Event::Detail(_)
                | Event::ConfigChanged(_) => false,
            }
        });
        let sessions =
            usize::from(newest.is_some()) + usize::from(restarted < newest && restarted.is_some());
        self.others = sessions;
        self.terminal_bytes = 0;
        for event in connection
            .map(Event::Connection)
            .into_iter()
            .chain(config.map(Event::Config))
            .chain([Event::Snapshot(services)])
            .chain(lost.into_iter().map(Event::TerminalLost))
        {
            self.others += 1;
            self.queue.push_back(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Origin, Status, Stream};
    use crate::protocol::Details;
    use std::time::SystemTime;

    fn status(service: &str) -> Event {
        Event::Status {
            state: ServiceState {
                name: service.to_owned(),
                status: Status::Ready,
                details: Details::default(),
            },
            at: SystemTime::UNIX_EPOCH.into(),
        }
    }

    fn logs(seqs: std::ops::Range<u64>, length: usize) -> Event {
        let entry = |seq| Entry {
            seq,
            service: "api".into(),
            phase: "ready".into(),
            stream: Stream::Stdout,
            message: "x".repeat(length).into(),
            timestamp: SystemTime::UNIX_EPOCH.into(),
            partial: false,
            origin: Origin::Service,
        };
        Event::Logs(seqs.map(entry).collect())
    }

    fn session(restarted: bool) -> Event {
        Event::Session(SessionInfo {
            hello: Hello {
                protocol_version: 1,
                server: "flowlayer".to_owned(),
                capabilities: Vec::new(),
                session_id: None,
                first_seq: None,
            },
            address: String::new(),
            restarted,
        })
    }

    fn put(queue: &EventQueue, event: Event) {
        queue.put(event, Vec::new);
    }

    fn drain(queue: &EventQueue) -> Vec<Event> {
        std::iter::from_fn(|| match queue.try_take() {
            Poll::Ready(event) => event,
            Poll::Pending => None,
        })
        .collect()
    }

    #[test]
    fn entries_that_wait_are_taken_together() {
        let queue = EventQueue::default();
        put(&queue, logs(1..3, 5));
        put(&queue, logs(3..4, 5));
        put(&queue, status("api"));
        put(&queue, logs(4..5, 5));
        let got = drain(&queue);
        assert_eq!(got, [logs(1..4, 5), status("api"), logs(4..5, 5)]);
        assert_eq!(queue.lock().log_bytes, 0);
    }

    #[test]
    fn entries_that_are_not_taken_leave_no_room() {
        let queue = EventQueue::default();
        let mut seq = 0;
        while queue.has_room() {
            put(&queue, logs(seq..seq + 1, 10_000));
            seq += 1;
        }
        assert!((800..900).contains(&seq), "{seq}");
        let _ = queue.try_take();
        assert!(queue.has_room());
    }

    #[test]
    fn what_is_not_taken_becomes_a_snapshot() {
        let queue = EventQueue::default();
        put(&queue, session(false));
        put(&queue, logs(1..2, 5));
        put(&queue, session(true));
        put(&queue, logs(2..3, 5));
        for _ in 0..100_000 {
            put(&queue, status("api"));
            assert!(queue.lock().queue.len() <= OTHERS + 3);
        }
        let got = drain(&queue);
        assert_eq!(got[..3], [logs(1..2, 5), session(true), logs(2..3, 5)]);
        assert_eq!(got[3], Event::Snapshot(Vec::new()));
        assert_eq!(queue.lock().others, 0);
    }

    #[test]
    fn of_the_connection_only_the_newest_state_matters() {
        let queue = EventQueue::default();
        put(&queue, Event::Connection(ConnectionState::Connecting));
        put(&queue, Event::Connection(ConnectionState::Connected));
        assert_eq!(
            drain(&queue),
            [Event::Connection(ConnectionState::Connected)]
        );
    }

    #[test]
    fn the_end_comes_after_what_is_there() {
        let queue = EventQueue::default();
        put(&queue, status("api"));
        queue.close();
        put(&queue, status("db"));
        assert_eq!(queue.try_take(), Poll::Ready(Some(status("api"))));
        assert_eq!(queue.try_take(), Poll::Ready(None));
    }
}
