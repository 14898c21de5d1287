//! Everything the screen is drawn from. Only [`update`](super::update) changes it.

use std::collections::BTreeMap;
use std::path::Path;

use flowlayer_core::facts::{ConfigChanged, StoppedBy};
use jiff::tz::TimeZone;
use ratatui::layout::Position;

use super::keys::Context;
use super::log::{LogPane, Place, Tone};
use super::message::{Choice, CommandId, Link, Order};
use super::prompt::{Prompt, Purpose};
use super::service::ServiceModel;
use super::services::Services;
use super::theme::Theme;

/// Which panel the keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Panel {
    #[default]
    Services,
    Logs,
}

/// The panel beside the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Body {
    /// The log of the selected service.
    #[default]
    Log,
    /// The details of the selected service.
    Detail,
    /// The services as bars of time.
    Boot,
    /// The plan, in place of everything.
    Plan,
}

/// A window above everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Modal {
    /// The key table, scrolled down by this many rows: all of it, or the lines that contain this.
    Help { scroll: usize, search: String },
    /// What can be done now, with this row selected.
    Palette { row: usize },
    /// The connection; `reveal`: its token too.
    Info { reveal: bool, scroll: usize },
    /// A line of the log in full.
    Line {
        /// As it was printed.
        text: String,
        /// As it is shown.
        rows: Vec<String>,
        scroll: usize,
    },
    /// Live sessions.
    Sessions {
        /// `None` while the first list is on its way.
        choices: Option<Vec<Choice>>,
        row: usize,
        /// Whether the user chose the row: then it stays with its session when the list changes.
        is_moved: bool,
        /// When they were looked for last, in milliseconds since 1970.
        looked: i64,
    },
    /// Asks before these are sent.
    Confirm(Vec<Order>),
    /// What keeps the edited configuration from being reloaded.
    Problems { scroll: usize },
    /// Asks what is to become of the session.
    Quit,
}

/// What quitting means for the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum AtQuit {
    /// It goes on.
    #[default]
    Leave,
    /// The user is asked.
    Ask,
    /// It is ended.
    Stop,
}

/// Where we want to be connected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Target {
    /// `host:port`; empty as long as none is known.
    pub(crate) address: String,
    pub(crate) token: Option<String>,
    /// The configuration the session runs.
    pub(crate) config: Option<String>,
    /// How the address was found, for people.
    pub(crate) found: &'static str,
    /// The command that starts a session there.
    pub(crate) start: String,
}

/// What people call a stack: the directory of its configuration.
pub(crate) fn stack_name(config: Option<&str>) -> Option<&str> {
    Path::new(config?).parent()?.file_name()?.to_str()
}

/// A line in the footer that disappears after a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// When it came, in milliseconds since 1970.
    pub(crate) since: i64,
    /// When it goes, in milliseconds since 1970.
    pub(crate) until: i64,
}

/// A log that is being written to a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Saving {
    /// Lines that are written.
    pub(crate) lines: u64,
    /// The number of the last one that was looked at.
    pub(crate) seq: u64,
    /// The number of the last one that is wanted.
    pub(crate) until: u64,
}

/// A command without its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pending {
    pub(crate) order: Order,
    /// When, in milliseconds since 1970.
    pub(crate) since: i64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Model {
    /// Columns of the terminal.
    pub(crate) columns: u16,
    /// Rows of the terminal.
    pub(crate) rows: u16,
    /// Milliseconds since 1970, as of the last message.
    pub(crate) now: i64,
    /// For the times of log lines.
    pub(crate) zone: TimeZone,
    pub(crate) theme: Theme,
    pub(crate) focus: Panel,
    /// Whether the focus is in the details only because the list has no space beside them; it goes
    /// back to the list with them.
    pub(crate) is_focus_lent: bool,
    pub(crate) body: Body,
    /// Whether the panel with the focus has the whole screen.
    pub(crate) is_zoomed: bool,
    pub(crate) modal: Option<Modal>,
    pub(crate) at_quit: AtQuit,
    pub(crate) prompt: Option<Prompt>,
    /// The first key of a sequence, before the second.
    pub(crate) prefix: Option<char>,
    pub(crate) target: Target,
    pub(crate) link: Link,
    /// The other sessions that run, while ours does not.
    pub(crate) others: Vec<Choice>,
    /// When they were looked for last, in milliseconds since 1970.
    pub(crate) others_looked: i64,
    /// When the link came into this state, in milliseconds since 1970.
    pub(crate) link_since: i64,
    /// The server's session.
    pub(crate) session_id: Option<String>,
    pub(crate) services: Services,
    /// What has been edited in the configuration since the session has read it.
    pub(crate) edited: Option<Box<ConfigChanged>>,
    pub(crate) logs: LogPane,
    /// The filter of the list as it was typed.
    pub(crate) services_filter: String,
    /// The filter of the log as it was typed.
    pub(crate) logs_filter: String,
    /// Commands without a result.
    pub(crate) pending: BTreeMap<CommandId, Pending>,
    pub(crate) next_command: CommandId,
    pub(crate) notice: Option<Notice>,
    /// The item on which the mouse was pressed: where dragging begins.
    pub(crate) pressed: Option<Place>,
    /// Where the mouse was pressed last, and when, in milliseconds since 1970.
    pub(crate) clicked: Option<(Position, i64)>,
    /// How far a log that is being written to a file is.
    pub(crate) saving: Option<Saving>,
    /// Rows the detail view is scrolled down.
    pub(crate) detail_scroll: usize,
}

