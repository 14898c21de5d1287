//! What things look like: one sign and one style for each meaning.
//!
//! Every state has a sign of its own, so that nothing depends on telling colours apart, and without
//! colours (docs/cli.md, Colour) bold, dim and reversed remain.

use anstyle::AnsiColor;
use flowlayer_core::protocol::{Kind, Status};
use ratatui::style::{Color, Modifier, Style};

use super::service::Service;
use crate::terminal::lines::PALETTE;

/// How the server's words on a blocked service begin.
pub(crate) const BLOCKED: &str = "blocked: ";

/// How a service stands, as a person would put it: finer than [`Status`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Look {
    /// Planned, and its turn has not come.
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
    /// Down because somebody asked.
    Stopped,
    /// Down although nobody asked.
    Failed,
}

impl Look {
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

    /// How this service stands.
    pub(crate) fn of(service: &Service) -> Self {
        let details = &service.details;
        let is_oneshot = details.kind == Some(Kind::Oneshot);
        match service.status {
            Status::Unknown | Status::Stopped => match details.detail.as_deref() {
                // These words come at once, `blocked_by` with the next change of status.
                Some(words) if words.starts_with(BLOCKED) => Self::Blocked,
                Some(words) if words.starts_with("waiting for ") => Self::Waiting,
                _ if !details.blocked_by.is_empty() => Self::Blocked,
                _ if service.status == Status::Unknown => Self::Waiting,
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
    pub(crate) const fn sign(self) -> &'static str {
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

    /// The word beside the sign.
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
            Self::Waiting => "planned; its turn has not come",
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

    const fn color(self) -> Color {
        match self {
            Self::Waiting | Self::Stopped => Color::DarkGray,
            Self::Blocked => Color::Magenta,
            Self::Starting | Self::Running | Self::Stopping => Color::Yellow,
            Self::Up | Self::Done => Color::Green,
            Self::Failed => Color::Red,
        }
    }
}

/// The styles, with colours or without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Whether colours may be used.
    pub(crate) colored: bool,
}

impl Theme {
    fn color(self, color: Color) -> Style {
        if self.colored {
            Style::new().fg(color)
        } else {
            Style::new()
        }
    }

    /// Ordinary text.
    #[expect(clippy::unused_self, reason = "reads like its neighbours")]
    pub(crate) const fn text(self) -> Style {
        Style::new()
    }

    /// What is there for whoever looks for it.
    pub(crate) fn dim(self) -> Style {
        if self.colored {
            Style::new().fg(Color::DarkGray)
        } else {
            Style::new().add_modifier(Modifier::DIM)
        }
    }

    /// Titles and what has the focus.
    pub(crate) fn accent(self) -> Style {
        self.color(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// The edge of a panel.
    pub(crate) fn edge(self, has_focus: bool) -> Style {
        if has_focus {
            self.color(Color::Cyan)
        } else {
            self.dim()
        }
    }

    /// A key in a hint.
    pub(crate) fn key(self) -> Style {
        self.color(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// The row that is selected.
    pub(crate) fn selected(self, has_focus: bool) -> Style {
        match (self.colored, has_focus) {
            (true, true) => Style::new()
                .bg(Color::Indexed(24))
                .fg(Color::White)
                .add_modifier(Modifier::BOLD),
            (true, false) => Style::new()
                .bg(Color::Indexed(238))
                .fg(Color::Indexed(255))
                .add_modifier(Modifier::BOLD),
            (false, true) => Style::new().add_modifier(Modifier::REVERSED),
            (false, false) => Style::new().add_modifier(Modifier::BOLD),
        }
    }

    /// A match of the search.
    pub(crate) fn hit(self) -> Style {
        if self.colored {
            Style::new().bg(Color::Yellow).fg(Color::Black)
        } else {
            Style::new().add_modifier(Modifier::REVERSED)
        }
    }

    /// Something worked.
    pub(crate) fn good(self) -> Style {
        self.color(Color::Green)
    }

    /// Something is under way or deserves a look.
    pub(crate) fn warning(self) -> Style {
        self.color(Color::Yellow)
    }

    /// Something went wrong.
    pub(crate) fn bad(self) -> Style {
        self.color(Color::Red)
    }

    /// The sign and the word of a state.
    pub(crate) fn look(self, look: Look) -> Style {
        let style = self.color(look.color());
        match look {
            Look::Failed | Look::Blocked => style.add_modifier(Modifier::BOLD),
            Look::Stopped | Look::Waiting if !self.colored => style.add_modifier(Modifier::DIM),
            _ => style,
        }
    }

    /// A service's own colour: the one its lines have in the output of `serve`.
    pub(crate) fn service(self, rank: usize) -> Style {
        self.color(to_color(PALETTE[rank % PALETTE.len()]))
    }
}

const fn to_color(color: AnsiColor) -> Color {
    match color {
        AnsiColor::Black => Color::Black,
        AnsiColor::Red => Color::Red,
        AnsiColor::Green => Color::Green,
        AnsiColor::Yellow => Color::Yellow,
        AnsiColor::Blue => Color::Blue,
        AnsiColor::Magenta => Color::Magenta,
        AnsiColor::Cyan => Color::Cyan,
        AnsiColor::White => Color::Gray,
        AnsiColor::BrightBlack => Color::DarkGray,
        AnsiColor::BrightRed => Color::LightRed,
        AnsiColor::BrightGreen => Color::LightGreen,
        AnsiColor::BrightYellow => Color::LightYellow,
        AnsiColor::BrightBlue => Color::LightBlue,
        AnsiColor::BrightMagenta => Color::LightMagenta,
        AnsiColor::BrightCyan => Color::LightCyan,
        AnsiColor::BrightWhite => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use unicode_width::UnicodeWidthStr;

    use super::*;

    #[test]
    fn every_state_has_a_sign_of_its_own_one_column_wide() {
        let signs: HashSet<&str> = Look::ALL.iter().map(|look| look.sign()).collect();
        assert_eq!(signs.len(), Look::ALL.len());
        assert!(signs.iter().all(|sign| sign.width() == 1));
    }

    #[test]
    fn without_colors_no_style_has_one() {
        let theme = Theme { colored: false };
        let styles = [
            theme.text(),
            theme.dim(),
            theme.accent(),
            theme.edge(true),
            theme.edge(false),
            theme.key(),
            theme.selected(true),
            theme.selected(false),
            theme.hit(),
            theme.good(),
            theme.warning(),
            theme.bad(),
            theme.service(3),
        ];
        let looks = Look::ALL.map(|look| theme.look(look));
        for style in styles.into_iter().chain(looks) {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert_ne!(theme.selected(true), theme.text());
    }
}
