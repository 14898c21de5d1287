//! One line being typed: a filter or a search.

use crossterm::event::{Event, KeyEvent};
use tui_input::backend::crossterm::to_input_request;
use tui_input::{Input, InputRequest};

use super::services::Selected;

/// What the text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Names of services.
    FilterServices,
    /// Lines to show.
    FilterLogs,
    /// Lines to find.
    Search,
    /// Something to do.
    Palette,
    /// Lines of the help.
    Help,
}

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// The typed text and the cursor.
    pub(crate) input: Input,
    /// Whether it is a regular expression.
    pub(crate) is_regex: bool,
    /// What is wrong with it.
    pub(crate) error: Option<String>,
    /// What the list pointed at before.
    pub(crate) before: Selected,
}

/// Longer input is ignored: a pasted file, a key held down.
const MAX_CHARACTERS: usize = 1_000;

impl Prompt {
    /// With the text of the last time.
    pub(crate) fn new(purpose: Purpose, text: String) -> Self {
        Self {
            purpose,
            input: Input::new(text),
            is_regex: false,
            error: None,
            before: Selected::default(),
        }
    }

    /// What was typed.
    pub(crate) fn text(&self) -> &str {
        self.input.value()
    }

    /// Edits the line; whether that changed the text.
    pub(crate) fn press(&mut self, key: KeyEvent) -> bool {
        let request = to_input_request(&Event::Key(key));
        request.is_some_and(|request| self.edit(request))
    }

    /// Inserts the first line of pasted text, control characters left out.
    pub(crate) fn paste(&mut self, text: &str) {
        let line = text.lines().next().unwrap_or_default();
        for character in line.chars().filter(|character| !character.is_control()) {
            self.edit(InputRequest::InsertChar(character));
        }
    }

    fn edit(&mut self, request: InputRequest) -> bool {
        let grows = matches!(request, InputRequest::InsertChar(_) | InputRequest::Yank);
        if grows && self.text().chars().count() >= MAX_CHARACTERS {
            return false;
        }
        self.input
            .handle(request)
            .is_some_and(|changed| changed.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_text_is_one_line_of_bounded_length() {
        let mut prompt = Prompt::new(Purpose::Search, "llo".to_owned());
        prompt.edit(InputRequest::GoToStart);
        prompt.paste("hé\u{7}\nnever");
        assert_eq!(prompt.text(), "héllo");
        prompt.paste(&"x".repeat(5_000));
        assert_eq!(prompt.text().chars().count(), MAX_CHARACTERS);
    }
}
