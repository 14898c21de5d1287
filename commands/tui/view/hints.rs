//! Hints: keys with what they do now, which can be clicked too.

use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use crate::tui::keys::{self, Action, Binding, Context};
use crate::tui::model::Model;
use crate::tui::offers;
use crate::tui::theme::Theme;

/// A key and its word.
#[derive(Debug, Clone)]
pub(crate) struct Hint {
    pub(crate) binding: &'static Binding,
    pub(super) key: &'static str,
    pub(crate) word: String,
}

impl Hint {
    /// Of a key of the table, if it has a word and is offered now.
    pub(super) fn new(model: &Model, binding: &'static Binding) -> Option<Self> {
        let word = match binding.context {
            Context::Services | Context::Logs | Context::Plan | Context::Everywhere => {
                offers::of(model, binding.action, binding.hint).ok()?
            }
            // What windows and prompts offer is always possible.
            _ => binding.hint.into(),
        };
        let (key, word) = (binding.key(), word.into_owned());
        (!word.is_empty()).then_some(Self { binding, key, word })
    }

    /// Of the nearest key that does this.
    pub(super) fn of(model: &Model, contexts: &[Context], action: Action) -> Option<Self> {
        let mut bindings = contexts.iter().flat_map(|context| keys::of(*context));
        Self::new(model, bindings.find(|binding| binding.action == action)?)
    }

    /// Columns with the blanks around it.
    pub(super) fn width(&self) -> usize {
        self.key.width() + self.word.width() + 3
    }
}

/// `s start all  x stop all  `.
pub(super) fn spans(hints: &[Hint], theme: Theme) -> Vec<Span<'static>> {
    let one = |hint: &Hint| {
        [
            Span::styled(hint.key, theme.accent()),
            Span::styled(format!(" {}  ", hint.word), theme.dim()),
        ]
    };
    hints.iter().flat_map(one).collect()
}

/// Columns of all of them.
pub(super) fn width(hints: &[Hint]) -> usize {
    hints.iter().map(Hint::width).sum()
}

/// The one in this column of those that start in that one.
pub(crate) fn at(hints: &[Hint], start: u16, column: u16) -> Option<&Hint> {
    let mut left = usize::from(column.checked_sub(start)?);
    for hint in hints {
        // The blanks behind it belong to none.
        if left + 2 < hint.width() {
            return Some(hint);
        }
        left = left.checked_sub(hint.width())?;
    }
    None
}
