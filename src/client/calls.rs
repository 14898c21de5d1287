//! Commands under way: who waits for which answer, and until when.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::config::Timings;
use super::entry::{Entry, Names};
use super::replay::Piece;
use crate::facts::ReloadReport;
use crate::protocol::{
    AckPayload, Command, ErrorBody, EventPage, Incoming, LogPage, ResultBody, ResultPayload,
    ServiceState, Snapshot, TerminalOutput, TerminalScreen, Unreadable, message,
};

/// The result of an accepted command.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// An action is done.
    Done,
    /// The answer to `get_snapshot`.
    Snapshot(Vec<ServiceState>),
    /// The answer to `get_logs`.
    Logs(Page),
    /// The answer to `get_events`.
    Events(EventPage),
    /// The answer to `reload`.
    Reload(Reloaded),
    /// The answer to `attach_terminal`. It comes through the stream of events, and is done for the caller.
    Screen(TerminalOutput),
}

/// How a reload ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Reloaded {
    /// What it found.
    pub report: ReloadReport,
    /// Why it failed, when it did.
    pub error: Option<ErrorBody>,
    /// The failed and blocked services among those that it started or stopped, sorted.
    pub failed_services: Vec<String>,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Ascending.
    pub entries: Vec<Entry>,
    /// Whether matching entries are missing.
    pub truncated: bool,
    /// The limit that applied.
    pub effective_limit: u64,
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CommandError {
    /// The server refused it.
    #[error("{0}")]
    Refused(ErrorBody),
    /// The server accepted it and it failed.
    #[error("{}", .error.message)]
    Failed {
        /// What the server says.
        error: ErrorBody,
        /// The failed and blocked services among those it was for, sorted.
        failed_services: Vec<String>,
    },
    /// There is no connection; nothing was sent.
    #[error("not connected")]
    NotConnected,
    /// The connection was lost before the result came. It is not sent again.
    #[error("the connection was lost before the outcome was known")]
    Disconnected,
    /// No ack, or no answer, in time.
    #[error("the server did not answer within {} s", .0.as_secs_f32())]
    NoAnswer(Duration),
    /// So many commands are pending that the server would read no more.
    #[error(
        "too many commands wait for their outcome: wait for some of them, or stop what they wait for"
    )]
    TooMany,
    /// The answer cannot be read.
    #[error("the server's answer cannot be read: {0}")]
    Unreadable(String),
}

type ReplySender<T> = oneshot::Sender<Result<T, CommandError>>;

#[derive(Debug)]
pub(super) struct Order {
    pub(super) command: Command,
    pub(super) accepted: ReplySender<()>,
    pub(super) finished: ReplySender<Reply>,
}

impl Order {
    pub(super) fn fail(self, error: &CommandError) {
        // The caller may have stopped waiting.
        let _ = self.accepted.send(Err(error.clone()));
        let _ = self.finished.send(Err(error.clone()));
    }
}

#[derive(Debug)]
enum Caller {
    Handle {
        accepted: Option<ReplySender<()>>,
        finished: ReplySender<Reply>,
    },
    /// The replay, for a page of the log.
    Replay,
}

#[derive(Debug)]
struct Pending {
    caller: Caller,
    /// Decides how the answer is read.
    kind: Kind,
    /// When the wait ends; `None` once an action is accepted.
    until: Option<Instant>,
    timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Action,
    Reload,
    Snapshot,
    Logs,
    Events,
    /// An `attach_terminal`, with the service.
    Attach(Arc<str>),
    /// It is done as soon as it is accepted.
    Brief,
}

impl Kind {
    /// Whether its result may come whenever it likes.
    fn takes_its_time(&self) -> bool {
        matches!(self, Self::Action | Self::Reload)
    }
}

/// What an answer has for others than its caller.
#[derive(Debug)]
pub(super) enum Aside {
    /// For the replay.
    Page(Piece),
    /// For the replay.
    Failed,
    /// For the stream of events, in which the changes follow.
    Screen(TerminalOutput),
}

