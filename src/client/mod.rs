//! A client of the Session API, for the terminal cockpit, for scripts and for tests
//! (docs/protocol.md, A log without holes; docs/protocol.md, The end of a session).
//!
//! [`start`] gives a handle for commands and one stream of events. Behind them a task connects,
//! connects again, and keeps the log without holes and duplicates. Whatever the consumer does not
//! read, memory stays bounded: entries are fetched again when there is room, statuses become a
//! snapshot. Commands are never sent twice: those without an outcome at a disconnect have failed.

mod calls;
mod config;
mod dial;
mod engine;
mod entry;
mod follow;
mod held;
pub mod history;
mod link;
mod mailbox;
mod replay;
mod state;
#[cfg(test)]
mod tests;

use tokio::sync::{mpsc, oneshot};

pub use calls::{CommandError, Page, Reply};
pub use config::{ClientConfig, FindTarget, Persistence, Target, Timings};
pub use entry::Entry;
pub use follow::{Follow, Missed, Start};
pub use mailbox::{Event, Session};
pub use replay::Gap;
pub use state::{ConnectionState, Failure};

use crate::protocol::{Command, LogsQuery, ServiceState};
use calls::Order;
use engine::Ask;
use mailbox::{Mailbox, Taken};

/// Starts a client. Needs a tokio runtime. It ends when every handle is gone, or when its
/// [`Persistence`] is at its end.
pub fn start(config: ClientConfig) -> (Client, Events) {
    let (asks, inbox) = mpsc::unbounded_channel();
    let mailbox = Mailbox::default();
    tokio::spawn(engine::run(config, inbox, mailbox.clone()));
    (Client { asks }, Events { mailbox })
}

/// Starts a client and waits until it knows how all services are.
///
/// # Errors
/// Why the client gave up; with [`Persistence::Always`] it never does.
pub async fn connect(config: ClientConfig) -> Result<Connected, Failure> {
    let (client, mut events) = start(config);
    let (mut session, mut failure) = (None, None);
    while let Some(event) = events.next().await {
        match event {
            Event::Session(introduced) => session = Some(introduced),
            Event::Snapshot(services) => {
                if let Some(session) = session {
                    return Ok(Connected {
                        client,
                        events,
                        session,
                        services,
                    });
                }
            }
            Event::Connection(ConnectionState::Failing { why, .. }) => failure = Some(why),
            // Nothing of worth comes before the snapshot: it is the server's second message.
            _ => {}
        }
    }
    Err(failure.unwrap_or_else(|| Failure::Lost {
        why: "the client has ended".to_owned(),
    }))
}

/// A client that has been introduced.
#[derive(Debug)]
pub struct Connected {
    /// For commands.
    pub client: Client,
    /// What happens from here on.
    pub events: Events,
    /// Who the server is.
    pub session: Session,
    /// How all services are.
    pub services: Vec<ServiceState>,
}

/// For commands. Cheap to clone; when the last one is gone the connection is closed.
#[derive(Debug, Clone)]
pub struct Client {
    asks: mpsc::UnboundedSender<Ask>,
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
        if let Err(mpsc::error::SendError(Ask::Order(order))) = self.asks.send(Ask::Order(order)) {
            order.fail(&CommandError::NotConnected);
        }
        Call { acceptance, end }
    }

    /// Sends an action and waits for its outcome, however long that takes.
    pub async fn act(&self, action: Command) -> Result<(), CommandError> {
        self.call(action).finished().await.map(|_| ())
    }

    /// Asks for log entries.
    pub async fn logs(&self, query: LogsQuery) -> Result<Page, CommandError> {
        match self.call(Command::GetLogs(query)).finished().await? {
            Reply::Logs(page) => Ok(page),
            other => Err(unexpected(&other)),
        }
    }

    /// Asks how all services are.
    pub async fn snapshot(&self) -> Result<Vec<ServiceState>, CommandError> {
        match self.call(Command::GetSnapshot).finished().await? {
            Reply::Snapshot(services) => Ok(services),
            other => Err(unexpected(&other)),
        }
    }

    /// Makes the next attempt to connect now, if one is being waited for.
    pub fn retry_now(&self) {
        // A client that has ended has nothing to retry.
        let _ = self.asks.send(Ask::RetryNow);
    }
}

fn unexpected(reply: &Reply) -> CommandError {
    CommandError::Unreadable(format!("it is not what was asked for: {reply:?}"))
}

/// A command on its way. Dropping it does not take it back; its outcome is then told to nobody.
#[derive(Debug)]
pub struct Call {
    acceptance: oneshot::Receiver<Result<(), CommandError>>,
    end: oneshot::Receiver<Result<Reply, CommandError>>,
}

impl Call {
    /// Waits until the server has taken the command on or refused it. To be awaited once.
    pub async fn accepted(&mut self) -> Result<(), CommandError> {
        match (&mut self.acceptance).await {
            Ok(outcome) => outcome,
            Err(_) => Err(CommandError::Disconnected),
        }
    }

    /// Waits for the outcome, acceptance included.
    pub async fn finished(self) -> Result<Reply, CommandError> {
        match self.end.await {
            Ok(outcome) => outcome,
            Err(_) => Err(CommandError::Disconnected),
        }
    }
}

/// What happens, in order.
#[derive(Debug)]
pub struct Events {
    mailbox: Mailbox,
}

impl Events {
    /// Waits for the next event; `None` when the client has ended. Cancel-safe.
    pub async fn next(&mut self) -> Option<Event> {
        self.mailbox.take().await
    }

    /// The next event, if one is there now.
    pub fn try_next(&mut self) -> Option<Event> {
        match self.mailbox.try_take() {
            Taken::Event(event) => Some(event),
            Taken::NothingYet | Taken::End => None,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.mailbox.abandon();
    }
}
