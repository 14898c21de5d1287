//! The states of a service as users see them: the word, the symbol and the colour of each.
//!
//! Every state has a symbol of its own, so that the display works without colours.

use anstyle::{AnsiColor, Style};
use flowlayer_core::facts::{Kind, Reason, Status};
use flowlayer_core::protocol::Details;

/// The state of a service as shown to users: finer than [`Status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// Planned, not started yet.
    Waiting,
    /// Not started, because something it depends on failed.
    Blocked,
    /// Being spawned.
    Starting,
    /// The process exists, its probe has not passed.
    Running,
    /// Up.
    Up,
    /// A oneshot that has succeeded.
    Done,
    /// Being taken down.
    Stopping,
    /// Stopped on request.
    Stopped,
    /// Exited without being asked to.
    Failed,
}

impl State {
    /// All of them, in the order of the documentation.
    pub(crate) const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Blocked,
        Self::Starting,
        Self::Running,
        Self::Up,
        Self::Done,
        Self::Stopping,
        Self::Stopped,
        Self::Failed,
    ];

    /// The state of this service.
    pub(crate) fn of(status: Status, details: &Details) -> Self {
        let is_oneshot = details.kind == Some(Kind::Oneshot);
        match status {
            Status::Unknown | Status::Stopped => match details.reason.as_deref() {
                Some(Reason::WaitingFor { .. } | Reason::WaitingForWave { .. }) => Self::Waiting,
                _ if !details.blocked_by.is_empty() => Self::Blocked,
                _ if status == Status::Unknown => Self::Waiting,
                _ => Self::Stopped,
            },
            Status::Starting => Self::Starting,
            Status::Running if details.up == Some(true) => Self::Up,
            Status::Running => Self::Running,
            Status::Ready if is_oneshot => Self::Done,
            Status::Ready => Self::Up,
            Status::Stopping => Self::Stopping,
            Status::Failed => Self::Failed,
        }
    }

    /// One column wide.
    pub(crate) const fn symbol(self) -> &'static str {
        match self {
            Self::Waiting => "·",
            Self::Blocked => "⊘",
            Self::Starting => "◌",
            Self::Running => "◐",
            Self::Up => "●",
            Self::Done => "✓",
            Self::Stopping => "◑",
            Self::Stopped => "○",
            Self::Failed => "✗",
        }
    }

    /// The word beside the symbol.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Up => "ready",
            Self::Done => "done",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    /// What it means, for the documentation and the help.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Waiting => "planned; not started yet",
            Self::Blocked => "not started, because something it depends on is not up",
            Self::Starting => "port check and spawn",
            Self::Running => "the process exists, its probe has not passed yet",
            Self::Up => "up: the probe passed, or there is none",
            Self::Done => "a oneshot that has succeeded",
            Self::Stopping => "being taken down",
            Self::Stopped => "down because somebody asked, or not started",
            Self::Failed => "down although nobody asked, or never came up",
        }
    }

    /// The colour of both; `None` for what matters least, which is dim.
    pub(crate) const fn color(self) -> Option<AnsiColor> {
        Some(match self {
            Self::Waiting | Self::Stopped => return None,
            Self::Blocked => AnsiColor::Magenta,
            Self::Starting | Self::Running | Self::Stopping => AnsiColor::Yellow,
            Self::Up | Self::Done => AnsiColor::Green,
            Self::Failed => AnsiColor::Red,
        })
    }

    /// The style of both in a line of text.
    pub(crate) fn style(self) -> Style {
        match self.color() {
            Some(color) => color.on_default(),
            None => Style::new().dimmed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use unicode_width::UnicodeWidthStr;

    use super::*;

    /// The page about the cockpit names every state.
    #[test]
    fn the_page_is_complete() {
        let page = include_str!("../../docs/tui.md");
        for state in State::ALL {
            let (symbol, word, meaning) = (state.symbol(), state.word(), state.meaning());
            let row = format!("| `{symbol}` | {word} | {meaning} |");
            assert!(page.contains(&row), "docs/tui.md lacks: {row}");
        }
    }

    #[test]
    fn every_state_has_a_symbol_of_its_own_one_column_wide() {
        let symbols: HashSet<&str> = State::ALL.iter().map(|state| state.symbol()).collect();
        assert_eq!(symbols.len(), State::ALL.len());
        assert!(symbols.iter().all(|symbol| symbol.width() == 1));
    }
}