/// Actions in flight at most: a server reads no more than 32 commands of a connection at a time, and
/// queries must get through.
const ACTIONS: usize = 24;

/// The commands of one connection.
#[derive(Debug)]
pub(super) struct Calls {
    timings: Timings,
    pending: HashMap<String, Pending>,
    next: u64,
}

impl Calls {
    pub(super) fn new(timings: Timings) -> Self {
        Self {
            timings,
            pending: HashMap::new(),
            next: 1,
        }
    }

    /// The text to send for an order; `None` if it is refused at once.
    pub(super) fn order(&mut self, order: Order, now: Instant) -> Option<String> {
        let kind = kind(&order.command);
        if kind.takes_its_time() && self.actions() >= ACTIONS {
            order.fail(&CommandError::TooMany);
            return None;
        }
        let Order {
            command,
            accepted,
            finished,
        } = order;
        let caller = Caller::Handle {
            accepted: Some(accepted),
            finished,
        };
        Some(self.send(&command, caller, kind, now))
    }

    /// The text to send for a request of the replay.
    pub(super) fn ask(&mut self, command: &Command, now: Instant) -> String {
        self.send(command, Caller::Replay, kind(command), now)
    }

    fn send(&mut self, command: &Command, caller: Caller, kind: Kind, now: Instant) -> String {
        let id = self.next.to_string();
        self.next += 1;
        let timeout = self.timings.ack;
        let text = message::command(&id, command);
        let pending = Pending {
            caller,
            kind,
            until: Some(now + timeout),
            timeout,
        };
        self.pending.insert(id, pending);
        text
    }

    /// Takes an ack, a result or an error. Ignores what nobody waits for.
    pub(super) fn answered(
        &mut self,
        message: Incoming<'_>,
        bytes: usize,
        names: &mut Names,
        now: Instant,
    ) -> Option<Aside> {
        match message {
            Incoming::Ack { id, payload } => self.ack(&id, payload, now),
            Incoming::Result { id, body } => {
                let pending = self.pending.remove(&id)?;
                let reply = read(body, &pending.kind, names);
                pending.finish(reply, bytes)
            }
            Incoming::Error { id, body } => {
                let pending = self.pending.remove(&id?)?;
                pending.finish(Err(CommandError::Refused(body)), bytes)
            }
            Incoming::Event(_) => None,
        }
    }

    fn ack(&mut self, id: &str, payload: AckPayload, now: Instant) -> Option<Aside> {
        if !payload.accepted {
            let pending = self.pending.remove(id)?;
            let error = payload.error.unwrap_or(ErrorBody {
                code: "refused".to_owned(),
                message: "the server refused the command".to_owned(),
            });
            return pending.finish(Err(CommandError::Refused(error)), 0);
        }
        let answer = self.timings.answer;
        let pending = self.pending.get_mut(id)?;
        pending.timeout = answer;
        pending.until = (!pending.kind.takes_its_time()).then_some(now + answer);
        if let Caller::Handle { accepted, .. } = &mut pending.caller
            && let Some(accepted) = accepted.take()
        {
            let _ = accepted.send(Ok(()));
        }
        None
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.pending
            .values()
            .filter_map(|pending| pending.until)
            .min()
    }

    /// Fails what has timed out.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Aside> {
        let late = |pending: &Pending| pending.until.is_some_and(|until| now >= until);
        let ids: Vec<String> = self
            .pending
            .iter()
            .filter(|(_, pending)| late(pending))
            .map(|(id, _)| id.clone())
            .collect();
        ids.iter()
            .filter_map(|id| {
                let pending = self.pending.remove(id)?;
                let error = CommandError::NoAnswer(pending.timeout);
                pending.finish(Err(error), 0)
            })
            .collect()
    }

    /// Fails everything: the connection is gone.
    pub(super) fn disconnected(mut self) {
        for (_, pending) in self.pending.drain() {
            pending.finish(Err(CommandError::Disconnected), 0);
        }
    }

    fn actions(&self) -> usize {
        let pending = self.pending.values();
        pending
            .filter(|pending| pending.kind.takes_its_time())
            .count()
    }
}

