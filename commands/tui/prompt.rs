//! One line being typed: a filter or a search.

/// What the text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Names of services.
    FilterServices,
    /// Lines to show.
    FilterLogs,
    /// Lines to find.
    Search,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// What was typed.
    pub(crate) text: String,
    /// Where the cursor is, in characters from the end.
    pub(crate) from_end: usize,
    /// Whether it is a regular expression.
    pub(crate) is_regex: bool,
    /// What is wrong with it.
    pub(crate) error: Option<String>,
}

/// What is pasted or held down does not grow for ever.
const MAX_CHARACTERS: usize = 1_000;

impl Prompt {
    /// With what was typed the last time.
    pub(crate) const fn new(purpose: Purpose, text: String) -> Self {
        Self {
            purpose,
            text,
            from_end: 0,
            is_regex: false,
            error: None,
        }
    }

    /// Where the cursor is, in bytes.
    pub(crate) fn cursor(&self) -> usize {
        self.text
            .char_indices()
            .rev()
            .nth(self.from_end.wrapping_sub(1))
            .map_or(
                if self.from_end == 0 {
                    self.text.len()
                } else {
                    0
                },
                |(at, _)| at,
            )
    }

    /// Types text; what cannot be in a line is left out.
    pub(crate) fn insert(&mut self, text: &str) {
        let room = MAX_CHARACTERS.saturating_sub(self.text.chars().count());
        let line = text.lines().next().unwrap_or_default();
        let clean: String = line
            .chars()
            .filter(|c| !c.is_control())
            .take(room)
            .collect();
        let at = self.cursor();
        self.text.insert_str(at, &clean);
    }

    /// Removes the character before the cursor.
    pub(crate) fn backspace(&mut self) {
        let at = self.cursor();
        if let Some((previous, _)) = self.text[..at].char_indices().next_back() {
            self.text.remove(previous);
        }
    }

    /// Removes the character under the cursor.
    pub(crate) fn delete(&mut self) {
        let at = self.cursor();
        if at < self.text.len() {
            self.text.remove(at);
            self.from_end = self.from_end.saturating_sub(1);
        }
    }

    /// Removes the word before the cursor.
    pub(crate) fn delete_word(&mut self) {
        let at = self.cursor();
        let before = self.text[..at].trim_end();
        let start = before
            .char_indices()
            .rev()
            .find(|(_, character)| character.is_whitespace())
            .map_or(0, |(index, character)| index + character.len_utf8());
        self.text.replace_range(start..at, "");
    }

    /// Removes everything before the cursor.
    pub(crate) fn delete_before(&mut self) {
        let at = self.cursor();
        self.text.replace_range(..at, "");
    }

    /// Moves the cursor by characters.
    pub(crate) fn step(&mut self, characters: isize) {
        let length = self.text.chars().count();
        self.from_end = self.from_end.saturating_add_signed(-characters).min(length);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_edited_by_characters() {
        let mut prompt = Prompt::new(Purpose::Search, String::new());
        prompt.insert("héllo wörld\nnext line");
        assert_eq!(prompt.text, "héllo wörld");
        prompt.step(-2);
        prompt.insert("!");
        assert_eq!(prompt.text, "héllo wör!ld");
        prompt.backspace();
        prompt.delete();
        assert_eq!((prompt.text.as_str(), prompt.from_end), ("héllo wörd", 1));
        prompt.step(100);
        prompt.delete_word();
        assert_eq!(prompt.text, "héllo ");
        prompt.step(-100);
        prompt.backspace();
        assert_eq!(prompt.text, "héllo ");
        prompt.step(1);
        prompt.delete_before();
        assert_eq!(prompt.text, "éllo ");
        prompt.step(100);
        prompt.delete();
        assert_eq!(prompt.text, "éllo ");
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut prompt = Prompt::new(Purpose::Search, String::new());
        prompt.insert(&"x".repeat(5_000));
        assert_eq!(prompt.text.len(), MAX_CHARACTERS);
    }
}
