//! Bash: parses an unfinished line, and quotes a candidate so that it continues the line.
//!
//! Bash inserts a candidate unchanged, so we quote it. It replaces only a part of the word, the
//! one behind the last of the characters in `COMP_WORDBREAKS` or behind an open quote, so what comes
//! before that is left out of the candidates.

/// A line up to the cursor.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// The words before, as the program would get them.
    pub(super) before: Vec<String>,
    /// The word being typed.
    pub(super) current: Word,
}

/// A word that may be unfinished.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// As it was typed.
    raw: String,
    /// As the program would get it.
    pub(super) text: String,
    /// The open quote, and its offset in `text`, in bytes.
    open: Option<(char, usize)>,
    /// Whether a quote was opened and closed again.
    was_quoted: bool,
}

/// Splits a line as bash would, without expanding anything.
pub(super) fn split(line: &str) -> Typed {
    let mut before = Vec::new();
    let mut word: Option<Word> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        let open = word.as_ref().and_then(|word| word.open);
        if open.is_none() && c.is_ascii_whitespace() {
            before.extend(word.take().map(|word| word.text));
            continue;
        }
        let word = word.get_or_insert_default();
        word.raw.push(c);
        match (open, c) {
            (Some((quote, _)), c) if c == quote => {
                word.open = None;
                word.was_quoted = true;
            }
            (None, '\'' | '"') => word.open = Some((c, word.text.len())),
            (None | Some(('"', _)), '\\') => {
                if let Some(escaped) = chars.next() {
                    word.raw.push(escaped);
                    if open.is_some() && !"\"\\$`".contains(escaped) {
                        word.text.push(c);
                    }
                    word.text.push(escaped);
                } else {
                    // It has nothing to escape yet; what follows is quoted by us.
                    word.raw.pop();
                }
            }
            _ => word.text.push(c),
        }
    }
    Typed {
        before,
        current: word.unwrap_or_default(),
    }
}

impl Word {
    /// What bash has to put in place of the part it replaces, so that the word becomes `value`;
    /// `None` when that cannot be written from here.
    pub(super) fn replacement(&self, value: &str, breaks: &str) -> Option<String> {
        let rest = value.strip_prefix(&self.text)?;
        if let Some((quote, at)) = self.open {
            let special = if quote == '\'' { "'" } else { "\"\\$`!" };
            let inside = &value[at..];
            return (!inside.contains(|c| special.contains(c))).then(|| inside.to_owned());
        }
        if self.was_quoted {
            return None;
        }
        Some(format!("{}{}", self.replaced(breaks), quoted(rest)))
    }

    /// The end of the raw word, behind the last character that breaks it.
    fn replaced(&self, breaks: &str) -> &str {
        let mut start = 0;
        let mut escaped = false;
        for (at, c) in self.raw.char_indices() {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if breaks.contains(c) {
                start = at + c.len_utf8();
            }
        }
        &self.raw[start..]
    }
}

/// The text with a backslash in front of whatever could mean something to bash.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        if !(c.is_alphanumeric() || "-_./:=+,%@".contains(c)) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BREAKS: &str = " \t\n\"'><=;|&(:";

    fn replacement(line: &str, value: &str) -> Option<String> {
        split(line).current.replacement(value, BREAKS)
    }

    #[test]
    fn lines_are_split_without_expanding_them() {
        let typed = split("flowlayer  start 'a b' c\\ d \"$x\\\"\\n\" $(ls) x'y'z w");
        assert_eq!(
            typed.before,
            [
                "flowlayer",
                "start",
                "a b",
                "c d",
                "$x\"\\n",
                "$(ls)",
                "xyz"
            ]
        );
        assert_eq!(typed.current.text, "w");
        assert_eq!(split("a ").current, Word::default());
        assert_eq!(split("").before, [""; 0]);
    }

    #[test]
    fn the_part_bash_replaces_is_what_is_given() {
        for (line, value, wanted) in [
            ("x ", "web", Some("web")),
            ("x w", "web", Some("web")),
            ("x v", "web", None),
            ("x ", "my web", Some("my\\ web")),
            ("x my\\ w", "my web", Some("my\\ web")),
            ("x 'my w", "my web", Some("my web")),
            ("x \"my w", "my web", Some("my web")),
            ("x ", "$(touch x)", Some("\\$\\(touch\\ x\\)")),
            ("x \"", "$(touch x)", None),
            ("x '", "$(touch x)", Some("$(touch x)")),
            ("x '", "it's", None),
            ("x ", "`x`", Some("\\`x\\`")),
            ("x db:u", "db:up", Some("up")),
            ("x --only=w", "--only=web", Some("web")),
            ("x --only='my ", "--only=my web", Some("my web")),
            ("x --only=a\\ b:", "--only=a b:c", Some("c")),
            ("x 'a'", "ab", None),
            ("x ", "é", Some("é")),
            ("x \\", "¡", Some("\\¡")),
            ("x a\\", "a b", Some("a\\ b")),
            ("x ", "~a;b", Some("\\~a\\;b")),
        ] {
            assert_eq!(
                replacement(line, value).as_deref(),
                wanted,
                "{line:?} {value:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_quoted_word_is_read_as_itself(text in "[^\0-\u{1f}\u{7f}]{1,20}", rest in "[ -~]{0,20}") {
            let typed = split(&format!("x {} y", quoted(&text)));
            prop_assert_eq!(&typed.before[1..], std::slice::from_ref(&text));
            let typed = split(&rest);
            if let Some(replacement) = typed.current.replacement(&text, "") {
                if let Some((quote, at)) = typed.current.open {
                    let line = format!("x {quote}{replacement}{quote} y");
                    prop_assert_eq!(&split(&line).before[1], &text[at..]);
                } else {
                    let line = format!("x {replacement} y");
                    prop_assert_eq!(&split(&line).before[1], &text);
                }
            }
        }
    }
}
