//! The styles of the cockpit: one for each meaning.
//!
//! Without colours (docs/cli.md, Colour) bold, dim and reversed remain.

use anstyle::AnsiColor;
use ratatui::style::{Color, Modifier, Style};

use crate::terminal::lines::PALETTE;
use crate::terminal::status::State;

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

    /// What is there for whoever states for it.
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

    /// Something is under way or deserves a state.
    pub(crate) fn warning(self) -> Style {
        self.color(Color::Yellow)
    }

    /// Something went wrong.
    pub(crate) fn bad(self) -> Style {
        self.color(Color::Red)
    }

    /// The symbol and the word of a state.
    pub(crate) fn state(self, state: State) -> Style {
        let style = self.color(to_color(state.color()));
        match state {
            State::Failed | State::Blocked => style.add_modifier(Modifier::BOLD),
            State::Stopped | State::Waiting if !self.colored => style.add_modifier(Modifier::DIM),
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
    use super::*;

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
        let states = State::ALL.map(|state| theme.state(state));
        for style in styles.into_iter().chain(states) {
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert_ne!(theme.selected(true), theme.text());
    }
}
