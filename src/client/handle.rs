//! What a consumer holds: the handle for commands and the stream of events.

use std::num::NonZeroU64;
use std::task::Poll;

use tokio::sync::{mpsc, oneshot};

use super::calls::{CommandError, Order, Page, Reloaded, Reply};
use super::config::ClientConfig;
use super::queue::{Event, EventQueue, SessionInfo};
use super::reconnect;
use super::request::Request;
use super::state::{ConnectionState, Failure};
use crate::facts::{Change, ConfigState, Record, What};
use crate::protocol::{Command, EventPage, EventsQuery, LogsQuery, ServiceState};

/// Starts a client. Needs a tokio runtime. It ends when every handle is gone or its [`Persistence`](super::Persistence)
/// gives up.
pub fn start(config: ClientConfig) -> (Client, Events) {
    let (requests, inbox) = mpsc::unbounded_channel();
    let queue = EventQueue::default();
    tokio::spawn(reconnect::run(config, inbox, queue.clone()));
    (Client { requests }, Events { queue })
}

/// Starts a client and waits until it knows the state of all services.
///
/// # Errors
/// Why the client gave up; with [`Persistence::Always`](super::Persistence::Always) it never does.
pub async fn connect(config: ClientConfig) -> Result<Connected, Failure> {
    let (client, mut events) = start(config);
    let (mut session, mut config, mut failure) = (None, None, None);
    while let Some(event) = events.next().await {
        match event {
            Event::Session(introduced) => session = Some(introduced),
            Event::Config(of_session) => config = Some(of_session),
            Event::Snapshot(services) => {
                if let Some(session) = session {
                    return Ok(Connected {
                        client,
                        events,
                        session,
                        config,
                        services,
                    });
                }
            }
            Event::Connection(ConnectionState::Failing { why, .. }) => failure = Some(why),
            // Nothing of interest comes before the snapshot, the server's second message.
            _ => {}
        }
    }
    Err(failure.unwrap_or_else(|| Failure::Lost("the client has ended".to_owned())))
}

/// A connected client.
#[derive(Debug)]
pub struct Connected {
    /// For commands.
    pub client: Client,
    /// The events after the snapshot.
    pub events: Events,
    /// The server.
    pub session: SessionInfo,
    /// The configuration it runs, where the server says so.
    pub config: Option<ConfigState>,
    /// The state of all services.
    pub services: Vec<ServiceState>,
}

/// Sends commands. Cheap to clone; when the last clone is gone the connection is closed.
#[derive(Debug, Clone)]
pub struct Client {
    requests: mpsc::UnboundedSender<Request>,
}

impl Client {
    /// Sends a command. It is sent at most once: without a connection it fails at once, and when
    /// the connection is lost before the outcome is known it has failed.
    pub fn call(&self, command: Command) -> Call {
        let (accepted, acceptance) = oneshot::channel();
        let (finished, end) = oneshot::channel();
        let order = Order {
            command,
            accepted,
            finished,
        };
        if let Err(mpsc::error::SendError(Request::Order(order))) =
            self.requests.send(Request::Order(order))
        {
            order.fail(&CommandError::NotConnected);
        }
        Call { acceptance, end }
    }

    /// Sends an action and waits for its outcome, however long that takes.
    pub async fn act(&self, action: Command) -> Result<(), CommandError> {
        self.call(action).finished().await.map(|_| ())
    }

    /// Has the configuration read again and applied, and waits for the outcome. With `changes`, these
    /// are applied or none.
    pub async fn reload(
        &self,
        dry_run: bool,
        with_dependents: bool,
        changes: Option<Vec<Change>>,
    ) -> Result<Reloaded, CommandError> {
        let command = Command::Reload {
            dry_run,
            with_dependents,
            changes,
        };
        match self.call(command).finished().await? {
            Reply::Reload(reloaded) => Ok(reloaded),
            other => Err(unexpected(&other)),
        }
    }

    /// Requests log entries.
    pub async fn logs(&self, query: LogsQuery) -> Result<Page, CommandError> {
        match self.call(Command::GetLogs(query)).finished().await? {
            Reply::Logs(page) => Ok(page),
            other => Err(unexpected(&other)),
        }
    }

    /// Requests records of what happened.
    pub async fn events(&self, query: EventsQuery) -> Result<EventPage, CommandError> {
        match self.call(Command::GetEvents(query)).finished().await? {
            Reply::Events(page) => Ok(page),
            other => Err(unexpected(&other)),
        }
    }

    /// All records of this session that the server still has, oldest first.
    pub async fn session_events(&self) -> Result<Vec<Record>, CommandError> {
        let mut pages = Vec::new();
        let mut query = EventsQuery::default();
        loop {
            let EventPage {
                mut events,
                truncated,
                ..
            } = self.events(query).await?;
            let is_start = |record: &Record| matches!(record.what, What::SessionStarted { .. });
            let start = events.iter().rposition(is_start);
            events.drain(..start.unwrap_or(0));
            let lowest = events.first().and_then(|it| NonZeroU64::new(it.number));
            pages.push(events);
            if start.is_some() || !truncated || lowest.is_none() {
                break;
            }
            query.before = lowest;
        }
        Ok(pages.into_iter().rev().flatten().collect())
    }

    /// Requests the state of all services.
    pub async fn snapshot(&self) -> Result<Vec<ServiceState>, CommandError> {
        match self.call(Command::GetSnapshot).finished().await? {
            Reply::Snapshot(services) => Ok(services),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes the next attempt to connect now instead of later.
    pub fn retry_now(&self) {
        // A client that has ended has nothing to retry.
        let _ = self.requests.send(Request::RetryNow);
    }
}

fn unexpected(reply: &Reply) -> CommandError {
    CommandError::Unreadable(format!("it is not what was asked for: {reply:?}"))
}

/// A command under way. Dropping it does not cancel it.
#[derive(Debug)]
pub struct Call {
    acceptance: oneshot::Receiver<Result<(), CommandError>>,
    end: oneshot::Receiver<Result<Reply, CommandError>>,
}

impl Call {
    /// Waits until the server accepted or refused the command. To be awaited once.
    pub async fn accepted(&mut self) -> Result<(), CommandError> {
        let outcome = (&mut self.acceptance).await;
        outcome.unwrap_or(Err(CommandError::Disconnected))
    }

    /// Waits for the outcome, acceptance included.
    pub async fn finished(self) -> Result<Reply, CommandError> {
        self.end.await.unwrap_or(Err(CommandError::Disconnected))
    }
}

/// The events of a client, in order.
#[derive(Debug)]
pub struct Events {
    pub(super) queue: EventQueue,
}

impl Events {
    /// Waits for the next event; `None` when the client has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.queue.take().await
    }

    /// The next event, if there is one now.
    pub fn try_next(&mut self) -> Option<Event> {
        match self.queue.try_take() {
            Poll::Ready(event) => event,
            Poll::Pending => None,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.queue.abandon();
    }
}