impl Pending {
    fn finish(self, reply: Result<Reply, CommandError>, bytes: usize) -> Option<Aside> {
        match self.caller {
            Caller::Handle { accepted, finished } => {
                let mut aside = None;
                let reply = reply.map(|reply| match reply {
                    Reply::Screen(screen) => {
                        aside = Some(Aside::Screen(screen));
                        Reply::Done
                    }
                    reply => reply,
                });
                if let Some(accepted) = accepted {
                    let _ = accepted.send(reply.as_ref().map(|_| ()).map_err(Clone::clone));
                }
                let _ = finished.send(reply);
                aside
            }
            Caller::Replay => Some(match reply {
                Ok(Reply::Logs(page)) => Aside::Page(Piece {
                    entries: page.entries,
                    truncated: page.truncated,
                    bytes,
                }),
                _ => Aside::Failed,
            }),
        }
    }
}

fn kind(command: &Command) -> Kind {
    match command {
        Command::GetSnapshot => Kind::Snapshot,
        Command::GetLogs(_) => Kind::Logs,
        Command::GetEvents(_) => Kind::Events,
        Command::StartService(_)
        | Command::StopService(_)
        | Command::RestartService(_)
        | Command::StartAll
        | Command::StopAll
        | Command::Shutdown { .. } => Kind::Action,
        Command::Reload { .. } => Kind::Reload,
        Command::AttachTerminal { service, .. } => Kind::Attach(service.as_str().into()),
        Command::DetachTerminal(_) | Command::ResizeTerminal { .. } | Command::SendInput { .. } => {
            Kind::Brief
        }
    }
}

fn read(body: ResultBody<'_>, kind: &Kind, names: &mut Names) -> Result<Reply, CommandError> {
    match kind {
        Kind::Attach(service) => {
            let screen: TerminalScreen = some(outcome(body.read())?)?;
            Ok(Reply::Screen(TerminalOutput {
                service: service.to_string(),
                rows: screen.rows,
                cols: screen.cols,
                data: screen.screen,
            }))
        }
        Kind::Action | Kind::Brief => {
            outcome(body.read::<serde::de::IgnoredAny>()).map(|_| Reply::Done)
        }
        Kind::Reload => {
            let payload = body.read();
            let payload: ResultPayload<ReloadReport> =
                payload.map_err(|error| CommandError::Unreadable(error.to_string()))?;
            Ok(Reply::Reload(Reloaded {
                report: payload.data.unwrap_or_default(),
                error: payload.error.filter(|_| !payload.ok),
                failed_services: payload.failed_services,
            }))
        }
        Kind::Snapshot => {
            let snapshot: Snapshot = some(outcome(body.read())?)?;
            Ok(Reply::Snapshot(snapshot.services))
        }
        Kind::Events => Ok(Reply::Events(some(outcome(body.read())?)?)),
        Kind::Logs => {
            let page: LogPage<'_> = some(outcome(body.read())?)?;
            let entries = page.entries.into_iter();
            Ok(Reply::Logs(Page {
                entries: entries.map(|entry| names.entry(entry)).collect(),
                truncated: page.truncated,
                effective_limit: page.effective_limit,
            }))
        }
    }
}

fn outcome<D>(payload: Result<ResultPayload<D>, Unreadable>) -> Result<Option<D>, CommandError> {
    let payload = payload.map_err(|error| CommandError::Unreadable(error.to_string()))?;
    if payload.ok {
        return Ok(payload.data);
    }
    Err(CommandError::Failed {
        error: payload.error.unwrap_or(ErrorBody {
            code: "failed".to_owned(),
            message: "the command failed, and the server does not say why".to_owned(),
        }),
        failed_services: payload.failed_services,
    })
}

fn some<D>(data: Option<D>) -> Result<D, CommandError> {
    data.ok_or_else(|| CommandError::Unreadable("the result has no data".to_owned()))
}