impl Model {
    /// Before anything has happened.
    pub(crate) fn new(target: Target, theme: Theme, zone: TimeZone) -> Self {
        Self {
            columns: 0,
            rows: 0,
            now: 0,
            zone,
            theme,
            focus: Panel::default(),
            is_focus_lent: false,
            body: Body::default(),
            is_zoomed: false,
            modal: None,
            at_quit: AtQuit::default(),
            prompt: None,
            prefix: None,
            target,
            link: Link::Connecting,
            others: Vec::new(),
            others_looked: 0,
            link_since: 0,
            session_id: None,
            services: Services::default(),
            edited: None,
            logs: LogPane::default(),
            services_filter: String::new(),
            logs_filter: String::new(),
            pending: BTreeMap::new(),
            next_command: 1,
            notice: None,
            pressed: None,
            clicked: None,
            saving: None,
            detail_scroll: 0,
        }
    }

    /// Where keys count now, the nearest first.
    pub(crate) fn contexts(&self) -> &'static [Context] {
        match (&self.prompt, &self.modal) {
            (Some(_), Some(Modal::Palette { .. })) => &[Context::Palette],
            (Some(_), _) => &[Context::Typing],
            (None, Some(Modal::Help { .. } | Modal::Palette { .. })) => &[Context::Help],
            (None, Some(Modal::Info { .. })) => &[Context::Info],
            (None, Some(Modal::Line { .. })) => &[Context::Line],
            (None, Some(Modal::Sessions { .. })) => &[Context::Sessions],
            (None, Some(Modal::Confirm(_))) => &[Context::Question],
            (None, Some(Modal::Problems { .. })) => &[Context::Detail],
            (None, Some(Modal::Quit)) => &[Context::Quitting],
            (None, None) => self.contexts_below(),
        }
    }

    /// Where keys count below the window that is open, the nearest first.
    pub(crate) fn contexts_below(&self) -> &'static [Context] {
        match (self.body, self.focus) {
            (Body::Plan, _) => &[Context::Plan, Context::Everywhere],
            (_, Panel::Services) => &[Context::Services, Context::Everywhere],
            (Body::Detail | Body::Boot, Panel::Logs) => &[Context::Detail, Context::Everywhere],
            (Body::Log, Panel::Logs) => &[Context::Logs, Context::Everywhere],
        }
    }

    /// Whether the panel has the focus.
    pub(crate) fn has_focus(&self, panel: Panel) -> bool {
        self.focus == panel && self.modal.is_none() && self.body != Body::Plan
    }

    /// Whether text for this is being typed.
    pub(crate) fn is_typing(&self, purpose: Purpose) -> bool {
        let prompt = self.prompt.as_ref();
        prompt.is_some_and(|prompt| prompt.purpose == purpose)
    }

    /// Whether commands make sense now.
    pub(crate) fn is_connected(&self) -> bool {
        self.link == Link::Connected
    }

    /// Whether the session is ending, and its server with it.
    pub(crate) fn is_ending(&self) -> bool {
        let is_taken_down =
            |service: &ServiceModel| service.details.stopped_by == Some(StoppedBy::Shutdown);
        self.is_connected() && self.services.all().iter().any(is_taken_down)
    }

    /// Whether there is nothing to show but the state of the connection.
    pub(crate) fn is_blank(&self) -> bool {
        !self.is_connected() && self.services.all().is_empty()
    }
}
