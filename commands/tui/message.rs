//! What comes in and what goes out: [`Message`]s change the model, [`Effect`]s are what has to be
//! done about it. Neither knows of sockets or terminals.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};
use flowlayer_core::facts::Timestamp;
use flowlayer_core::protocol::ServiceState;

use super::log::Item;
use super::log::page::PageRequest;

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
    Resize {
        /// Its columns.
        columns: u16,
        /// Its rows.
        rows: u16,
    },
    /// Time has passed.
    Tick,
    /// The connection is in another state.
    Link(Link),
    /// A server has introduced itself. When `is_new`, what was seen before is of another session.
    Hello {
        /// Its session.
        session_id: Option<String>,
        /// Whether the numbers of its log lines start over.
        is_new: bool,
    },
    /// All services as they are.
    Snapshot(Vec<ServiceState>),
    /// A service is in another state, since this time.
    Status {
        /// The service.
        state: ServiceState,
        /// Since when.
        at: Timestamp,
    },
    /// A service has another reason within the same status.
    Detail(ServiceState),
    /// Log lines, live or filled in.
    Lines(Vec<Arc<Item>>),
    /// Log lines that will not come by themselves.
    Gap {
        /// The first number.
        first: u64,
        /// The last.
        last: u64,
    },
    /// The answer to [`Effect::FetchPage`].
    Page {
        /// The question.
        request: PageRequest,
        /// The answer, or why there is none.
        result: Result<Page, NoPage>,
    },
    /// The server has taken a command on.
    Accepted(CommandId),
    /// A command has ended.
    Finished {
        /// Which.
        id: CommandId,
        /// How.
        outcome: Outcome,
    },
    /// The answer to [`Effect::ListSessions`].
    Sessions(Vec<Choice>),
    /// A file was written, or not: its path, or why.
    Saved(Result<String, String>),
}

/// A message for the model of one session.
pub(crate) struct Answer {
    /// Which session; see [`Session::epoch`](super::session::Session).
    pub(crate) epoch: u64,
    /// The message.
    pub(crate) message: Message,
}

/// Entries of a page, ascending.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// The entries.
    pub(crate) entries: Vec<Arc<Item>>,
    /// Whether some that were asked for are missing.
    pub(crate) is_truncated: bool,
}

/// Why there is no page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoPage {
    /// The connection ended before it came. What is still wanted on the next is asked for there.
    Disconnected,
    /// The server has none for us.
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
    /// It was connected; the next attempt is at this time.
    Reconnecting {
        /// When.
        retry_at: i64,
        /// What went wrong.
        why: String,
    },
    /// It never was connected; the next attempt is at this time.
    Unreachable {
        /// When.
        retry_at: i64,
        /// What went wrong.
        why: String,
        /// Whether somebody else is there.
        peer: Peer,
    },
    /// The server wants a token and there is none.
    TokenRequired,
    /// The server refuses the token.
    InvalidToken,
    /// It is not a server that we understand.
    Incompatible {
        /// In one line.
        why: String,
    },
}

/// Who is at an address at which no server has introduced itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// Nobody listens.
    Nobody,
    /// Somebody listens, and says nothing that we understand, or that there is no place.
    Somebody,
    /// The address was not reached.
    Unknown,
}

/// Our number for a command.
pub(crate) type CommandId = u64;

/// What a person can order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// Bring this service up.
    Start(Arc<str>),
    /// Take it down.
    Stop(Arc<str>),
    /// Down and up.
    Restart(Arc<str>),
    /// Bring everything up.
    StartAll,
    /// Take everything down.
    StopAll,
}

impl Order {
    /// The service it is about.
    pub(crate) const fn service(&self) -> Option<&Arc<str>> {
        match self {
            Self::Start(name) | Self::Stop(name) | Self::Restart(name) => Some(name),
            Self::StartAll | Self::StopAll => None,
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
        }
    }

    /// For people: `restart api`.
    pub(crate) fn words(&self) -> String {
        let verb = match self {
            Self::Start(_) | Self::StartAll => "start",
            Self::Stop(_) | Self::StopAll => "stop",
            Self::Restart(_) => "restart",
        };
        format!("{verb} {}", self.service().map_or("all", |name| name))
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// As ordered.
    Done,
    /// The server did not take it on.
    Refused(String),
    /// It was tried.
    Failed {
        /// Why it did not work.
        why: String,
        /// The services that are not up because of it.
        services: Vec<String>,
    },
    /// The connection was lost before the answer; it is not sent again.
    Lost(String),
}

/// A live session to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Where it listens.
    pub(crate) address: String,
    /// Its token.
    pub(crate) token: Option<String>,
    /// The configuration it runs.
    pub(crate) config: Option<String>,
    /// Its process.
    pub(crate) pid: Option<u32>,
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// End.
    Quit,
    /// Send a command.
    Send {
        /// Under this number.
        id: CommandId,
        /// This one.
        order: Order,
    },
    /// Ask for log entries.
    FetchPage(PageRequest),
    /// State for live sessions.
    ListSessions,
    /// Leave this session for that one.
    Switch(Choice),
    /// Try the connection again at once.
    Retry,
    /// Leave the terminal to the shell until it wants us back.
    Suspend,
    /// Write the whole screen again.
    Redraw,
    /// Put text on the clipboard of the terminal.
    Copy(String),
    /// Write text to a file.
    Save(String),
}
