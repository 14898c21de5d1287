//! The styles of the cockpit: one for each meaning.
//!
//! Without colours (docs/cli.md, Colour) bold, dim and reversed remain.

use flowlayer_core::logs::Level;
use ratatui::style::{Color, Modifier, Style};

use super::log::Tone;
use crate::terminal::abilities::{Abilities, Depth, SECONDARY};
use crate::terminal::lines::PALETTE;
use crate::terminal::status::State;

/// The styles, for what the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Theme {
    /// Whether colours may be used.
    pub(crate) colored: bool,
    pub(crate) abilities: Abilities,
}

impl Theme {
    /// For a terminal that can show this.
    pub(crate) fn new(abilities: Abilities) -> Self {
        Self {
            colored: abilities.depth != Depth::Mono,
            abilities,
        }
    }

    /// For a terminal that can show everything, with or without colours.
    pub(crate) fn full(colored: bool) -> Self {
        let depth = if colored { Depth::Many } else { Depth::Mono };
        let is_ascii = false;
        Self::new(Abilities { depth, is_ascii })
    }

    /// Whether colours beyond the sixteen may be used, which no palette changes.
    fn has_many(self) -> bool {
        self.abilities.depth == Depth::Many
    }

    /// Whether what is selected has a background of its own, on which other colours can be seen.
    pub(crate) fn has_ground(self) -> bool {
        self.has_many()
    }

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

    /// What matters least: hints, ages, labels.
    pub(crate) fn dim(self) -> Style {
        if self.has_many() {
            Style::new().fg(Color::Indexed(SECONDARY))
        } else {
            Style::new().add_modifier(Modifier::DIM)
        }
    }

    /// Titles, keys in hints and what has the focus.
    pub(crate) fn accent(self) -> Style {
        self.color(Color::Cyan).add_modifier(Modifier::BOLD)
    }

    /// The name in the title of a panel.
    pub(crate) fn title(self, has_focus: bool) -> Style {
        if has_focus {
            self.accent()
        } else {
            self.text()
        }
    }

    /// The edge of a panel.
    pub(crate) fn edge(self, has_focus: bool) -> Style {
        if has_focus {
            self.color(Color::Cyan)
        } else {
            self.dim()
        }
    }

    /// The row that is selected.
    pub(crate) fn selected(self, has_focus: bool) -> Style {
        match (self.has_many(), has_focus) {
            (true, true) => Style::new()
                .bg(Color::Indexed(24))
                .fg(Color::Indexed(255))
                .add_modifier(Modifier::BOLD),
            (true, false) => Style::new()
                .bg(Color::Indexed(238))
                .fg(Color::Indexed(255))
                .add_modifier(Modifier::BOLD),
            (false, true) => Style::new().add_modifier(Modifier::REVERSED),
            (false, false) => Style::new().add_modifier(Modifier::BOLD),
        }
    }

    /// A match of the search; the current one stands out among them.
    pub(crate) fn hit(self, is_current: bool) -> Style {
        let style = match (self.has_many(), is_current) {
            (true, true) => Style::new().bg(Color::Indexed(208)).fg(Color::Indexed(16)),
            (true, false) => Style::new().bg(Color::Indexed(229)).fg(Color::Indexed(16)),
            (false, _) => Style::new().add_modifier(Modifier::REVERSED),
        };
        if is_current {
            style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
        } else {
            style
        }
    }

    /// Something worked.
    pub(crate) fn good(self) -> Style {
        self.color(Color::Green)
    }

    /// Something is under way or deserves attention.
    pub(crate) fn warning(self) -> Style {
        self.color(Color::Yellow)
    }

    /// Something went wrong.
    pub(crate) fn bad(self) -> Style {
        self.color(Color::Red)
    }

    /// Why a service is in this state.
    pub(crate) fn reason(self, state: State) -> Style {
        match state {
            State::Failed => self.bad(),
            _ => self.text(),
        }
    }

    /// News of this tone.
    pub(crate) fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => self.text(),
            Tone::Good => self.good(),
            Tone::Busy => self.warning(),
            Tone::Bad => self.bad(),
        }
    }

    /// The symbol and the word of a state.
    pub(crate) fn state(self, state: State) -> Style {
        let Some(color) = state.color() else {
            return self.dim();
        };
        let style = self.color(color.into());
        match state {
            State::Failed | State::Blocked => style.add_modifier(Modifier::BOLD),
            _ => style,
        }
    }

    /// What stands before a line of this level; a letter where there are no colours.
    pub(crate) fn level(self, level: Level) -> Option<(&'static str, Style)> {
        let has_bars = self.colored && !self.abilities.is_ascii;
        let bar = |letter| if has_bars { "▌" } else { letter };
        match level {
            Level::Error => Some((bar("E"), self.bad().add_modifier(Modifier::BOLD))),
            Level::Warn => Some((bar("W"), self.warning())),
            Level::Info | Level::Debug | Level::Trace => None,
        }
    }

    /// A service's own colour: the one its lines have in the output of `serve`.
    pub(crate) fn service(self, rank: usize) -> Style {
        self.color(PALETTE[rank % PALETTE.len()].into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_colors_no_style_has_one() {
        let theme = Theme::full(false);
        let styles = [
            theme.text(),
            theme.dim(),
            theme.accent(),
            theme.edge(true),
            theme.edge(false),
            theme.selected(true),
            theme.selected(false),
            theme.hit(true),
            theme.hit(false),
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
