//! What comes in and what goes out: [`Message`]s change the model, [`UiEffect`]s are what has to be
//! done about it. Neither knows of sockets or terminals.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};
use flowlayer_core::facts::{Change, ConfigChanged, Timestamp};
use flowlayer_core::protocol::ServiceState;

use super::log::Item;
use super::log::export::Export;
use super::log::page::PageRequest;
use super::model::Saving;

/// Something happened.
#[derive(Debug, Clone)]
pub(crate) enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize { columns: u16, rows: u16 },
    /// A second has passed.
    Tick,
    /// The connection changed state.
    Link(Link),
    /// A server sent its hello. `is_new`: what was seen before is of another session, and the
    /// numbers of log lines start over.
    Hello {
        session_id: Option<String>,
        is_new: bool,
    },
    /// All services.
    Snapshot(Vec<ServiceState>),
    /// The configuration of the session was edited, or a reload has taken it over.
    ConfigChanged(Box<ConfigChanged>),
    /// A service changed its status at this time.
    Status { state: ServiceState, at: Timestamp },
    /// A service has another reason within the same status.
    Detail(ServiceState),
    /// Log lines, live or backfilled.
    Lines(Vec<Arc<Item>>),
    /// Log lines that were skipped: from this number to that.
    Gap { first: u64, last: u64 },
    /// The answer to [`UiEffect::FetchPage`].
    Page {
        request: PageRequest,
        result: Result<Page, NoPage>,
    },
    /// The server has accepted a command.
    Accepted(CommandId),
    /// A command has ended.
    Finished { id: CommandId, outcome: Outcome },
    /// The answer to [`UiEffect::ListSessions`].
    Sessions(Vec<Choice>),
    /// How far [`UiEffect::Export`] is.
    Saving(Saving),
    /// The answer to [`UiEffect::Save`] and [`UiEffect::Export`]: the path, or the error.
    Saved(Result<String, String>),
    /// The answer to [`UiEffect::OpenUrl`]: the url, or the error.
    Opened(Result<String, String>),
}

/// A message for the model of one session.
pub(crate) struct Answer {
    /// Which session; see [`SessionConnection::epoch`](super::connection::SessionConnection).
    pub(crate) epoch: u64,
    pub(crate) message: Message,
}

/// Entries of a page, ascending.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) entries: Vec<Arc<Item>>,
    /// Whether there are more than the limit.
    pub(crate) is_truncated: bool,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoPage {
    /// The connection ended first; the next one asks again if the page is still wanted.
    Disconnected,
    /// The server answered with an error.
    Failed(String),
}

/// The state of the connection, always the truth (docs/tui.md, Connecting). Times are milliseconds
/// since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// No session is chosen yet.
    Choosing,
    /// The first attempt is under way.
    Connecting,
    /// Hello and snapshot have come.
    Connected,
    /// The connection was lost.
    Reconnecting { retry_at: i64, why: String },
    /// No connection was made yet.
    Unreachable {
        retry_at: i64,
        why: String,
        listener: Listener,
    },
    /// The server wants a token and there is none.
    TokenRequired,
    /// The server refuses the token.
    InvalidToken,
    /// The peer is not a FlowLayer server, or has another protocol version.
    Incompatible { why: String },
}

/// Who listens at an address from which no hello has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listener {
    /// Nothing listens.
    Absent,
    /// Another program, or a server that is full or silent.
    Present,
    /// The address was not reached.
    Unknown,
}

/// The number of a command.
pub(crate) type CommandId = u64;

/// A command to the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    Start(Arc<str>),
    Stop(Arc<str>),
    Restart(Arc<str>),
    StartAll,
    StopAll,
    /// Apply these changes of the configuration.
    Reload(Vec<Change>),
}

impl Order {
    /// The service it is about.
    pub(crate) const fn service(&self) -> Option<&Arc<str>> {
        match self {
            Self::Start(name) | Self::Stop(name) | Self::Restart(name) => Some(name),
            Self::StartAll | Self::StopAll | Self::Reload(_) => None,
        }
    }

    /// As it is called in the protocol.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Start(_) => "start_service",
            Self::Stop(_) => "stop_service",
            Self::Restart(_) => "restart_service",
            Self::StartAll => "start_all",
            Self::StopAll => "stop_all",
            Self::Reload(_) => "reload",
        }
    }

    /// What it does, in one word.
    pub(crate) const fn verb(&self) -> &'static str {
        match self {
            Self::Start(_) | Self::StartAll => "start",
            Self::Stop(_) | Self::StopAll => "stop",
            Self::Restart(_) => "restart",
            Self::Reload(_) => "reload",
        }
    }

    /// For people: `restart api`.
    pub(crate) fn label(&self) -> String {
        labels(std::slice::from_ref(self))
    }
}

/// For people: `restart api, web; start db`.
pub(crate) fn labels(orders: &[Order]) -> String {
    let mut parts: Vec<(&str, Vec<&str>)> = Vec::new();
    for order in orders {
        let name = order.service().map_or("all", |name| name);
        match parts.iter_mut().find(|(verb, _)| *verb == order.verb()) {
            Some((_, names)) => names.push(name),
            None => parts.push((order.verb(), vec![name])),
        }
    }
    let part = |(verb, names): (&str, Vec<&str>)| match verb {
        "reload" => verb.to_owned(),
        verb => format!("{verb} {}", names.join(", ")),
    };
    parts.into_iter().map(part).collect::<Vec<_>>().join("; ")
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As ordered.
    Done,
    /// The server did not accept it.
    Refused(String),
    /// It failed, and these services are not up.
    Failed { why: String, services: Vec<String> },
    /// The configuration is not what was to be applied, and nothing was changed: what it is now.
    NotReloaded {
        why: String,
        now: Box<ConfigChanged>,
    },
    /// The connection was lost before the answer; it is not sent again.
    Lost(String),
}

/// A live session to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) address: String,
    pub(crate) token: Option<String>,
    pub(crate) config: Option<String>,
    pub(crate) pid: Option<u32>,
}

/// What is to become of the session when the cockpit has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// It goes on.
    Leave,
    /// It is ended.
    Stop,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum UiEffect {
    /// End the cockpit.
    Quit(After),
    /// Send a command.
    Send { id: CommandId, order: Order },
    /// Ask for log entries.
    FetchPage(PageRequest),
    /// Look for live sessions.
    ListSessions,
    /// Leave this session for that one.
    Switch(Choice),
    /// Try the connection again at once.
    Retry,
    /// Leave the terminal to the shell until it wants us back.
    Suspend,
    /// Redraw the whole screen.
    Redraw,
    /// Put text on the clipboard of the terminal.
    Copy(String),
    /// Show this page in the browser.
    OpenUrl(String),
    /// Write text to a file.
    Save(String),
    /// Write the log to a file, as far as it is wanted.
    Export(Box<Export>),
    /// Stop that.
    StopSaving,
}
